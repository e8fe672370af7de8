"""The ownership marker: the object under our LOCATION_PREFIX that says which deployment works there, on which database.

Whatever removes or moves objects by the rows of the ledger asks for it first. So a database that was restored or copied
removes nothing of what the other one still names.
"""

import json
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from media_core.bucket.marker_store import (
    describe_place,
    make_marker_key,
    overwrite_marker,
    read_marker,
    remove_marker,
    write_first,
)
from media_core.bucket.models import Deployment
from media_core.errors import BucketOfAnother, ObjectMissing
from tenants.database.identity import find_database_id

# Ours has less than 400. Whoever wrote a larger one is not us.
MAX_MARKER_BYTES = 4_096
ABOUT = (
    "A shared-bucket media gateway keeps its objects here. If this object goes, or names another "
    "deployment, two of them may work on the same objects."
)
# PostgreSQL's identifier of the cluster, and the number of the database.
DATABASE = re.compile(r"[0-9]{1,20}/[0-9]{1,10}")

logger = logging.getLogger("media_core.storages")


class MarkerOwner(StrEnum):
    OURS = "ours"
    NOBODYS = "nobody's"
    ANOTHERS = "another deployment's"
    OTHER_DATABASES = "this deployment's, on another database"
    UNREADABLE = "unreadable"


# How a person names this deployment's other database to take the prefix over from it.
OTHER_DATABASE = "other-database"
# What is taken over only by whoever names it.
TAKEN_OVER = frozenset({MarkerOwner.ANOTHERS, MarkerOwner.OTHER_DATABASES})


@dataclass(frozen=True, slots=True)
class Marker:
    """Whom a marker names: a deployment, and by which database it works."""

    deployment: UUID
    database: str
    created_at: datetime

    @classmethod
    def of_this(cls) -> "Marker":
        """Return what ours says. Two queries."""
        this = Deployment.get_current()
        return cls(this.pk, find_database_id(), this.created_at)

    @classmethod
    def from_json(cls, content: bytes) -> "Marker":
        """Return what `as_json` made. Raises ValueError, TypeError, KeyError, AttributeError or RecursionError."""
        if len(content) > MAX_MARKER_BYTES:
            raise ValueError("It is too large.")
        document = json.loads(content)
        deployment, database = UUID(document["deployment"]), document["database"]
        if str(deployment) != document["deployment"] or not DATABASE.fullmatch(database):
            raise ValueError("It is not written as we write it.")
        return cls(deployment, database, datetime.fromisoformat(document["created_at"]))

    def as_json(self) -> bytes:
        document = {
            "deployment": str(self.deployment),
            "database": self.database,
            "created_at": self.created_at.isoformat(),
            "about": ABOUT,
        }
        return json.dumps(document, indent=2).encode()


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whom the marker names, and since when; of another's and of ours only."""

    owner: MarkerOwner
    deployment: str = ""
    database: str = ""
    created_at: datetime | None = None

    def __str__(self) -> str:
        if not self.created_at:
            return self.owner
        return (
            f"{self.owner}, {self.deployment} on {self.database}, made {self.created_at:%Y-%m-%d}"
        )


def read_ownership() -> Ownership:
    """Return whose our LOCATION_PREFIX is. Two queries, one GET."""
    return _read_marker(Marker.of_this())


def claim_prefix() -> Ownership:
    """Write the marker when there is none; return whose the prefix is then, as read back.

    What the bucket says last decides, not what was written: a store that overlooks If-None-Match lets two write.
    Two queries; one GET when it was ours before, else one PUT and two GETs.
    """
    this = Marker.of_this()
    before = _read_marker(this)
    if before.owner != MarkerOwner.NOBODYS:
        return before
    write_first(this.as_json())
    return _read_marker(this)


def take_over(deployment: str) -> Ownership:
    """Write the marker anew where it names exactly `deployment`; return whose the prefix is then.

    For a bucket whose database was lost, or restored or copied to another one. Raises BucketOfAnother when the marker
    names somebody else; where it is ours already, nothing happens.
    """
    this = Marker.of_this()
    before = _read_marker(this)
    if before.owner == MarkerOwner.OURS:
        return before
    if before.owner not in TAKEN_OVER or before.deployment != deployment:
        raise BucketOfAnother(
            f"{make_marker_key()} is {before}, and does not name {deployment!r}: nothing was taken over."
        )
    overwrite_marker(this.as_json())
    logger.warning(
        "%s was taken over from %s. Now it names database %s.",
        make_marker_key(),
        before,
        this.database,
    )
    return _read_marker(this)


def withdraw_marker() -> bool:
    """Delete the marker where it is ours, for a deployment that ends. One query, two requests."""
    if read_ownership().owner != MarkerOwner.OURS:
        return False
    remove_marker()
    return True


def require_ownership() -> Ownership:
    """Claim the prefix where it is nobody's; raise BucketOfAnother when it is not ours then.."""
    found = claim_prefix()
    if found.owner == MarkerOwner.OURS:
        return found
    raise BucketOfAnother(explain_ownership(found))


def explain_ownership(found: Ownership) -> str:
    """Return what a person has to know of a prefix that is not ours."""
    where = describe_place()
    if found.owner == MarkerOwner.ANOTHERS:
        return (
            f"{where} names the deployment {found}; this one is {Deployment.get_current()}. Give this one "
            f"another LOCATION_PREFIX. If that one's database is gone for good and this one takes "
            f"its place: manage.py bucket apply --take-over {found.deployment}"
        )
    if found.owner == MarkerOwner.OTHER_DATABASES:
        return (
            f"{where} names this deployment on database {found.database}; this one is {find_database_id()}: it was "
            "restored, copied or moved. If the other one is not used any more and this one takes its place: "
            f"manage.py bucket apply --take-over {OTHER_DATABASE}. If this one is a copy, give it another "
            "LOCATION_PREFIX or bucket."
        )
    if found.owner == MarkerOwner.NOBODYS:
        return (
            f"{where} is not there. Look at AWS_STORAGE_BUCKET_NAME, LOCATION_PREFIX and the bucket's lifecycle; "
            "manage.py bucket apply writes it."
        )
    return (
        f"{where} is not a marker that can be read, so it counts as another's. Look at it; "
        "delete it by hand when no deployment uses it."
    )


def _read_marker(this: Marker) -> Ownership:
    try:
        content = read_marker(MAX_MARKER_BYTES + 1)
    except ObjectMissing:
        return Ownership(MarkerOwner.NOBODYS)
    try:
        found = Marker.from_json(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Ownership(MarkerOwner.UNREADABLE)
    return Ownership(
        _identify_owner(found, this), str(found.deployment), found.database, found.created_at
    )


def _identify_owner(found: Marker, this: Marker) -> MarkerOwner:
    if found.deployment != this.deployment:
        return MarkerOwner.ANOTHERS
    return MarkerOwner.OURS if found.database == this.database else MarkerOwner.OTHER_DATABASES
