"""What is set for the bucket and contradicts what is known of its provider. A guess is no reason to warn."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name

from media_core.bucket.client import get_provider
from media_core.checks import has_no_bucket

PROVIDERS_PAGE = "docs/reference/providers.md"


def _describe_provider() -> str:
    return f"BUCKET_PROVIDER={settings.BUCKET_PROVIDER}"


@register(Tags.security)
def check_public_mode(**_kwargs: Any) -> list[CheckMessage]:
    """Where nothing reads an ACL, or a policy, publishing is refused file by file, long after the start."""
    mode, known = settings.PUBLIC_MEDIA_MODE, get_provider()
    can = {"acl": known.acls.confirmed, "policy": known.policies.confirmed}.get(mode)
    if has_no_bucket() or can is not False:
        return []
    return [
        Warning(
            f"PUBLIC_MEDIA_MODE={mode} needs what {_describe_provider()} does not have, or only for who asks.",
            hint=f"Leave PUBLIC_MEDIA_MODE empty, which is {known.public_mode.value} there, or see {PROVIDERS_PAGE}.",
            id="media_core.W002",
        )
    ]


@register
def check_upload_max_bytes(**_kwargs: Any) -> list[CheckMessage]:
    """The last byte would be sent before the bucket says that there are too many."""
    most = get_provider().put_max_bytes.confirmed
    if has_no_bucket() or most is None or most >= settings.UPLOAD_MAX_BYTES:
        return []
    return [
        Warning(
            f"UPLOAD_MAX_BYTES={settings.UPLOAD_MAX_BYTES} is more than {_describe_provider()} takes in one request.",
            hint=f"Set UPLOAD_MAX_BYTES={most} or less.",
            id="media_core.W003",
        )
    ]


@register(Tags.security)
def check_signature_version(**_kwargs: Any) -> list[CheckMessage]:
    """Every request would be refused, and look as if the keys were wrong."""
    old = settings.BUCKET_SIGNATURE_VERSION == "s3"
    if has_no_bucket() or not old or get_provider().sigv2.confirmed is not False:
        return []
    return [
        Warning(
            f"AWS_S3_SIGNATURE_VERSION=s3 is not taken by {_describe_provider()}.",
            hint="Set AWS_S3_SIGNATURE_VERSION=s3v4, or leave it empty.",
            id="media_core.W004",
        )
    ]


@register(deploy=True)
def check_connection_count(**_kwargs: Any) -> list[CheckMessage]:
    """The provider counts the connections of all workers, since they come from one address."""
    workers, each, most = (
        settings.WEB_CONCURRENCY,
        settings.BUCKET_CONNECTIONS,
        get_provider().sessions.confirmed,
    )
    if has_no_bucket() or most is None or workers * each <= most:
        return []
    return [
        Warning(
            f"{workers} workers (WEB_CONCURRENCY) with BUCKET_CONNECTIONS={each} may open {workers * each} "
            f"connections to the bucket; {_describe_provider()} allows {most} from one address.",
            hint=f"Set BUCKET_CONNECTIONS={max(most // workers, 2)} or less.",
            id="media_core.W005",
        )
    ]
