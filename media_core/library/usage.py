"""What a member may know of the room's limits: the page, and what the upload form says before anything is sent."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from media_core.documents.permissions import may_edit, may_see_usage
from media_core.ledger.used_bytes import read_storage_usage
from tenants.binding import bound_tenant
from tenants.errors import QuotaBroken
from tenants.models import Quota
from tenants.people.identity import Member, require_member
from tenants.quotas import read_quota
from tenants.tenant_limits import describe_file_groups, get_upload_max_bytes, versions_in_words


@dataclass(frozen=True, slots=True)
class VisibleUsage:
    """What a page says of the room.

    `quota` is for admins only. `fits_bytes` tells an editor that room is short, roughly: None as long as the largest
    file fits, so that what others store leaves no trace on the page.
    """

    largest_bytes: int
    types: str
    quota: Quota | None = None
    fits_bytes: int | None = None


def find_visible_usage(member: Member) -> VisibleUsage:
    """Return what this member may know before they upload. One query, none for a viewer."""
    tenant = bound_tenant()
    largest, types = get_upload_max_bytes(tenant), describe_file_groups(tenant.file_groups)
    if not may_edit(member):
        return VisibleUsage(largest, types)
    try:
        now = read_quota()
    except QuotaBroken:
        # Reading goes on; an upload is refused, and says why in the log.
        return VisibleUsage(largest, types, fits_bytes=0)
    if may_see_usage(member):
        return VisibleUsage(largest, types, quota=now)
    left = now.left_bytes
    is_short = left is not None and left < largest
    return VisibleUsage(largest, types, fits_bytes=round_down(left or 0) if is_short else None)


def round_down(size_bytes: int) -> int:
    """Return 1, 2 or 5 with zeros, at most this number: enough to choose a file by, too little to follow others by.

    >>> [round_down(number) for number in (0, 1, 3, 7, 1_999, 4_700_000)]
    [0, 1, 2, 5, 1000, 2000000]
    """
    if size_bytes < 1:
        return 0
    power: int = 10 ** (len(str(size_bytes)) - 1)
    return max(step * power for step in (1, 2, 5) if step * power <= size_bytes)


@require_safe
def show_limits(request: HttpRequest) -> HttpResponse:
    """What may come in here; to admins how much of the quota is left, and what holds it. Up to two queries."""
    member = require_member(request)
    room = find_visible_usage(member)
    parts = read_storage_usage() if room.quota else None
    context = {
        "tenant": bound_tenant(),
        "member": member,
        "room": room,
        "kept": parts,
        "versions": versions_in_words(bound_tenant().versions_kept),
    }
    return render(request, "library/limits.html", context)
