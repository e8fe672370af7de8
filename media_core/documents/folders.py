"""Folders: rows, not keys. Moving one moves no object."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower

from media_core.documents import permissions
from media_core.rows import RoomManager, RoomModel, RoomQuerySet
from tenants.people.identity import Member


class FolderQuerySet(RoomQuerySet["Folder"]):
    def readable_by(self, member: Member | None) -> Self:
        """Return what this member may know of; a stranger knows of no folder. The twin of may_read_folder."""
        return self.filter(permissions.readable_folders(member))


class Folder(RoomModel):
    """A folder of documents. `path` holds the ids from the top folder down to this one, itself included.

    A restricted folder is for admins and the members named in its `readers`; so is everything below it.
    """

    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = ArrayField(models.UUIDField())
    is_restricted = models.BooleanField(default=False)
    created_by_id = models.UUIDField()
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RoomManager.from_queryset(FolderQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(RoomModel.Meta):
        ordering = [Lower("name"), "id"]
        indexes = [GinIndex(fields=["path"], name="folder_path")]
        constraints = [
            # A restricted folder may have the name of another one: a refusal would tell that it is there.
            models.UniqueConstraint(
                "parent",
                Lower("name"),
                name="folder_name_once",
                condition=models.Q(is_restricted=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="folder_is_not_in_itself",
                condition=models.Q(parent=None) | ~models.Q(parent=models.F("id")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FolderReader(RoomModel):
    """A member who may see a restricted folder, beside the admins. Counts since the membership that they have now."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="readers")
    person_id = models.UUIDField()
    person_name = models.CharField(max_length=120)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta(RoomModel.Meta):
        ordering = ["person_name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["folder", "person_id"], name="folder_reader_once")
        ]

    def __str__(self) -> str:
        return self.person_name
