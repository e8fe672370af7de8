"""A column more. Old code and old tables fit."""

from tenants.stamp import migrations

__path__ = [*__path__, *migrations.__path__]

DECIDED_FOR = "0002_colour"
OLDEST_SCHEMA = "0001_initial"
OLDEST_CODE = "0001_initial"
