from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stamp", "0001_initial")]
    operations = [
        migrations.AddField("Stamp", "colour", models.CharField(max_length=9, default="grey")),
    ]
