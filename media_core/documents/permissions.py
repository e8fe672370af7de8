"""Who may do what with documents and folders. The only module that decides; `None` is a stranger."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NewType
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest

from media_core.documents.app_readers import load_app_readers
from tenants.binding import bound_tenant
from tenants.errors import NotFound, RoleRequired, SignInRequired
from tenants.people.identity import Member
from tenants.people.models import Membership, Role
from tenants.people.visits import may_still_write

if TYPE_CHECKING:
    from media_core.documents.folders import Folder
    from media_core.documents.models import Document

EDITORS = frozenset({Role.ADMIN, Role.EDITOR})
# How an app says no, besides False. Any other error of its own goes up: it is no answer.
REFUSALS = (ObjectDoesNotExist, PermissionDenied, Http404, NotFound, RoleRequired, SignInRequired)


def match_closed_folders(member: Member) -> "QuerySet[Folder]":
    """Return the restricted folders that do not name this member. Admins find none closed; only members are named.

    Somebody who left and came back is not named any more: the name is older than the membership. To somebody of the
    agency all are closed: where the person is named, it is as a member.
    """
    folders = apps.get_model("media_core", "Folder").objects.order_by()
    if member.role == Role.ADMIN:
        return folders.none()
    if member.visit:
        return folders.filter(is_restricted=True)
    now_a_member = Membership.objects.filter(
        person=OuterRef("person_id"), tenant=bound_tenant().id, created_at__lte=OuterRef("added_at")
    )
    names_them: Any = apps.get_model("media_core", "FolderReader").objects.filter(
        Exists(now_a_member), folder=OuterRef("pk"), person_id=member.person_id
    )
    return folders.filter(~Exists(names_them), is_restricted=True)


def readable_folders(member: Member | None) -> Q:
    """Return `may_read_folder` as a condition on folders. A test holds the two together."""
    return Q(trash_entry=None) & readable_paths(member, path="path")


def readable_paths(member: Member | None, *, path: str) -> Q:
    """Return as a condition that no folder of `path` is closed to this member, be it in the trash or not."""
    if member is None:
        return Q(pk__in=[])
    if member.role == Role.ADMIN:
        # Not Q(): in a union with another condition Django drops an empty one, and admins would lose all folders.
        return Q(pk__isnull=False)
    return ~Q(**{f"{path}__overlap": ArraySubquery(match_closed_folders(member).values("pk"))})


def may_read_folder(member: Member | None, folder: "Folder") -> bool:
    """Restriction is inherited and only narrows: each restricted folder on the way must name the member.

    Nobody reads a folder in the trash.
    """
    if member is None or folder.trash_entry_id is not None:
        return False
    return not match_closed_folders(member).filter(pk__in=folder.path).exists()


def readable(member: Member | None) -> Q:
    """Return `may_read` as a condition on documents. A test holds the two together."""
    if member is None:
        return Q(visibility="public") & (Q(public_copy__isnull=False) | Q(shows_original=True))
    return Q(trash_entry=None) & (Q(folder=None) | readable_paths(member, path="folder__path"))


def may_read(member: Member | None, document: "Document") -> bool:
    """A member reads what lies in a folder that they may read; a stranger only what is public now."""
    if member is None:
        return document.visibility == "public" and document.is_served_to_public
    if document.trash_entry_id is not None:
        return False
    return document.folder is None or may_read_folder(member, document.folder)


def may_read_app_file(request: HttpRequest, name: str) -> bool:
    """Whom PRIVATE_MEDIA_READERS lets read an app's private file: all members, when it names nobody else to ask.

    Only True is a yes. Costs what it asks; members one query, which the request needs anyway.
    """
    try:
        return load_app_readers()(request, name) is True
    except REFUSALS:
        return False


def may_see_usage(member: Member) -> bool:
    """Only admins: a sum over the whole room tells of folders that others may not know of."""
    return member.role == Role.ADMIN


def may_be_public(folder: "Folder | None") -> bool:
    """Nothing in a restricted folder, or below one, becomes public, whoever asks. One query, none at the top."""
    if folder is None:
        return True
    folders = apps.get_model("media_core", "Folder").objects
    return not folders.filter(pk__in=folder.path, is_restricted=True).exists()


def readers(path: Sequence[UUID]) -> "QuerySet[Membership]":
    """Return the memberships of those who may read what lies at the end of `path`: `may_read_folder` for everybody.

    An empty path is the top, which every member reads. Of what is in the trash it says who reads it once it is
    restored. One query.
    """
    folders = apps.get_model("media_core", "Folder").objects.order_by()
    names_them: Any = apps.get_model("media_core", "FolderReader").objects.filter(
        folder=OuterRef("pk"),
        person_id=OuterRef(OuterRef("person_id")),
        added_at__gte=OuterRef(OuterRef("created_at")),
    )
    closed = folders.filter(~Exists(names_them), pk__in=list(path), is_restricted=True)
    return Membership.objects.filter(
        Q(role=Role.ADMIN) | ~Exists(closed), tenant=bound_tenant().id, person__is_active=True
    )


# A member of whom it was asked. What changes documents takes nothing else, so it cannot be reached without asking.
Editor = NewType("Editor", Member)
Admin = NewType("Admin", Editor)


def may_edit(member: Member) -> bool:
    """Admins and editors add and change documents; viewers read."""
    return member.role in EDITORS


def confirm_editor(editor: Editor) -> None:
    """Refuse (RoleRequired) one who was removed, lost the role or ended their visit while the bytes came. One query."""
    if editor.visit:
        if not may_still_write(editor.visit.id, editor.person_id):
            raise RoleRequired
        return
    _require_membership(editor, EDITORS)


def confirm_admin(admin: Admin) -> None:
    """Raise RoleRequired for one who was removed or lost the role meanwhile. One query."""
    _require_membership(admin, [Role.ADMIN])


def _require_membership(member: Member, roles: Collection[Role]) -> None:
    memberships = Membership.objects.filter(
        person=member.person_id,
        tenant=bound_tenant().id,
        role__in=roles,
        person__is_active=True,
    )
    if not memberships.exists():
        raise RoleRequired


def require_editor(member: Member) -> Editor:
    """Return the member as one who may add and change documents; refuse (RoleRequired) one who may not."""
    if not may_edit(member):
        raise RoleRequired
    return Editor(member)


def may_settle(member: Member) -> bool:
    """Admins say who reads which folder."""
    return member.role == Role.ADMIN


def require_admin(member: Member) -> Admin:
    """Return the member as one who may settle who reads what; refuse (RoleRequired) one who may not."""
    if not may_settle(member):
        raise RoleRequired
    return Admin(Editor(member))
