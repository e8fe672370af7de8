"""Who asks for a page, and what they may do on it. Every view begins here."""

from django.http import HttpRequest

from media_core.documents.permissions import (
    Admin,
    Editor,
    may_edit,
    may_settle,
    require_admin,
    require_editor,
)
from tenants.people.identity import Member, require_member

# Of no document: what is no number is compared, and refused.
NO_REVISION = 0
LONGEST_REVISION = 10


def identify_editor(request: HttpRequest) -> Editor:
    """Return who asks when they may change documents. Raises SignInRequired or RoleRequired."""
    return require_editor(require_member(request))


def identify_admin(request: HttpRequest) -> Admin:
    """Return who asks when they may settle who reads what. Raises SignInRequired or RoleRequired."""
    return require_admin(require_member(request))


def build_rights_context(member: Member) -> dict[str, object]:
    """Return what every page says of its reader, and which of its buttons they see."""
    return {"member": member, "may_edit": may_edit(member), "may_settle": may_settle(member)}


def read_seen_revision(request: HttpRequest) -> int | None:
    """Return the revision of the document that the person had before them; None when the form does not say."""
    given = request.POST.get("revision")
    if given is None:
        return None
    is_number = given.isascii() and given.isdecimal() and len(given) <= LONGEST_REVISION
    return int(given) if is_number else NO_REVISION
