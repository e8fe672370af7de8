"""Who may do what with documents. The only module that decides; `None` is a stranger."""

from typing import TYPE_CHECKING, NewType

from django.db.models import Q

from tenants.binding import bound_tenant
from tenants.errors import RoleRequired
from tenants.people.identity import Member
from tenants.people.models import Membership, Role

if TYPE_CHECKING:
    from media_core.documents.models import Document

UPLOADERS = frozenset({Role.ADMIN, Role.EDITOR})


def may_read(member: Member | None, document: "Document") -> bool:
    """A member reads every document of the tenant; a stranger only what is public."""
    return member is not None or document.visibility == "public"


def readable(member: Member | None) -> Q:
    """Return `may_read` as a condition on documents. A test holds the two together."""
    return Q() if member is not None else Q(visibility="public")


# A member of whom it was asked. The upload's flow takes nothing else, so it cannot be reached without asking.
Uploader = NewType("Uploader", Member)


def may_upload(member: Member) -> bool:
    """Admins and editors add documents; viewers read."""
    return member.role in UPLOADERS


def confirm_uploader(uploader: Uploader) -> None:
    """Refuse (RoleRequired) one who was removed, or lost the role, while the bytes came. One query."""
    roles = Membership.objects.filter(
        person=uploader.person_id,
        tenant=bound_tenant().id,
        role__in=UPLOADERS,
        person__is_active=True,
    )
    if not roles.exists():
        raise RoleRequired


def required_uploader(member: Member) -> Uploader:
    """Return the member as one who may upload; refuse (RoleRequired) one who may not."""
    if not may_upload(member):
        raise RoleRequired
    return Uploader(member)
