"""Documents: what people see of a stored object, and the record of who opened it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum

from media_core.documents import permissions
from media_core.documents.folders import Folder
from media_core.ledger.models import StoredObject
from media_core.rows import TenantModel, TenantRowManager, TenantRowQuerySet
from tenants.people.identity import Member
from tenants.people.models import Role


class Holding(NamedTuple):
    """How many documents, and how many bytes they have together."""

    documents: int = 0
    size_bytes: int = 0


class DocumentQuerySet(TenantRowQuerySet["Document"]):
    def update(self, **after: Any) -> int:
        """Change documents, and return how many. The revision of each rises by one; what is private shows nothing."""
        if after.get("visibility") == Document.Visibility.PRIVATE:
            after["shows_original"] = False
        return super().update(revision=F("revision") + 1, **after)

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

    def untrashed(self) -> Self:
        return self.filter(trash_entry=None)

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


class TrashEntryQuerySet(TenantRowQuerySet["TrashEntry"]):
    def visible_to(self, member: Member) -> Self:
        """Return what this member finds in the trash. Of folders that were restricted then, or are now, admins do."""
        found = self.filter(condemned_at=None)
        if member.role == Role.ADMIN:
            return found
        place = Q(place=None) | permissions.readable_paths(member, path="place__path")
        return found.filter(place, was_restricted=False)

    def due(self, now: datetime) -> Self:
        """Return what has been in the trash for TRASH_DAYS, or is not to wait for that."""
        is_old = Q(trashed_at__lte=now - timedelta(days=settings.TRASH_DAYS))
        return self.filter(is_old | Q(condemned_at__isnull=False))


class TrashEntry(TenantModel):
    """A document or a folder in the trash, with everything in it: nobody finds it elsewhere until it is restored.

    What it holds points to it, and keeps its place among the folders.
    """

    title = models.CharField(max_length=200)
    is_folder = models.BooleanField(default=False)
    # The folder in which it lay, which may be in the trash too; None is the top.
    place = models.ForeignKey(
        Folder, on_delete=models.PROTECT, null=True, related_name="trash_entries"
    )
    # That folder was purged since, and `place` is the one in which it lay.
    lost_its_place = models.BooleanField(default=False)
    was_restricted = models.BooleanField()
    trashed_by_id = models.UUIDField()
    trashed_by_name = models.CharField(max_length=200)
    trashed_at = models.DateTimeField(auto_now_add=True)
    # When its purge began or was asked for: from then on nobody finds it, and it cannot be restored.
    condemned_at = models.DateTimeField(null=True)

    objects = TenantRowManager.from_queryset(TrashEntryQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(TenantModel.Meta):
        ordering = ["-trashed_at", "id"]
        indexes = [models.Index(fields=["-trashed_at", "id"], name="trash_entry_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def purge_due_at(self) -> datetime:
        """When it is removed for good."""
        return self.trashed_at + timedelta(days=settings.TRASH_DAYS)


class Document(TenantModel):
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
    # Rises by one with every change, so that nobody changes what they have not seen.
    revision = models.PositiveIntegerField(default=1)
    # The bytes as they were uploaded, under private/.
    original = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="document")
    # What the public gets: the same bytes under media/, or a photo without its location. None while nothing is public.
    public_copy = models.OneToOneField(
        StoredObject, on_delete=models.PROTECT, null=True, related_name="published_document"
    )
    # Whether the public gets the original, by a link of the gateway: where a copy would be of no use.
    shows_original = models.BooleanField(default=False)
    # In the trash it is private, and nobody finds it in its folder.
    trash_entry = models.ForeignKey(
        TrashEntry, on_delete=models.PROTECT, null=True, related_name="documents"
    )
    # People live in the public schema and may leave: who it was is written down, not referred to.
    created_by_id = models.UUIDField()
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantRowManager.from_queryset(DocumentQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(TenantModel.Meta):
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
            # What is taken down is public and has no copy: it shows nothing either.
            models.CheckConstraint(
                name="document_shows_one_thing",
                condition=models.Q(shows_original=False)
                | models.Q(visibility="public", public_copy=None),
            ),
            models.CheckConstraint(
                name="document_in_trash_is_private",
                condition=models.Q(trash_entry=None) | models.Q(visibility="private"),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_served_to_public(self) -> bool:
        """Whether the public gets something of it now: a copy, or the original."""
        return self.public_copy_id is not None or self.shows_original


class Version(TenantModel):
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

    class Meta(TenantModel.Meta):
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="version_number_once", fields=["document", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.file_name}, version {self.number}"


class AccessEvent(TenantModel):
    """Somebody was given a link to a document. Kept when the document is gone, so it refers to nothing."""

    document_id = models.UUIDField(db_index=True)
    document_name = models.CharField(max_length=200)
    person_id = models.UUIDField(null=True)
    person_name = models.CharField(max_length=120, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        ordering = ["-at", "id"]

    def __str__(self) -> str:
        return f"{self.person_name or 'anonymous'} opened {self.document_name}"
