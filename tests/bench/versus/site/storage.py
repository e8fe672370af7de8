from typing import Any

from django.conf import settings
from storages.backends.s3 import S3Storage


class PrivateMediaStorage(S3Storage):  # type: ignore[misc]  # django-storages ships no types
    """A storage as a tutorial's model makes one for each link; with the same options as the site's own."""

    default_acl = "private"

    def __init__(self) -> None:
        options: Any = settings.STORAGES["default"]["OPTIONS"]
        super().__init__(**options)
