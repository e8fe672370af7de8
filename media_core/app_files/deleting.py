"""Deleting an app's file: it is gone for everybody at once, and its bytes live on for a while.

The ledger's row is changed in the app's own transaction, so a rollback brings the file back. A private object stays
where it is: nobody reaches it. A public one moves to `private/` once the transaction is committed, as a public document
does when it is taken back, and its name is free again.
"""

import logging
from contextlib import ExitStack
from functools import partial

from media_core.app_files.ledger import find, give_up
from media_core.errors import BucketUnavailable, ObjectDiffers, ObjectMissing, UploadLost
from media_core.ledger.models import Content, StoredObject
from media_core.storages.copies import copied_bytes, prove_copy, take_away
from tenants.binding import on_commit
from tenants.transactions import own_transaction

logger = logging.getLogger("media_core.app_files")


def delete(area: str, name: str) -> None:
    """Delete a file; one that is not there counts as deleted. Raises NameRefused. Two statements.

    After the commit, for a public file: nine more, and two bucket requests.
    """
    try:
        row = find(area, name)
    except FileNotFoundError:
        if area == StoredObject.Area.PUBLIC:
            _let_it_not_come_back(name)
        return
    if row.mark_deleted() and area == StoredObject.Area.PUBLIC:
        on_commit(partial(_bury_now, row))


def _let_it_not_come_back(name: str) -> None:
    """Delete a public file that was taken down and is not back yet. Its bytes lie under `private/` already."""
    for row in StoredObject.objects.filter(state=StoredObject.State.TAKEN_DOWN, app_name=name):
        row.mark_deleted()


def _bury_now(row: StoredObject) -> None:
    try:
        bury(row)
    except (BucketUnavailable, ObjectDiffers) as error:
        # It is deleted, whatever the bucket says: the sweep goes on from here.
        logger.warning("The public object %s stays until the next sweep: %s", row.pk, error)


def bury(row: StoredObject) -> bool:
    """Move a deleted public object to where nobody reaches it; return False when another did. Two bucket requests.

    Row, copy, one transaction in which the copy takes the object's place, removal: as a document is taken back. The
    bytes are read back only where the bucket's ETag does not say that they are the same. Raises BucketUnavailable or
    ObjectDiffers; then it stays until it is tried again.
    """
    try:
        return _replaced(row) and take_away(row)
    except UploadLost:
        return False


def _replaced(row: StoredObject) -> bool:
    file_name = str(row.app_name).rpartition("/")[2]
    grave = _announced_grave(row, file_name)
    with ExitStack() as on_failure:
        on_failure.callback(give_up, grave)
        try:
            etag = copied_bytes(row, grave, file_name)
        except ObjectMissing:
            logger.warning("The deleted object %s is not there; nothing of it is kept.", row.pk)
            return row.condemn()
        prove_copy(row, grave, etag)
        with own_transaction():
            grave.replace(row, etag)
        on_failure.pop_all()
    return True


def _announced_grave(row: StoredObject, file_name: str) -> StoredObject:
    """Return a pending row for the copy. It is of no use to anybody, so it keeps no name from being taken."""
    content = Content(file_name, row.size_bytes, row.content_type, row.sha256)
    with own_transaction():
        return StoredObject.objects.announce(
            content, area=StoredObject.Area.PRIVATE, app_name=row.app_name, kind=row.kind,
            claimed_at=row.claimed_at, deleted_at=row.deleted_at,
        )  # fmt: skip
