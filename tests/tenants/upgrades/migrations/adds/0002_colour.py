from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stamp", "0001_initial")]
    operations = [
        migrations.AddField(
            "Stamp", "colour", models.CharField(max_length=9, default="grey", db_index=True)
        ),
        migrations.AddConstraint(
            "Stamp",
            models.CheckConstraint(condition=~models.Q(colour=""), name="stamp_has_a_colour"),
        ),
        migrations.RunSQL(
            "UPDATE stamp_stamp SET colour = 'grey' -- as everybody's", elidable=True
        ),
        migrations.RunSQL("SELECT 1 -- twice", elidable=True),
        migrations.RunPython(migrations.RunPython.noop, elidable=True),
    ]
