"""Public files of apps in a restored database: their rows name a key that has no bytes any more, or another file's.

A public name may come again, and a file that is deleted or taken down moves to `private/app/<its id>/`. A row from a
backup does not know of either. So it finds its bytes there by their digest, whatever its name has now.
"""

from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from media_core.app_files.models import APP_FOLDER, AppFile
from media_core.bucket.bucket_objects import ListedObject, iterate_objects
from media_core.disk_files import PART_PREFIX, translate_disk_errors
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.disk_storage import get_disk_storage
from media_core.storages.object_copies import copy_object
from media_core.storages.tenant_storage import has_own_bytes
from tenants.binding import bound_tenant

Area, Place, State = StoredObject.Area, StoredObject.Place, StoredObject.State


def has_other_bytes(row: StoredObject, listed: ListedObject) -> bool:
    """Return whether an object whose key may come again has other bytes than its row. One request at most.

    It is read only where its ETag is not the one with which it was stored.
    """
    if row.has_unique_key or listed.etag == row.etag:
        return False
    return not has_own_bytes(row)


def find_wrongly_taken_down() -> QuerySet[AppFile]:
    """Return the files that are taken down though the bound tenant is served."""
    found: QuerySet[AppFile] = AppFile.objects.filter(state=AppFile.State.TAKEN_DOWN).served_now()
    return found


def point_to_own_bytes(row_id: UUID) -> str:
    """Let the public file of an app that has this object point to its own bytes; return what was done, or nothing.

    It is taken down then: nothing becomes public by it. What lies under its public name stays, and no row names it.
    Raises BucketUnavailable. One request for each object that was kept of the file, and two more.
    """
    files = AppFile.objects.select_related("stored_object").exclude(state=AppFile.State.SAVING)
    file: AppFile | None = files.filter(
        stored_object=row_id, stored_object__area=Area.PUBLIC, stored_object__state=State.STORED
    ).first()
    if file is None:
        return ""
    kept = _find_bytes(file)
    if kept is None:
        return ""
    if kept.pk:
        # It is condemned, and stays so: its row's life has one direction.
        known = {**file.build_key_arguments(Area.PRIVATE), "place": kept.place}
        with copy_object(kept, area=Area.PRIVATE, file_name=file.file_name, **known) as copy:
            _replace_object(file, copy.stored, copy.etag)
    else:
        _adopt_unnamed_object(file, kept)
    return f"Its bytes are in {file.stored_object.name}, and not public."


def _find_bytes(file: AppFile) -> StoredObject | None:
    """Return an object under `private/` that has the bytes of this file; without an id when no row names it."""
    for kept in (*_list_in_bucket(file), *_list_on_disk(file)):
        known = StoredObject.objects.filter(name=kept.name).exclude(state=State.GONE).first()
        row: StoredObject = known or kept
        if has_own_bytes(row):
            return row
    return None


def _list_in_bucket(file: AppFile) -> Iterator[StoredObject]:
    prefix = str(bound_tenant().prefix)
    for listed in iterate_objects(f"{prefix}{Area.PRIVATE}/{APP_FOLDER}/{file.pk}/"):
        name = listed.key.removeprefix(prefix)
        # We never write a name that cannot be printed.
        if name.isprintable() and listed.size_bytes == file.stored_object.size_bytes:
            yield _make_unsaved_row(file, name, place=Place.BUCKET, etag=listed.etag)


def _list_on_disk(file: AppFile) -> Iterator[StoredObject]:
    """Yield what was moved to disk with its room since. Each object has a folder of its own in the file's folder."""
    storage, folder = get_disk_storage(Area.PRIVATE), f"{APP_FOLDER}/{file.pk}"
    with translate_disk_errors(), suppress(FileNotFoundError):
        for each in storage.listdir(folder)[0]:
            for name in storage.listdir(f"{folder}/{each}")[1]:
                if not name.startswith(PART_PREFIX):
                    yield _make_unsaved_row(
                        file, f"{Area.PRIVATE}/{folder}/{each}/{name}",
                        place=Place.DISK, etag=file.stored_object.sha256,
                    )  # fmt: skip


def _make_unsaved_row(file: AppFile, name: str, *, place: str, etag: str) -> StoredObject:
    of_file = file.stored_object
    return StoredObject(
        id=None, name=name, area=Area.PRIVATE, kind=StoredObject.Kind.APP, etag=etag,
        place=place, size_bytes=of_file.size_bytes, sha256=of_file.sha256,
    )  # fmt: skip


def _adopt_unnamed_object(file: AppFile, kept: StoredObject) -> None:
    """Write a row for an object that no row names. All in one: the sweep removes what a pending row names."""
    old = file.stored_object
    content = Content(file.file_name, old.size_bytes, old.content_type, old.sha256)
    with transaction.atomic():
        stored = StoredObject.objects.create_pending(
            content, area=Area.PRIVATE, kind=kept.kind, name=kept.name, place=kept.place
        )
        _replace_object(file, stored, kept.etag)


def _replace_object(file: AppFile, stored: StoredObject, etag: str) -> None:
    old, is_saved = file.stored_object, file.state == AppFile.State.SAVED
    state = AppFile.State.TAKEN_DOWN if is_saved else AppFile.State(file.state)
    with transaction.atomic():
        file.point_to(stored, state=state)
        stored.replace(old, etag)
        # Its bytes are not under its key any more, and what may be there is not its to remove.
        old.mark_gone()
