"""The ledger's rows of kind `app`: found by what the app calls its file, and taken by whoever comes first."""

import logging

from django.core.files.storage import Storage
from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from media_core.app_files.incoming import Received
from media_core.app_files.names import FreeNames, checked_app_name
from media_core.errors import UploadRefused
from media_core.ledger.models import StoredObject
from tenants.transactions import (
    in_callers_transaction,
    own_transaction,
    waited_too_long,
    waiting_at_most,
)

# A name that an open transaction holds counts as taken after this: it may be the caller's own, which waits for us.
NAME_WAIT_MS = 250
MAX_NAMES = 100
NAME_CONSTRAINTS = frozenset(
    {"stored_object_name_once", "app_file_name_once", "app_file_name_kept"}
)

logger = logging.getLogger("media_core.app_files")


def find(area: str, name: str) -> StoredObject:
    """Return the row of a file that an app has. Raises FileNotFoundError, or NameRefused. One query."""
    row: StoredObject | None = (
        StoredObject.objects.app_files(area).filter(app_name=checked_app_name(area, name)).first()
    )
    if row is None:
        raise FileNotFoundError(f"There is no {area} file of this name.")
    return row


def reserved(
    storage: Storage, area: str, name: str, *, file: Received, max_length: int | None
) -> StoredObject:
    """Return a pending row for a file under this name, or another beside it when it is taken; committed.

    Which of many gets the name is decided by the unique constraint. Raises QuotaExceeded, NameRefused. Six statements
    for each name that is tried.
    """
    taken: set[str] = set()
    if in_callers_transaction() and _is_known(area, name):
        # The caller may have saved it just now: then the constraint would only make us wait.
        taken.add(name)
    for _ in range(MAX_NAMES):
        free = FreeNames(storage, taken).get_available_name(name, max_length)
        row = _reserved_as(area, checked_app_name(area, free), file)
        if row:
            return row
        taken.add(free)
    raise UploadRefused(f"{MAX_NAMES} names like {name!r} are taken.")


def _is_known(area: str, name: str) -> bool:
    return StoredObject.objects.app_files(area).filter(app_name=name).exists()


def _reserved_as(area: str, name: str, file: Received) -> StoredObject | None:
    """Return the row that has this name now, or None when another one has it."""
    content = file.called(name.rpartition("/")[2])
    try:
        with own_transaction():
            with waiting_at_most(NAME_WAIT_MS):
                row = StoredObject.objects.announce(
                    content, area=area, app_name=name, kind=StoredObject.Kind.APP,
                    charged_bytes=file.size_bytes,
                )  # fmt: skip
            StoredObject.objects.promise(row.charged_bytes)
    except (IntegrityError, OperationalError) as error:
        if not _is_about_the_name(error):
            raise
        return None
    return row


def _is_about_the_name(error: DatabaseError) -> bool:
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return constraint in NAME_CONSTRAINTS or waited_too_long(error)


def give_up(row: StoredObject) -> None:
    """Nobody will finish this file: the sweep removes what may lie in the bucket. Committed. Two UPDATEs at most."""
    try:
        with own_transaction():
            row.give_up()
    except IntegrityError:
        # It was swept, and its name taken by another file, all while it was written.
        logger.warning("Object %s was given up too late to be swept.", row.pk)


def settled(row: StoredObject, etag: str) -> None:
    """The object is stored, and the app's as soon as the app's transaction is committed. Raises UploadLost.

    Two UPDATEs of our own, or with a transaction of the app's three, of which the last one is the app's.
    """
    within = in_callers_transaction()
    with own_transaction():
        row.mark_stored(etag, claimed=not within)
    if within:
        with transaction.atomic():
            row.claim()
