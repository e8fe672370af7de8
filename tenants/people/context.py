"""What every page of a tenant says of agency staff: to a visitor that they are one, to admins who visits."""

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tenants.people.identity import VisitFacts, member_of, session_row
from tenants.people.models import Role


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks at a tenant's page, as far as its frame must know."""

    name: str = ""
    role: str = ""
    is_admin: bool = False
    visit: VisitFacts | None = None
    visiting: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)


def frame(request: HttpRequest) -> dict[str, object]:
    """Return `asker` for every template. Nothing is asked until a page uses it, and then no further query.

    No view may call anything of its own so: its page would lose the notice of visits.
    """
    return {"asker": SimpleLazyObject(lambda: here(request))}


def here(request: HttpRequest) -> Here:
    """Return what the page's frame says to who asks; to a stranger nothing."""
    member, row = member_of(request), session_row(request)
    if member is None or row is None:
        return Here()
    if member.role != Role.ADMIN:
        return Here(member.name, member.role, visit=member.visit)
    return Here(member.name, member.role, is_admin=True, visiting=row.visiting, asking=row.asking)
