from django.apps import AppConfig


class MediaCoreConfig(AppConfig):
    """What lies in a tenant's room, and who may touch it. Its tables stand in every tenant's schema."""

    name = "media_core"

    def ready(self) -> None:
        from media_core import checks, disk_checks, provider_checks  # noqa: F401, PLC0415 - register once the apps are loaded
