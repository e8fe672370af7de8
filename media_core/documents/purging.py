"""Purging: what was in the trash goes for good, in bounded steps. Its originals stay RETENTION_DAYS in the bucket.

First the entry is condemned: from then on nobody finds it, so nobody restores a part of it. Then, each in a transaction
of its own: its documents, what was moved to the trash before out of its folders, its folders, at last the entry. A kill
between any two leaves a condemned entry, with which the next step goes on.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import ngettext

from media_core.audit.models import record_event
from media_core.documents.folders import Folder
from media_core.documents.locks import lock_tree
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.permissions import Admin, Editor, confirm_admin
from media_core.documents.trash import find_entry, find_trashed_row
from media_core.ledger.models import StoredObject
from tenants import quotas
from tenants.binding import bound_tenant
from tenants.jobs.queue import request_job

# Removed in one transaction, which takes less than a second.
ROWS_PER_STEP = 200
# Moving a folder takes three statements.
MOVES_PER_STEP = 50


def delete_forever(entry_id: UUID, *, admin: Admin) -> None:
    """Have an entry of the trash purged now. Nobody finds it from here on. Raises NotFound or RoleRequired."""
    with transaction.atomic():
        lock_tree()
        confirm_admin(admin)
        _condemn(find_entry(entry_id, admin), admin)
        request_job("purge_trash", bound_tenant().id)


def measure_versions(entry: TrashEntry) -> tuple[int, int]:
    """Return how many versions an entry of the trash holds, and how many bytes they have together. Two queries."""
    versions = Version.objects.filter(document__trash_entry=entry.pk)
    originals = StoredObject.objects.filter(pk__in=versions.values("original"))
    return versions.count(), originals.aggregate(bytes=Sum("size_bytes", default=0))["bytes"]


def purge_entry(entry: TrashEntry, has_time: Callable[[], bool] = lambda: True) -> bool:
    """Purge what an entry of the trash holds, while there is time; return whether nothing of it is left to purge.

    One that was restored meanwhile stays. No bucket request; up to twenty statements for 200 documents.
    """
    while not _purge_next_step(entry.pk):
        if not has_time():
            return False
    return True


def _condemn(entry: TrashEntry, by: Editor | None) -> None:
    """Let the entry be purged. What lay in its restricted folders stays hidden from all but admins."""
    restricted = Folder.objects.filter(trash_entry=entry.pk, is_restricted=True).order_by()
    TrashEntry.objects.filter(place__path__overlap=ArraySubquery(restricted.values("pk"))).update(
        was_restricted=True
    )
    TrashEntry.objects.filter(pk=entry.pk).update(condemned_at=timezone.now())
    documents = Document.objects.filter(trash_entry=entry.pk).count()
    held = ngettext("the folder, with {} document", "the folder, with {} documents", documents)
    detail = held.format(documents) if entry.is_folder else ""
    record_event(
        by,
        "deleted forever",
        subject_id=find_trashed_row(entry).pk,
        subject=entry.title,
        detail=detail,
    )


def _purge_next_step(entry_id: UUID) -> bool:
    """Take one bounded step; return whether nothing is left to do."""
    with transaction.atomic():
        lock_tree()
        entry: TrashEntry | None = TrashEntry.objects.filter(pk=entry_id).first()
        if entry is None:
            return True
        if entry.condemned_at is None:
            _condemn(entry, None)
        elif not (
            _purge_documents(entry) or _move_other_entries_up(entry) or _purge_folders(entry)
        ):
            TrashEntry.objects.filter(pk=entry.pk).delete()
            return True
    return False


def _purge_documents(entry: TrashEntry) -> bool:
    """Remove some documents with all their versions, and condemn the originals; return False when there are none."""
    found = Document.objects.filter(trash_entry=entry.pk).order_by("pk")[:ROWS_PER_STEP]
    originals = dict(found.values_list("pk", "original"))
    if not originals:
        return False
    versions = Version.objects.filter(document__in=list(originals))
    condemned = {*originals.values(), *versions.values_list("original", flat=True)}
    versions.delete()
    Document.objects.filter(pk__in=list(originals)).delete()
    rows = StoredObject.objects.filter(pk__in=condemned).stored()
    # Held until the end, so that what they hold of the quota is what is freed.
    charged_bytes = sum(row.charged_bytes for row in rows.select_for_update(of=("self",)))
    rows.mark_condemned(keep_for=timedelta(days=settings.RETENTION_DAYS))
    quotas.free_used(charged_bytes)
    return True


def _move_other_entries_up(entry: TrashEntry) -> bool:
    """Let what was trashed before, out of these folders, have the entry's place; return False when nothing was."""
    others = TrashEntry.objects.filter(place__trash_entry=entry.pk)
    place = {"place": entry.place, "lost_its_place": True}
    documents = list(others.filter(is_folder=False).values_list("pk", flat=True)[:ROWS_PER_STEP])
    Document.objects.filter(trash_entry__in=documents).update(folder=entry.place)
    TrashEntry.objects.filter(pk__in=documents).update(**place)
    folders = list(others.filter(is_folder=True)[:MOVES_PER_STEP])
    for other in folders:
        # Of one whose purge was interrupted at its end there is no folder any more.
        for folder in Folder.objects.inside(other.place_id).filter(trash_entry=other.pk):
            folder.move_under(entry.place)
        TrashEntry.objects.filter(pk=other.pk).update(**place)
    return bool(documents or folders)


def _purge_folders(entry: TrashEntry) -> bool:
    """Remove some folders in which there are none; return False when there are none left."""
    lowest = Folder.objects.filter(trash_entry=entry.pk, children=None).order_by("pk")
    found = list(lowest.values_list("pk", flat=True)[:ROWS_PER_STEP])
    Folder.objects.filter(pk__in=found).delete()
    return bool(found)
