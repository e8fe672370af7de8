"""The ownership marker: the object under our LOCATION_PREFIX that says which deployment works there."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError
from django.conf import settings

from media_core.errors import BucketOfAnother, BucketRefused, ObjectMissing
from media_core.storages.bucket.models import Deployment
from media_core.storages.bucket_errors import code_of, status_of, translate_errors
from media_core.storages.client import bucket_client
from tenants.prefixes import ObjectKey, gateway_key

# Ours has less than 400. Whoever wrote a larger one is not us.
MAX_MARKER_BYTES = 4_096
ABOUT = (
    "A shared-bucket media gateway keeps its objects here. If this object goes, or names another "
    "deployment, two of them may work on the same objects."
)
NO_BUCKET = "NoSuchBucket"
LOOK_AT = "look at AWS_STORAGE_BUCKET_NAME and AWS_S3_ENDPOINT_URL"
NOT_CONDITIONAL = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED})
ALREADY_THERE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})


class Whose(StrEnum):
    OURS = "ours"
    NOBODYS = "nobody's"
    ANOTHERS = "another deployment's"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whom the marker names, and since when; of another's and of ours only."""

    whose: Whose
    deployment: str = ""
    created_at: datetime | None = None

    def __str__(self) -> str:
        if not self.created_at:
            return self.whose
        return f"{self.whose}, {self.deployment}, made {self.created_at:%Y-%m-%d}"


def marker_key() -> ObjectKey:
    """Return where the marker of this deployment is."""
    return gateway_key("owner.json", deployment_prefix=settings.LOCATION_PREFIX)


def ownership() -> Ownership:
    """Return whose our LOCATION_PREFIX is. One query, one GET."""
    return _read(Deployment.this())


def claim() -> Ownership:
    """Write the marker when there is none; return whose the prefix is then, as read back.

    What the bucket says last decides, not what was written: a store that overlooks If-None-Match lets two write.
    One query; one GET when it was ours before, else one PUT and two GETs.
    """
    this = Deployment.this()
    before = _read(this)
    if before.whose != Whose.NOBODYS:
        return before
    _write_first(this)
    return _read(this)


def take_over(deployment: str) -> Ownership:
    """Write the marker anew where it names exactly `deployment`; return whose the prefix is then.

    For a bucket whose database was lost. Raises BucketOfAnother when the marker names somebody else; where it is ours
    already, nothing happens.
    """
    this = Deployment.this()
    before = _read(this)
    if before.whose == Whose.OURS:
        return before
    if before.whose != Whose.ANOTHERS or before.deployment != deployment:
        raise BucketOfAnother(
            f"{marker_key()} is {before}, and does not name {deployment!r}: nothing was taken over."
        )
    with translate_errors():
        _put(this)
    return _read(this)


def withdraw() -> bool:
    """Delete the marker where it is ours, for a deployment that ends. One query, two requests."""
    if ownership().whose != Whose.OURS:
        return False
    with translate_errors():
        bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=marker_key())
    return True


def required_ownership() -> Ownership:
    """Claim the prefix where it is nobody's; raise BucketOfAnother when it is not ours then. As `claim` costs."""
    found = claim()
    if found.whose == Whose.OURS:
        return found
    raise BucketOfAnother(refusal(found))


def refusal(found: Ownership) -> str:
    """Return what a person has to know of a prefix that is not ours."""
    where = f"{marker_key()} in {settings.BUCKET_NAME}"
    if found.whose == Whose.ANOTHERS:
        return (
            f"{where} names the deployment {found}; this one is {Deployment.this()}. Give this one "
            f"another LOCATION_PREFIX. If that one's database is gone for good and this one takes "
            f"its place: manage.py bucket apply --take-over {found.deployment}"
        )
    if found.whose == Whose.NOBODYS:
        return f"{where} is not there, though it was just written: look at the bucket's lifecycle."
    return (
        f"{where} is not a marker that can be read, so it counts as another's. Look at it; "
        "delete it by hand when no deployment uses it."
    )


def _read(this: Deployment) -> Ownership:
    try:
        with translate_errors():
            content = _content()
    except ObjectMissing:
        return Ownership(Whose.NOBODYS)
    except ClientError as error:
        if code_of(error) != NO_BUCKET:
            raise
        raise BucketRefused(f"It has no bucket {settings.BUCKET_NAME!r}: {LOOK_AT}.") from error
    try:
        deployment, created_at = _parsed(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Ownership(Whose.UNREADABLE)
    whose = Whose.OURS if deployment == this.pk else Whose.ANOTHERS
    return Ownership(whose, str(deployment), created_at)


def _content() -> bytes:
    """Return the marker, of a huge one its beginning: whatever lies there fits into memory."""
    body = bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=marker_key())["Body"]
    try:
        return body.read(MAX_MARKER_BYTES + 1)
    finally:
        body.close()


def _parsed(content: bytes) -> tuple[UUID, datetime]:
    if len(content) > MAX_MARKER_BYTES:
        raise ValueError("It is too large.")
    document = json.loads(content)
    deployment = UUID(document["deployment"])
    if str(deployment) != document["deployment"]:
        raise ValueError("It is not written as we write it.")
    return deployment, datetime.fromisoformat(document["created_at"])


def _write_first(this: Deployment) -> None:
    """Write the marker unless there is one."""
    try:
        with translate_errors():
            _put(this, IfNoneMatch="*")
    except ClientError as error:
        if status_of(error) in ALREADY_THERE:
            return
        if status_of(error) not in NOT_CONDITIONAL:
            raise
        with translate_errors():
            _put(this)


def _put(this: Deployment, **given: Any) -> None:
    document = {
        "deployment": str(this.pk),
        "created_at": this.created_at.isoformat(),
        "about": ABOUT,
    }
    bucket_client().put_object(
        Bucket=settings.BUCKET_NAME,
        Key=marker_key(),
        Body=json.dumps(document, indent=2).encode(),
        ContentType="application/json",
        **given,
    )
