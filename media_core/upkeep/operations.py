"""The kinds of operations: move all objects of a tenant, and take down the public objects of a suspended tenant."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from media_core.app_files.models import AppFile
from media_core.app_files.sweeping import sweep_app_files
from media_core.bucket.requirements import require_to_remove
from media_core.documents.locks import lock_tree
from media_core.documents.models import Document
from media_core.documents.publishing import take_down
from media_core.ledger.models import StoredObject
from media_core.upkeep.app_takedown import end_saves, take_file_down
from media_core.upkeep.move_storage import StorageMove
from media_core.upkeep.takedown import give_up_unfinished
from media_core.uploads.flow import sweep
from tenants.binding import bound_tenant_even_suspended
from tenants.jobs.operation_kinds import (
    OperationItem,
    OperationKind,
    OperationTotals,
    OperationWork,
    iterate_ids,
)
from tenants.jobs.operation_steps import declare_operation

# A take-down works on files of apps first, then on documents. The position of an item begins with one of these.
FILES, DOCUMENTS = "file", "document"
# The size of the original. The public copy may be smaller, such as a photo without its location.
DOCUMENT_SIZE, FILE_SIZE = "original__size_bytes", "stored_object__size_bytes"


class TakeDown(OperationWork):
    """Make every public object of the bound, suspended tenant private: files of apps first, then documents."""

    def is_wanted(self) -> bool:
        return not bound_tenant_even_suspended().is_served

    def begin(self) -> None:
        require_to_remove()
        with transaction.atomic():
            # Wait for requests that began to publish while the tenant was still served.
            lock_tree()

    def count(self) -> OperationTotals:
        files = _list_public_files().aggregate(objects=Count("pk"), size_bytes=Sum(FILE_SIZE))
        documents = _list_public_documents().aggregate(
            objects=Count("pk"), size_bytes=Sum(DOCUMENT_SIZE)
        )
        return OperationTotals(
            files["objects"] + documents["objects"],
            int((files["size_bytes"] or 0) + (documents["size_bytes"] or 0)),
        )

    def iterate(self, cursor: str) -> Iterator[OperationItem]:
        part, _, last = cursor.partition(":")
        if last:
            yield from self._iterate_cursor(part, last)
        if part != DOCUMENTS:
            for row_id, size_bytes in iterate_ids(_list_public_files(), size=FILE_SIZE, after=last):
                yield OperationItem(f"{FILES}:{row_id}", row_id, size_bytes)
            last = ""
        for row_id, size_bytes in iterate_ids(
            _list_public_documents(), size=DOCUMENT_SIZE, after=last
        ):
            yield OperationItem(f"{DOCUMENTS}:{row_id}", row_id, size_bytes)

    def _iterate_cursor(self, part: str, last: str) -> Iterator[OperationItem]:
        rows, size = (
            (Document.objects, DOCUMENT_SIZE) if part == DOCUMENTS else (AppFile.objects, FILE_SIZE)
        )
        for row_id, size_bytes in rows.filter(pk=last).values_list("pk", size):
            yield OperationItem(f"{part}:{row_id}", row_id, size_bytes)

    def work_on(self, item: OperationItem) -> bool:
        """Take one down; see `take_down` and `take_file_down` for what they raise."""
        if item.position.startswith(FILES):
            take_file_down(item.object_id)
        elif Document.objects.filter(pk=item.object_id).exists():
            take_down(item.object_id)
        else:
            return False
        return True

    def finish(self) -> None:
        """Remove what may just have come, what apps deleted and is public still, and what a killed step has left."""
        give_up_unfinished()
        end_saves()
        sweep_app_files()
        sweep()


def _list_public_files() -> QuerySet[AppFile]:
    found: QuerySet[AppFile] = AppFile.objects.filter(
        area=StoredObject.Area.PUBLIC, state=AppFile.State.SAVED
    )
    return found


def _list_public_documents() -> QuerySet[Document]:
    found: QuerySet[Document] = Document.objects.filter(public_copy__isnull=False)
    return found


MOVE_STORAGE = OperationKind(
    name="move_storage",
    summary="Move what a tenant stores between disk and bucket",
    title=lambda parameters: {"bucket": "Move into the bucket", "disk": "Move to the disk"}.get(
        parameters.get("to", ""), "Move"
    ),
    work=StorageMove,
)
TAKE_DOWN = OperationKind(
    name="take_down",
    summary="Take down what a suspended tenant has published",
    title=lambda _parameters: "Take down public objects",
    work=TakeDown,
)
declare_operation(MOVE_STORAGE)
declare_operation(TAKE_DOWN)
