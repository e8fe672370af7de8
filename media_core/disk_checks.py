"""What must hold before a file is stored on disk (USE_S3_MEDIA=False)."""

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

# Where the code lies, and what a web server may hand out by itself.
PACKAGES = ("gateway", "media_core", "tenants", "tests", "docs")
GROUP_AND_OTHERS = (
    stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH | stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP
)


@register
def check_disk_root_writable(**_kwargs: Any) -> list[CheckMessage]:
    """The gateway does not make the folder: where a disk is not mounted it would fill another one."""
    root = Path(settings.DISK_MEDIA_ROOT)
    if settings.USE_S3_MEDIA or (root.is_dir() and os.access(root, os.R_OK | os.W_OK | os.X_OK)):
        return []
    problem = "cannot be written" if root.is_dir() else "is no folder"
    hint = f"As the gateway's user: mkdir -m 700 {root}, or name another folder."
    return [Error(f"DISK_MEDIA_ROOT={root} {problem}.", hint=hint, id="media_core.E020")]


@register(Tags.security)
def check_disk_root_location(**_kwargs: Any) -> list[CheckMessage]:
    """Below STATIC_ROOT everybody could read private files; in a package they could be run."""
    if settings.USE_S3_MEDIA:
        return []
    root, base = Path(settings.DISK_MEDIA_ROOT).resolve(), Path(settings.BASE_DIR)
    apart = [Path(settings.STATIC_ROOT), *(base / package for package in PACKAGES)]
    return [
        Error(
            f"DISK_MEDIA_ROOT={root} and {folder} lie in each other.",
            hint="Give a folder of its own, such as /var/lib/media-gateway/rooms.",
            id="media_core.E021",
        )
        for folder in (path.resolve() for path in apart)
        if root.is_relative_to(folder) or folder.is_relative_to(root)
    ]


@register(Tags.security)
def check_disk_root_permissions(**_kwargs: Any) -> list[CheckMessage]:
    """Files of all tenants lie there; whoever else has an account on the machine has no business with them."""
    root = Path(settings.DISK_MEDIA_ROOT)
    if settings.USE_S3_MEDIA or not root.is_dir() or not root.stat().st_mode & GROUP_AND_OTHERS:
        return []
    mode = stat.filemode(root.stat().st_mode)
    hint = f"chmod 700 {root}"
    return [
        Error(
            f"DISK_MEDIA_ROOT={root} is open to others ({mode}).", hint=hint, id="media_core.E022"
        )
    ]


@register
def check_internal_url(**_kwargs: Any) -> list[CheckMessage]:
    """nginx finds the internal location by how the URL begins."""
    url = settings.DISK_MEDIA_INTERNAL_URL
    if settings.DISK_MEDIA_SENDER != "x-accel-redirect" or (
        url.startswith("/") and url.endswith("/") and url.strip("/")
    ):
        return []
    hint = "Give a path that begins and ends in '/', such as /_rooms/."
    return [
        Error(f"DISK_MEDIA_INTERNAL_URL={url} is no such path.", hint=hint, id="media_core.E023")
    ]
