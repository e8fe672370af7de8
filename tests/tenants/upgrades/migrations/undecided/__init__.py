"""A migration more that nobody decided about, and a name that is mistyped."""

from tenants.stamp import migrations

__path__ = [*__path__, *migrations.__path__]

DECIDED_FOR = "0001_initial"
OLDEST_SCHEMA = "0001_initia"
OLDEST_CODE = "0001_initial"
