from django.apps import AppConfig


class BucketConfig(AppConfig):
    """What is known of the bucket: what it was proved to do, and whose it is. Its tables stand in the public schema."""

    name = "media_core.bucket"
    label = "bucket"
