from django.apps import AppConfig


class StampConfig(AppConfig):
    """The one row in every tenant's schema that says whose schema it is."""

    name = "tenants.stamp"
    label = "stamp"
