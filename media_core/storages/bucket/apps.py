from django.apps import AppConfig


class BucketConfig(AppConfig):
    """What is known of the one bucket: what it was proved to do, and for whom. Its tables stand in the public schema."""

    name = "media_core.storages.bucket"
    label = "bucket"
