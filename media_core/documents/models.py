"""Documents: what people see of a stored object, and the record of who opened it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, F, Sum

from media_core.documents import permissions
from media_core.documents.folders import Folder
from media_core.ledger.models import StoredObject
from media_core.rows import RoomManager, RoomModel, RoomQuerySet
from tenants.people.identity import Member
from tenants.people.models import Role


class Holding(NamedTuple):
    """How many documents, and how many bytes they have together."""

    documents: int = 0
    size_bytes: int = 0


class DocumentQuerySet(RoomQuerySet["Document"]):
    def readable_by(self, member: Member | None) -> Self:
        """Return what this member, or with None a stranger, may read: the twin of permissions.may_read."""
        return self.filter(permissions.readable(member))

    def with_object(self) -> Self:
        return self.select_related("original").filter(original__state=StoredObject.State.STORED)

    def inside(self, folder_id: UUID | None) -> Self:
        """Return the documents directly in this folder, or with None at the top."""
        return self.filter(folder=folder_id)

    def below(self, folder: Folder) -> Self:
        """Return the documents in this folder and in all folders below it."""
        return self.filter(folder__path__contains=[folder.pk])

    def public(self) -> Self:
        return self.filter(visibility=Document.Visibility.PUBLIC)

    def held_by(self, siblings: Sequence[Folder]) -> dict[UUID, Holding]:
        """Return what of these documents lies in each of some folders of one parent, and below. At most one query."""
        if not siblings:
            return {}
        step = F(f"folder__path__{len(siblings[0].path) - 1}")
        sums = (
            self.filter(folder__path__overlap=[folder.pk for folder in siblings])
            .order_by()
            .values(sibling=step)
            .annotate(documents=Count("pk"), size_bytes=Sum("original__size_bytes"))
        )
        return {row["sibling"]: Holding(row["documents"], row["size_bytes"]) for row in sums}


class TrashEntryQuerySet(RoomQuerySet["TrashEntry"]):
    def visible_to(self, member: Member) -> Self:
        """Return what this member finds in the trash. Of folders that were restricted then, or are now, admins do."""
        if member.role == Role.ADMIN:
            return self
        return self.filter(permissions.readable_folders(member, path="path"), was_restricted=False)

    def due(self, now: datetime) -> Self:
        """Return what has been in the trash for TRASH_DAYS."""
        return self.filter(trashed_at__lte=now - timedelta(days=settings.TRASH_DAYS))


class TrashEntry(RoomModel):
    """A document in the trash: nobody finds it elsewhere, and it can be restored until it is purged."""

    title = models.CharField(max_length=200)
    # The folders in which it lay, from the top down: it goes back into the last one that is there.
    path = ArrayField(models.UUIDField())
    was_restricted = models.BooleanField()
    trashed_by_id = models.UUIDField()
    trashed_by_name = models.CharField(max_length=200)
    trashed_at = models.DateTimeField(auto_now_add=True)

    objects = RoomManager.from_queryset(TrashEntryQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(RoomModel.Meta):
        ordering = ["-trashed_at", "id"]
        indexes = [models.Index(fields=["-trashed_at", "id"], name="trash_entry_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def purged_at(self) -> datetime:
        """When it is removed for good."""
        return self.trashed_at + timedelta(days=settings.TRASH_DAYS)


class Document(RoomModel):
    """A stored object under the name and title that people gave it."""

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        PUBLIC = "public"

    title = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    visibility = models.CharField(max_length=20, choices=Visibility, default=Visibility.PRIVATE)
    folder = models.ForeignKey(
        Folder, on_delete=models.PROTECT, null=True, related_name="documents"
    )
    # The bytes as they were uploaded, under private/.
    original = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="document")
    # What the public gets: the same bytes under media/, or a photo without its location. None while nothing is public.
    public_copy = models.OneToOneField(
        StoredObject, on_delete=models.PROTECT, null=True, related_name="published_document"
    )
    # In the trash it is private, and in no folder.
    trash_entry = models.OneToOneField(
        TrashEntry, on_delete=models.PROTECT, null=True, related_name="document"
    )
    # People live in the public schema and may leave: who it was is written down, not referred to.
    created_by_id = models.UUIDField()
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RoomManager.from_queryset(DocumentQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(RoomModel.Meta):
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["-created_at", "id"], name="document_newest")]
        constraints = [
            models.CheckConstraint(
                name="document_visibility_is_known",
                condition=models.Q(visibility__in=["private", "public"]),
            ),
            models.CheckConstraint(
                name="document_private_has_no_public_copy",
                condition=models.Q(visibility="public") | models.Q(public_copy=None),
            ),
            models.CheckConstraint(
                name="document_in_trash_is_private",
                condition=models.Q(trash_entry=None) | models.Q(visibility="private", folder=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Version(RoomModel):
    """One state of a document's bytes. People open the newest; editors may open the older ones, and restore them."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    # From 1 on, never used twice.
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=200)
    # A restored version has the original of the older one.
    original = models.ForeignKey(StoredObject, on_delete=models.PROTECT, related_name="versions")
    created_by_id = models.UUIDField()
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, default="")

    class Meta(RoomModel.Meta):
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="version_number_once", fields=["document", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.file_name}, version {self.number}"


class AccessEvent(RoomModel):
    """Somebody was given a link to a document. Kept when the document is gone, so it refers to nothing."""

    document_id = models.UUIDField(db_index=True)
    document_name = models.CharField(max_length=200)
    person_id = models.UUIDField(null=True)
    person_name = models.CharField(max_length=120, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta(RoomModel.Meta):
        ordering = ["-at", "id"]

    def __str__(self) -> str:
        return f"{self.person_name or 'anonymous'} opened {self.document_name}"
