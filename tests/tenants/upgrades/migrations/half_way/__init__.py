"""A migration that ends its own transaction, and one that fails for some."""

from tenants.stamp import migrations

__path__ = [*__path__, *migrations.__path__]

DECIDED_FOR = "0003_strict"
OLDEST_SCHEMA = "0001_initial"
OLDEST_CODE = "0001_initial"
