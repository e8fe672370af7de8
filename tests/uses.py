"""Every kind of use that the product makes of a tenant's rows, and two rooms in which everything has a twin."""

import uuid
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.app_files.sweeping import sweep_app_files
from media_core.documents.folders import Folder, find_folder
from media_core.documents.models import AccessEvent, Document, TrashEntry
from media_core.documents.open import open_document
from media_core.documents.publishing import bring_back, publish, take_down, unpublish
from media_core.documents.purging import delete_forever, purge_entry
from media_core.documents.restriction import lift_restriction, restrict_folder
from media_core.documents.trash import restore_entry, trash_document, trash_folder
from media_core.documents.tree import create_folder, rename_folder
from media_core.ledger.models import StoredObject
from media_core.upkeep.app_file_bytes import find_wrongly_taken_down
from media_core.upkeep.app_takedown import bring_files_back
from media_core.upkeep.move_storage import count_unmoved
from media_core.upkeep.recount import recount
from media_core.upkeep.takedown import bring_all_back, count_public
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tenants.errors import BindingDisagrees, NotFound
from tenants.models import Tenant
from tenants.stamp.models import Stamp
from tests.media_core.conftest import document_row, grow_old, stored_row
from tests.operations import take_all_down

NOW = timezone.now()


def twin_rooms(*tenants: Tenant) -> dict[str, Any]:
    """Give each tenant folder, private and public document, an old upload and files of apps, under the same keys."""
    folder_id, public_id, entry_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    name = f"media/{public_id}/report.pdf"
    pairs = [(uuid.uuid4(), uuid.uuid4()) for _ in range(6)]
    for tenant in tenants:
        with bind_tenant(tenant):
            folder = Folder.objects.create(
                id=folder_id, name=f"{tenant.name}-folder", path=[folder_id],
                created_by_id=uuid.uuid4(), created_by_name=tenant.name,
            )  # fmt: skip
            document_row(
                f"{tenant.name}-private", id=pairs[0][0], original=stored_row(id=pairs[0][1]), folder=folder
            )  # fmt: skip
            document_row(
                f"{tenant.name}-public", id=pairs[1][0], original=stored_row(id=pairs[1][1]),
                visibility="public", public_copy=stored_row(id=public_id, area="media", name=name),
            )  # fmt: skip
            grow_old(stored_row("abandoned", id=pairs[2][1]))
            app_file_row(f"{tenant.name}-deleted", *pairs[4], state="deleted", deleted_at=NOW)
            app_file_row(f"{tenant.name}-hidden", *pairs[5], area="media", state="taken_down")
            entry = TrashEntry.objects.create(
                id=entry_id, title=f"{tenant.name}-trashed", was_restricted=False,
                trashed_by_id=uuid.uuid4(), trashed_by_name=tenant.name,
            )  # fmt: skip
            document_row(
                f"{tenant.name}-trashed", id=pairs[3][0], original=stored_row(id=pairs[3][1]), trash_entry=entry
            )  # fmt: skip
            AccessEvent.objects.create(document_id=pairs[0][0], document_name=f"{tenant.name}-read")
    return {
        "document_id": pairs[0][0],
        "folder_id": folder_id,
        "entry_id": entry_id,
        "name": name.removeprefix("media/"),
        "public_id": pairs[1][0],
    }


def app_file_row(name: str, file_id: uuid.UUID, row_id: uuid.UUID, **given: Any) -> None:
    """Make a file that an app of the bound tenant has or had, without any object in the bucket."""
    stored = stored_row(id=row_id, kind="app")
    facts = {"area": "private", "saved_at": NOW, **given}
    AppFile.objects.create(id=file_id, name=name, stored_object=stored, **facts)


def upload(**given: Any) -> Document:
    file = SimpleUploadedFile("x.pdf", b"bytes", content_type="")
    return store_upload(uploader=given.pop("admin"), file=file, **given)


def purge_all() -> list[TrashEntry]:
    entries = list(TrashEntry.objects.all())
    for entry in entries:
        purge_entry(entry)
    return entries


FLOWS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "open": lambda there, admin: open_document(there["document_id"], admin),
    "open as a stranger": lambda there, admin: open_document(there["public_id"], None),
    "upload": lambda there, admin: upload(admin=admin),
    "upload into a folder": lambda there, admin: upload(
        admin=admin, folder=find_folder(there["folder_id"], admin)
    ),
    "publish": lambda there, admin: publish(there["document_id"], editor=admin),
    "unpublish": lambda there, admin: unpublish(there["public_id"], editor=admin),
    "take down": lambda there, admin: take_down(there["public_id"]),
    "bring back": lambda there, admin: bring_back(there["public_id"]),
    "take all down": lambda there, admin: take_all_down(),
    "bring all back": lambda there, admin: bring_all_back(lambda *_: None),
    "make a folder": lambda there, admin: create_folder(name="n", parent_id=None, editor=admin),
    "make a folder within": lambda there, admin: create_folder(
        name="n", parent_id=there["folder_id"], editor=admin
    ),
    "rename a folder": lambda there, admin: rename_folder(
        folder_id=there["folder_id"], name="n", editor=admin
    ),
    "trash a document": lambda there, admin: trash_document(there["document_id"], editor=admin),
    "trash a folder": lambda there, admin: trash_folder(there["folder_id"], editor=admin),
    "restore from the trash": lambda there, admin: restore_entry(there["entry_id"], editor=admin),
    "delete forever": lambda there, admin: delete_forever(there["entry_id"], admin=admin),
    "purge": lambda there, admin: purge_all(),
    "restrict a folder": lambda there, admin: restrict_folder(
        folder_id=there["folder_id"], readers=[], admin=admin
    ),
    "lift a restriction": lambda there, admin: lift_restriction(
        folder_id=there["folder_id"], admin=admin
    ),
    "sweep": lambda there, admin: sweep(),
    "sweep files of apps": lambda there, admin: sweep_app_files(),
    "find files that are taken down": lambda there, admin: list(find_wrongly_taken_down()),
    "bring files back": lambda there, admin: bring_files_back(lambda *_: None),
    "recount": lambda there, admin: recount(),
    "count what stays public": lambda there, admin: count_public(),
    "count what is to move": lambda there, admin: count_unmoved(StoredObject.Place.DISK),
}
NOTHING = ("0", "[]", "(0, 0)", "PublicCounts(objects=0, size_bytes=0)", "refused")


def outcome(flow: str, there: dict[str, Any], admin: Any) -> str:
    """Return what a flow says that it found, or that it was refused because there is nothing."""
    try:
        found = FLOWS[flow](there, admin)
    except (NotFound, BindingDisagrees, Stamp.DoesNotExist, IntegrityError):
        return "refused"
    return str(getattr(found, "done", found))
