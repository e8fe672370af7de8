"""What may come into a tenant's room, and how much of it stays: sizes, types, versions; and whose consent it takes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import transaction

from tenants.agency_audit import record_agency_event
from tenants.domains import host_cache
from tenants.errors import TenantRefused
from tenants.models import VERSIONS_KEPT, FileGroup, Quota, Tenant, list_proved_groups
from tenants.sizes import format_exact_size, format_size

# More than anybody counts; above it, all are kept.
MAX_VERSIONS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """What the agency chose for a tenant. None is no quota, the deployment's own largest file, and all versions."""

    quota_bytes: int | None = None
    upload_max_bytes: int | None = None
    file_groups: Sequence[str] = field(default_factory=list_proved_groups)
    versions_kept: int | None = VERSIONS_KEPT
    requires_consent: bool = False

    def describe(self) -> dict[str, str]:
        """Return each limit under the name of its option, as people read it."""
        return {
            "quota": "no limit"
            if self.quota_bytes is None
            else format_exact_size(self.quota_bytes),
            "max-upload": describe_upload_max(self.upload_max_bytes),
            "types": ",".join(self.file_groups),
            "versions": versions_in_words(self.versions_kept),
            "consent": "yes" if self.requires_consent else "no",
        }


def get_upload_max_bytes(tenant: Tenant) -> int:
    """Return the size of the largest file that the tenant takes: its own limit, and never above the deployment's."""
    most: int = settings.UPLOAD_MAX_BYTES
    return most if tenant.upload_max_bytes is None else min(most, tenant.upload_max_bytes)


def describe_file_groups(groups: Sequence[str]) -> str:
    """Return what a tenant takes as a list for people.

    >>> describe_file_groups(["pdf", "image", "video"])
    'PDF, pictures and video'
    """
    *first, last = [FileGroup(group).label for group in groups] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def describe_upload_max(upload_max_bytes: int | None) -> str:
    """Return the largest file as people read it; the deployment's own is said to be that."""
    if upload_max_bytes is None:
        return f"{format_exact_size(settings.UPLOAD_MAX_BYTES)}, as the deployment says"
    return format_exact_size(upload_max_bytes)


def versions_in_words(versions_kept: int | None) -> str:
    """Return how many versions of a document are kept, as the option takes it."""
    return "all" if versions_kept is None else str(versions_kept)


def clean_limits(limits: TenantLimits) -> TenantLimits:
    """Return limits that a tenant may have, its types in the order of FileGroup and each once; else TenantRefused."""
    most, chosen = settings.UPLOAD_MAX_BYTES, limits.upload_max_bytes
    if chosen is not None and not 1 <= chosen <= most:
        raise TenantRefused(
            f"A largest file of {format_exact_size(chosen)}: give 1 to {most} bytes. "
            f"The deployment takes no file above UPLOAD_MAX_BYTES, {format_exact_size(most)}."
        )
    if limits.versions_kept is not None and not 1 <= limits.versions_kept <= MAX_VERSIONS_KEPT:
        raise TenantRefused(
            f"{limits.versions_kept} versions: give 1 to {MAX_VERSIONS_KEPT}, or all."
        )
    if unknown := sorted(set(limits.file_groups) - set(FileGroup.values)):
        known = ", ".join(FileGroup.values)
        raise TenantRefused(f"{unknown[0]!r} is no type of files: give some of {known}.")
    if not limits.file_groups:
        raise TenantRefused("It would take no file at all: name at least one type.")
    return replace(limits, file_groups=[g for g in FileGroup.values if g in limits.file_groups])


def read_limits(tenant: Tenant) -> TenantLimits:
    """Return the tenant's limits as they are now. Two queries."""
    row = Tenant.objects.get(pk=tenant.pk)
    quota_bytes = Quota.objects.filter(tenant=tenant).values_list("quota_bytes", flat=True).first()
    return TenantLimits(
        quota_bytes,
        row.upload_max_bytes,
        list(row.file_groups),
        row.versions_kept,
        row.requires_consent,
    )


def change_limits(tenant: Tenant, *, dry_run: bool = False, **chosen: Any) -> list[str]:
    """Give the tenant other limits; return what changes, in words, and write it down. All of it, or nothing.

    A quota may be below what is kept: nothing is lost, and nothing more comes in. Raises TenantRefused.
    """
    with transaction.atomic():
        # The tenant's row is what two of these wait for.
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        before = read_limits(tenant)
        after = clean_limits(replace(before, **chosen))
        changes = _describe_changes(before, after)
        if changes and not dry_run:
            write_limits(tenant, after)
            record_agency_event(
                None, "the command line", "changed limits", tenant=tenant, detail="; ".join(changes)
            )
    host_cache.forget()
    return changes


def _describe_changes(before: TenantLimits, after: TenantLimits) -> list[str]:
    old, new = before.describe(), after.describe()
    return [f"{name}: {old[name]} → {new[name]}" for name in new if old[name] != new[name]]


def write_limits(tenant: Tenant, limits: TenantLimits) -> None:
    """Write the limits into the tenant's rows. A missing row of the quota is made. Up to three statements."""
    chosen = asdict(limits)
    quota = {"quota_bytes": chosen.pop("quota_bytes")}
    Tenant.objects.filter(pk=tenant.pk).update(**chosen)
    if not Quota.objects.filter(tenant=tenant).update(**quota):
        Quota.objects.create(tenant=tenant, **quota)


def find_quota(tenant: Tenant) -> Quota | None:
    """Return the tenant's quota and usage, or None where its row is missing: then nothing is taken in. One query."""
    return Quota.objects.filter(tenant=tenant).first()


def describe_quota_shortfall(quota: Quota) -> str:
    """Return in numbers how far the quota is below what is kept; empty when it is not."""
    over = 0 if quota.quota_bytes is None else quota.taken_bytes - quota.quota_bytes
    if over <= 0:
        return ""
    return (
        f"That is {format_size(over)} less than it keeps ({format_exact_size(quota.taken_bytes)}): "
        "nothing is lost, and nothing more comes in."
    )
