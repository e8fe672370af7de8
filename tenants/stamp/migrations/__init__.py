"""The stamp's table. media_core/migrations/__init__.py explains the lines below."""

DECIDED_FOR = "0001_initial"
OLDEST_SCHEMA = "0001_initial"
OLDEST_CODE = "0001_initial"
