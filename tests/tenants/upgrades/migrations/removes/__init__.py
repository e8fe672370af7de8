"""A change that old code cannot serve, and code that cannot serve old tables."""

from tenants.stamp import migrations

__path__ = [*__path__, *migrations.__path__]

DECIDED_FOR = "0002_colour"
OLDEST_SCHEMA = "0002_colour"
OLDEST_CODE = "0002_colour"
