"""Folders: rows, not keys. Moving one moves no object."""

from collections.abc import Iterable, Sequence
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Lower

from media_core.documents import permissions
from media_core.errors import FolderRefused
from media_core.rows import TenantModel, TenantRowManager, TenantRowQuerySet
from tenants.errors import NotFound
from tenants.people.identity import Member
from tenants.people.models import Membership

# How many folders stand one in the other, the lowest included.
MAX_DEPTH = 20


class FolderQuerySet(TenantRowQuerySet["Folder"]):
    def readable_by(self, member: Member | None) -> Self:
        """Return what this member may know of; a stranger knows of no folder. The twin of may_read_folder."""
        return self.filter(permissions.readable_folders(member))

    def way_to(self, folder_id: UUID | None) -> Self:
        """Return the folders from the top down to this one, itself included; nothing for the top itself."""
        steps = (
            Folder.objects.filter(pk=folder_id)
            .annotate(step=Func(F("path"), function="unnest", output_field=models.UUIDField()))
            .values("step")
        )
        return self.filter(pk__in=steps).order_by("path__len")

    def inside(self, folder_id: UUID | None) -> Self:
        """Return the folders directly in this one, or with None at the top."""
        return self.filter(parent=folder_id)

    def below(self, folder: "Folder") -> Self:
        """Return the folder and everything below it."""
        return self.filter(path__contains=[folder.pk])

    def untrashed(self) -> Self:
        return self.filter(trash_entry=None)

    def besides(self, folder_id: UUID | None) -> Self:
        """Return all but this one; with None, all."""
        return self.exclude(pk__in=[folder_id] if folder_id else [])

    def restricting(self, path: Iterable[UUID]) -> Self:
        """Return the restricted ones among the folders of a path."""
        return self.filter(pk__in=list(path), is_restricted=True)


class Folder(TenantModel):
    """A folder of documents. `path` holds the ids from the top folder down to this one, itself included.

    A restricted folder is for admins and the members named in its `readers`; so is everything below it.
    """

    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = ArrayField(models.UUIDField())
    is_restricted = models.BooleanField(default=False)
    # What is in a folder in the trash is in the trash too. It keeps its place there, its restriction and its readers.
    trash_entry = models.ForeignKey(
        "media_core.TrashEntry", on_delete=models.PROTECT, null=True, related_name="folders"
    )
    created_by_id = models.UUIDField()
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantRowManager.from_queryset(FolderQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(TenantModel.Meta):
        ordering = [Lower("name"), "id"]
        indexes = [GinIndex(fields=["path"], name="folder_path")]
        constraints = [
            # A restricted folder may have the name of another one: a refusal would tell that it is there.
            models.UniqueConstraint(
                "parent",
                Lower("name"),
                name="folder_name_once",
                condition=models.Q(is_restricted=False, trash_entry=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="folder_is_not_in_itself",
                condition=models.Q(parent=None) | ~models.Q(parent=models.F("id")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def move_under(self, parent: "Folder | None") -> None:
        """Stand in another folder, or with None at the top, with everything below. Two UPDATEs."""
        steps = Folder._meta.get_field("path")
        from_here = Func(
            F("path"), template=f"(%(expressions)s)[{len(self.path)}:]", output_field=steps
        )
        above = Value(list_path_ids(parent), output_field=steps)
        path = Func(above, from_here, function="array_cat", output_field=steps)
        Folder.objects.below(self).update(path=path)
        Folder.objects.filter(pk=self.pk).update(parent=parent)
        self.refresh_from_db()

    def restrict_to(self, members: Iterable[Membership]) -> None:
        """Let only admins and these members read it. An UPDATE, a DELETE and an INSERT.

        All are named anew: a name counts for the membership that the person has when it is given.
        """
        self.readers.all().delete()
        FolderReader.objects.bulk_create(
            FolderReader(folder=self, person_id=m.person_id, person_name=m.person.name)
            for m in members
        )
        self._set_restricted(is_restricted=True)

    def open_up(self) -> None:
        """End the restriction of this very folder; those above it stay. An UPDATE and a DELETE."""
        self.readers.all().delete()
        self._set_restricted(is_restricted=False)

    def _set_restricted(self, *, is_restricted: bool) -> None:
        Folder.objects.filter(pk=self.pk).update(is_restricted=is_restricted)
        self.is_restricted = is_restricted


class FolderReader(TenantModel):
    """A member who may see a restricted folder, beside the admins. Counts since the membership that they have now."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="readers")
    person_id = models.UUIDField()
    person_name = models.CharField(max_length=120)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        ordering = ["person_name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["folder", "person_id"], name="folder_reader_once")
        ]

    def __str__(self) -> str:
        return self.person_name


def find_folder(folder_id: UUID, member: Member | None) -> Folder:
    """Return a folder that this member may read. One query.

    Raises NotFound, the same for one that is missing, another tenant's, or not readable.
    """
    found: Folder | None = Folder.objects.readable_by(member).filter(pk=folder_id).first()
    if found is None:
        raise NotFound
    return found


def find_place(folder_id: UUID | None, member: Member | None) -> Folder | None:
    """Return the folder of this id, or None for the top. Raises NotFound. At most one query."""
    return find_folder(folder_id, member) if folder_id else None


def find_way(folder_id: UUID | None, member: Member | None) -> list[Folder]:
    """Return the folders from the top down to this one, which this member may read; none for the top. One query.

    Raises NotFound as find_folder does. Who reads a folder reads all above it.
    """
    if folder_id is None:
        return []
    way = list(Folder.objects.readable_by(member).way_to(folder_id))
    if not way or way[-1].pk != folder_id:
        raise NotFound
    return way


def list_path_ids(folder: Folder | None) -> list[UUID]:
    """Return the ids from the top down to this folder; none for the top itself."""
    return list(folder.path) if folder else []


def refuse_too_deep(path: Sequence[UUID]) -> None:
    """Raise FolderRefused for a path that goes deeper than folders may stand."""
    if len(path) > MAX_DEPTH:
        raise FolderRefused(
            f"It would stand {len(path)} folders deep; {MAX_DEPTH} is the most. Choose a place further up."
        )
