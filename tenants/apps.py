from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Who asks, and which room of the bucket is theirs."""

    name = "tenants"

    def ready(self) -> None:
        from tenants import checks  # noqa: F401, PLC0415 - registers the checks once the apps are loaded
