from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("stamp", "0002_apart")]
    # Fails where the table `in_the_way` is there already.
    operations = [migrations.RunSQL("CREATE TABLE in_the_way ()", "DROP TABLE in_the_way")]
