from typing import Any

from django.db import migrations


def paint(apps: Any, _editor: Any) -> None:
    for stamp in apps.get_model("stamp", "Stamp").objects.all():
        stamp.colour = stamp.tenant_id.hex[:6]
        stamp.save()


class Migration(migrations.Migration):
    dependencies = [("stamp", "0002_colour")]
    operations = [migrations.RunPython(paint, migrations.RunPython.noop)]
