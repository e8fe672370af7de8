"""The rows of an app's file: found by what the app calls it, and taken by whoever comes first."""

import logging
from functools import partial

from django.contrib.postgres.functions import TransactionNow
from django.core.files.storage import Storage
from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from media_core.app_files.incoming import IncomingFile
from media_core.app_files.models import AppFile
from media_core.app_files.moving import move_to_public_now, run_after_commit
from media_core.app_files.names import AvailableNames, validate_app_name
from media_core.errors import UploadRefused
from media_core.ledger.models import StoredObject
from tenants.transactions import (
    begin_autonomous_transaction,
    is_in_outer_transaction,
    is_lock_timeout,
    limit_lock_wait,
)

# A name that an open transaction holds counts as taken after this: it may be the caller's own, which waits for us.
NAME_WAIT_MS = 250
MAX_NAMES = 100
NAME_CONSTRAINTS = frozenset({"stored_object_name_once", "app_file_name_once"})

logger = logging.getLogger("media_core.app_files")


def find_file(area: str, name: str) -> AppFile:
    """Return a file that an app has, with its object. Raises FileNotFoundError, or NameRefused. One query."""
    files = AppFile.objects.live(area).select_related("stored_object")
    file: AppFile | None = files.filter(name=validate_app_name(area, name)).first()
    if file is None:
        raise FileNotFoundError(f"There is no {area} file of this name.")
    return file


def reserve_name(
    storage: Storage, area: str, name: str, *, received: IncomingFile, max_length: int | None
) -> AppFile:
    """Return a file that is being saved under this name, or another beside it when it is taken; committed.

    Which of many gets the name is decided by the unique constraint. A name that the caller's own transaction has
    deleted is the caller's to use again. Raises QuotaExceeded, NameRefused. Seven statements for each name that is
    tried.
    """
    taken: set[str] = set()
    within = is_in_outer_transaction()
    if within and _is_known(area, name):
        # The caller may have saved it just now: then the constraint would only make us wait.
        taken.add(name)
    for _ in range(MAX_NAMES):
        free = AvailableNames(storage, taken).get_available_name(name, max_length)
        file = AppFile(area=area, name=validate_app_name(area, free))
        is_callers = within and _was_deleted_in_this_transaction(file)
        if _reserve(file, received, is_callers=is_callers):
            return file
        taken.add(free)
    raise UploadRefused(f"{MAX_NAMES} names like {name!r} are taken.")


def _is_known(area: str, name: str) -> bool:
    return AppFile.objects.live(area).filter(name=name).exists()


def _was_deleted_in_this_transaction(file: AppFile) -> bool:
    """Return whether the transaction that is open has deleted a file of this name."""
    deleted = AppFile.objects.filter(state=AppFile.State.DELETED, deleted_at=TransactionNow())
    return deleted.filter(area=file.area, name=file.name).exists()


def _reserve(file: AppFile, received: IncomingFile, *, is_callers: bool) -> bool:
    """Write the rows of a file; return False when its name is another's.

    A name that the caller has deleted is nobody else's until the caller commits, and the caller's public object has its
    key. So the file is written with its id for a name, its object under `private/`; `settle_file` gives it the name.
    """
    area = StoredObject.Area.PRIVATE if is_callers else file.area
    name = file.name
    try:
        with begin_autonomous_transaction():
            with limit_lock_wait(NAME_WAIT_MS):
                file.stored_object = StoredObject.objects.create_pending(
                    received.describe_as(file.file_name), area=area, kind=StoredObject.Kind.APP,
                    charged_bytes=received.size_bytes, **file.build_key_arguments(area),
                )  # fmt: skip
                file.name = str(file.pk) if is_callers else name
                file.save(force_insert=True)
            StoredObject.objects.reserve_quota(received.size_bytes)
    except (IntegrityError, OperationalError) as error:
        if not _is_name_conflict(error):
            raise
        return False
    file.name = name
    return True


def _is_name_conflict(error: DatabaseError) -> bool:
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return constraint in NAME_CONSTRAINTS or is_lock_timeout(error)


def abandon_file(file: AppFile) -> None:
    """Nobody will finish this file: the sweep removes what may lie in the bucket. Committed. Three statements.

    In two transactions: others hold the file's row when they take that of its object.
    """
    try:
        with begin_autonomous_transaction():
            given_up = file.stored_object.abandon_or_reopen()
        if given_up:
            with begin_autonomous_transaction():
                AppFile.objects.filter(pk=file.pk, state=AppFile.State.SAVING).delete()
    except IntegrityError:
        # It was swept, and its name taken by another file, all while it was written.
        logger.warning("Object %s was given up too late to be swept.", file.stored_object_id)


def settle_file(file: AppFile, etag: str) -> None:
    """The object is stored, and the file the app's as soon as the app's transaction is committed. Raises UploadLost.

    Three UPDATEs of our own; with a transaction of the app's the last one is the app's.
    """
    within = is_in_outer_transaction()
    with begin_autonomous_transaction():
        if not within:
            file.claim()
        file.stored_object.mark_stored(etag)
    if within:
        with transaction.atomic():
            file.claim()
    if file.stored_object.area != file.area:
        run_after_commit(partial(move_to_public_now, file.pk))
