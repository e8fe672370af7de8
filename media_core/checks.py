"""What must hold before a link is signed, in the bucket. On disk: disk_checks.py."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from media_core.bucket.bucket_errors import BUCKET_ERRORS
from media_core.bucket.marker import MarkerOwner, explain_ownership, read_ownership
from media_core.bucket.start import find_proof_problem, require_bucket_access
from media_core.documents.app_readers import REMEDY as READERS_REMEDY
from media_core.documents.app_readers import refuse_misnamed_readers
from tenants.errors import GatewayError

_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_IPV4_ADDRESS = r"(?:\d+\.){3}\d+"
BUCKET_NAME = re.compile(rf"(?=.{{3,63}}\Z)(?!{_IPV4_ADDRESS}\Z){_DNS_LABEL}(?:\.{_DNS_LABEL})*")


def has_no_bucket() -> bool:
    """Return whether the deployment stores on disk and names no bucket, not even for what is left there."""
    return not (settings.USE_S3_MEDIA or settings.BUCKET_NAME)


@register(Tags.security)
def check_stray_aws_settings(**_kwargs: Any) -> list[CheckMessage]:
    """django-storages takes every AWS_* setting as an option, among them some that publish or unsign."""
    return [
        Error(
            f"The setting {name} would change how objects are stored.",
            hint="Remove it.",
            id="media_core.E001",
        )
        for name in sorted(dir(settings))
        if name.startswith("AWS_")
    ]


@register(Tags.security)
def check_unread_variables(**_kwargs: Any) -> list[CheckMessage]:
    """Who sets one of these expects an ACL, or addresses without a signature, and gets neither."""
    return [
        Warning(
            f"The environment has {name}, which nothing reads.",
            hint="Remove it. PUBLIC_MEDIA_MODE and PUBLIC_MEDIA_BASE_URL say how public objects are public.",
            id="media_core.W010",
        )
        for name in settings.UNREAD_VARIABLES
    ]


@register
def check_signature_with_addressing(**_kwargs: Any) -> list[CheckMessage]:
    """boto signs `/bucket/` with SigV2 where it asks for `/bucket`, so bucket calls by path are refused."""
    style = (settings.BUCKET_SIGNATURE_VERSION, settings.BUCKET_ADDRESSING_STYLE)
    if style != ("s3", "path") or has_no_bucket():
        return []
    return [
        Error(
            "AWS_S3_SIGNATURE_VERSION=s3 does not work with AWS_S3_ADDRESSING_STYLE=path.",
            hint="Set AWS_S3_SIGNATURE_VERSION=s3v4, or AWS_S3_ADDRESSING_STYLE=virtual.",
            id="media_core.E002",
        )
    ]


@register
def check_bucket_name(**_kwargs: Any) -> list[CheckMessage]:
    """boto silently falls back to path style for a name that is no DNS label."""
    if has_no_bucket() or BUCKET_NAME.fullmatch(settings.BUCKET_NAME):
        return []
    hint = "3 to 63 of a-z 0-9 - and dots: see the S3 bucket naming rules."
    return [
        Error(
            f"AWS_STORAGE_BUCKET_NAME={settings.BUCKET_NAME} is no bucket name.",
            hint=hint,
            id="media_core.E003",
        )
    ]


@register
def check_virtual_addressing(**_kwargs: Any) -> list[CheckMessage]:
    """There is no host `bucket.127.0.0.1`."""
    host = urlsplit(settings.BUCKET_ENDPOINT_URL).hostname or ""
    if has_no_bucket() or settings.BUCKET_ADDRESSING_STYLE != "virtual" or not _is_ip_address(host):
        return []
    hint = "Set AWS_S3_ADDRESSING_STYLE=path, or give the endpoint's name."
    return [
        Error(f"AWS_S3_ENDPOINT_URL names the address {host}.", hint=hint, id="media_core.E004")
    ]


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@register(Tags.security, deploy=True)
def check_bucket_https(**_kwargs: Any) -> list[CheckMessage]:
    """A presigned URL over HTTP can be read, and used, by whoever sees it pass."""
    if has_no_bucket() or settings.BUCKET_ENDPOINT_URL.startswith("https://"):
        return []
    hint = "Give an https:// endpoint."
    return [Warning("AWS_S3_ENDPOINT_URL is not HTTPS.", hint=hint, id="media_core.W001")]


@register()
def check_retention_days(**_kwargs: Any) -> list[CheckMessage]:
    """A backup that is older than what is kept names files that are gone: restored, it opens them no more."""
    kept, backups = settings.RETENTION_DAYS, settings.BACKUP_KEPT_DAYS
    if kept >= backups:
        return []
    text = f"RETENTION_DAYS={kept} is less than BACKUP_KEPT_DAYS={backups}: an old backup names files that are gone."
    hint = f"Set RETENTION_DAYS to {backups} or more, or keep backups of the database for {kept} days at most."
    return [Warning(text, hint=hint, id="media_core.W012")]


@register(Tags.database)
def check_bucket_proof(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """What nobody has proved is refused. A proof that grows old is said to be so while there is time to renew it."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        problem = find_proof_problem()
    except DatabaseError:
        # Other checks say what is wrong with the database; before the first migration nothing is served anyway.
        return []
    return [Warning(problem[0], hint=problem[1], id="media_core.W011")] if problem else []


@register(Tags.database, deploy=True)
def check_bucket_access(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Asked with `--database default` only, like all that leaves this process. One bucket request, tried once."""
    if has_no_bucket() or DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        require_bucket_access()
    except (GatewayError, *BUCKET_ERRORS) as error:
        at = f"{settings.BUCKET_NAME} at {settings.BUCKET_ENDPOINT_URL}"
        hint = (
            "Compare AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_STORAGE_BUCKET_NAME, AWS_S3_REGION_NAME and \
AWS_S3_ENDPOINT_URL with what your provider shows. `manage.py bucket doctor` says more."
        )
        return [Error(f"The bucket {at} cannot be used: {error}", hint=hint, id="media_core.E005")]
    return []


@register(Tags.database, deploy=True)
def check_marker_database(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Otherwise nothing is removed or moved, as after a backup was restored. Three statements, one bucket request."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        found = read_ownership()
    except (GatewayError, DatabaseError, *BUCKET_ERRORS):
        # Other checks say what is wrong with the database, the bucket or the disk.
        return []
    if found.owner in {MarkerOwner.OURS, MarkerOwner.NOBODYS}:
        return []
    hint = "Until then nothing is removed or moved: no sweep, no purge, no take-down."
    return [Warning(explain_ownership(found), hint=hint, id="media_core.W012")]


@register(Tags.security)
def check_app_readers(**_kwargs: Any) -> list[CheckMessage]:
    """Otherwise nobody would read an app's private file, and find out one by one."""
    try:
        refuse_misnamed_readers()
    except ImproperlyConfigured as error:
        text = str(error).removesuffix(f" {READERS_REMEDY}")
        return [Error(text, hint=READERS_REMEDY, id="media_core.E030")]
    return []
