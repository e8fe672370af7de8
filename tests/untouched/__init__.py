"""A project of its own: apps that know nothing of tenants, in tenants. Run by tests/test_untouched_apps.py."""
