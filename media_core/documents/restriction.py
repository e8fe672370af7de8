"""Who reads a folder: everybody who reads the place, or only the members whom an admin names."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from media_core.audit.models import record_event
from media_core.documents.folders import Folder, find_folder
from media_core.documents.locks import lock_tree
from media_core.documents.moves import find_reader_ids, refuse_public_in, require_confirmed_widening
from media_core.documents.permissions import Admin
from media_core.documents.tree import refuse_taken_name
from media_core.errors import FolderRefused
from tenants.binding import bound_tenant
from tenants.people.models import Membership, Role

# Whoever names more wants a folder that is not restricted.
MAX_READERS = 500


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """A member on the list from which an admin names the readers of a folder."""

    member: Membership
    always_reads: bool
    is_named: bool
    is_kept_out: bool


def restrict_folder(
    *, folder_id: UUID, readers: Collection[UUID], admin: Admin, widens_to: int | None = None
) -> Folder:
    """Let only these members, beside the admins, read the folder and what is below it; with none, only admins.

    A folder above that is restricted holds as well: a name here lets in nobody who is kept out there. Raises NotFound,
    FolderRefused (public documents inside, somebody who is no member), or WideningNotConfirmed when a changed list lets
    more people in. A fixed number of statements, no request to the bucket.
    """
    with transaction.atomic():
        lock_tree()
        folder = find_folder(folder_id, admin)
        refuse_public_in(folder, "Nothing in a restricted folder is public")
        named = find_named_members(readers)
        before = find_reader_ids(folder.path)
        folder.restrict_to(named)
        require_confirmed_widening(before, find_reader_ids(folder.path), widens_to)
        record_event(
            admin,
            "restricted the folder",
            subject_id=folder.pk,
            subject=folder.name,
            detail="to " + ", ".join(["the admins", *(str(member.person) for member in named)]),
        )
    return folder


def lift_restriction(*, folder_id: UUID, admin: Admin, widens_to: int | None = None) -> Folder:
    """Let everybody read the folder who reads the place where it stands.

    Raises NotFound, FolderRefused (not restricted; its name is taken by a folder beside it) or WideningNotConfirmed.
    """
    with transaction.atomic():
        lock_tree()
        folder = find_folder(folder_id, admin)
        if not folder.is_restricted:
            raise FolderRefused(f"“{folder.name}” is not restricted.")
        before = find_reader_ids(folder.path)
        with refuse_taken_name(folder.name):
            folder.open_up()
        more = require_confirmed_widening(before, find_reader_ids(folder.path), widens_to)
        record_event(
            admin,
            "lifted the restriction of the folder",
            subject_id=folder.pk,
            subject=folder.name,
            detail=f"{more} more people may read it",
        )
    return folder


def count_widening_by_lifting(folder: Folder) -> int:
    """Return how many more people may read the folder once its restriction is lifted. Two queries."""
    return len(find_reader_ids(folder.path[:-1]) - find_reader_ids(folder.path))


def list_choices(folder: Folder) -> list[ReaderChoice]:
    """Return every member, and what the folder and those above it say about them now. Three queries."""
    above, named = find_reader_ids(folder.path[:-1]), find_reader_ids([folder.pk])
    return [
        ReaderChoice(
            member,
            always_reads=member.role == Role.ADMIN,
            is_named=folder.is_restricted and member.person_id in named,
            is_kept_out=member.person_id not in above,
        )
        for member in list_active_members()
    ]


def find_named_members(people: Collection[UUID]) -> list[Membership]:
    """Return the memberships of these people; refuse (FolderRefused) one who is no member, or an admin. One query."""
    if len(people) > MAX_READERS:
        raise FolderRefused(f"{len(people)} people were named; {MAX_READERS} is the most.")
    named = list(list_active_members().filter(person__in=list(people)).exclude(role=Role.ADMIN))
    if len(named) != len(set(people)):
        raise FolderRefused(
            "Somebody who was named is no member any more, or is an admin and reads it anyway: load the page again."
        )
    return named


def list_active_members() -> QuerySet[Membership]:
    """Return the members of the bound tenant with their people, by name."""
    return (
        Membership.objects.filter(tenant=bound_tenant().id, person__is_active=True)
        .select_related("person")
        .order_by("person__name", "person__email")
    )
