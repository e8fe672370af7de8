"""A column, which Python fills."""

from tenants.stamp import migrations

__path__ = [*__path__, *migrations.__path__]

DECIDED_FOR = "0003_from_python"
OLDEST_SCHEMA = "0001_initial"
OLDEST_CODE = "0001_initial"
