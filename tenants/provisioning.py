"""A tenant's life so far: create, rename, suspend, resume, and the domains that lead to it.

Each is one transaction over the rows; check and act are one step, so two at once cannot both win.
"""

from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery

from tenants.binding import bind_agency, connection
from tenants.domains import host_cache
from tenants.errors import HostRefused, HostTaken, PrefixTaken, TenantNotFound, TenantRefused
from tenants.host_names import normalize_host
from tenants.models import (
    MAX_PRESIGN_SECONDS,
    Domain,
    DomainQuerySet,
    PrefixReservation,
    Quota,
    Tenant,
    TenantQuerySet,
)
from tenants.names import clean_name
from tenants.people.models import Session
from tenants.prefixes import overlaps, validate_location_prefix
from tenants.schema_versions import get_oldest_code, get_schema_version
from tenants.schemas.creation import create_schema, get_or_create_recording
from tenants.tenant_limits import TenantLimits, clean_limits


def create_tenant(
    *,
    name: str,
    location_prefix: str,
    domain: str,
    presign_seconds: int | None = None,
    limits: TenantLimits | None = None,
) -> Tenant:
    """Return a new active tenant with room, schema and an active domain: all of it, or nothing.

    Raises PrefixRefused, PrefixTaken, HostRefused, HostTaken, NameRefused or TenantRefused.
    No bucket request.
    """
    limits = clean_limits(limits or TenantLimits())
    tenant = Tenant(
        name=clean_name(name),
        location_prefix=validate_location_prefix(location_prefix),
        presign_seconds=validate_presign_seconds(presign_seconds),
        upload_max_bytes=limits.upload_max_bytes,
        file_groups=list(limits.file_groups),
        versions_kept=limits.versions_kept,
        schema_version=get_schema_version(),
        oldest_code=get_oldest_code(),
    )
    host = clean_tenant_host(domain)
    recording = get_or_create_recording()
    try:
        with bind_agency(), transaction.atomic():
            _lock_reservations()
            tenant.save(force_insert=True)
            PrefixReservation.objects.create(prefix=location_prefix, tenant=tenant)
            Quota.objects.create(tenant=tenant, quota_bytes=limits.quota_bytes)
            Domain.objects.create(
                domain=host, tenant=tenant, state=Domain.State.ACTIVE, is_primary=True
            )
            create_schema(tenant.schema_name, tenant.id, recording)
    except IntegrityError as error:
        raise _translate_integrity_error(error, location_prefix, host) from error
    host_cache.forget()
    return tenant


def _lock_reservations() -> None:
    """Wait for whoever takes a room right now. Two on overlapping rooms would else wait for each other: a deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE tenants_prefixreservation IN SHARE ROW EXCLUSIVE MODE")


def _translate_integrity_error(error: IntegrityError, prefix: str, host: str) -> Exception:
    """Return what the database's refusal means, by the name of the constraint that spoke."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    if "domain" in constraint:
        return HostTaken(f"{host!r}: choose another host, or remove it from its tenant first.")
    if "prefix" in constraint:
        taken = next(
            (row.prefix for row in PrefixReservation.objects.all() if overlaps(row.prefix, prefix)),
            "another",
        )
        return PrefixTaken(
            f"{prefix!r} overlaps {taken!r}: "
            "choose a prefix that is not equal to, under or above it."
        )
    return error


def validate_presign_seconds(seconds: int | None) -> int | None:
    """Return the lifetime of a tenant's links in seconds; None takes the deployment's."""
    if seconds is not None and not 1 <= seconds <= MAX_PRESIGN_SECONDS:
        raise TenantRefused(
            f"A link cannot live {seconds} seconds: give 1 to {MAX_PRESIGN_SECONDS}."
        )
    return seconds


def clean_tenant_host(raw: str) -> str:
    """Return the host as it is stored; the agency's own host leads to no tenant."""
    host = normalize_host(raw)
    if host == normalize_host(settings.AGENCY_HOST):
        raise HostRefused(f"{host!r} is the agency's own host (AGENCY_HOST).")
    return host


def find_tenant(reference: str) -> Tenant:
    """Return the tenant that a person means: by id, location prefix, domain or exact name.

    Raises TenantNotFound, or TenantRefused when a name fits several.
    """
    known = (
        Q(location_prefix=f"{reference.rstrip('/')}/")
        | Q(domains__domain=_try_normalize_host(reference))
        | Q(name=reference)
    )
    if _is_uuid(reference):
        known = Q(id=reference)
    found = list(Tenant.objects.filter(known).distinct())
    if not found:
        raise TenantNotFound(f"{reference!r}: `manage.py tenant list` shows all of them.")
    if len(found) > 1:
        ids = ", ".join(str(tenant.id) for tenant in found)
        raise TenantRefused(f"{reference!r} fits {len(found)} tenants; name one by its id: {ids}.")
    return found[0]


def _try_normalize_host(reference: str) -> str:
    try:
        return normalize_host(reference)
    except HostRefused:
        return ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def list_tenants(*, query: str = "", status: str = "") -> TenantQuerySet:
    """Return the tenants with this in name, prefix or a domain, and with this status; "" is any.

    Each has `primary_domain`, `member_count` and its quota. One query, also for thousands.
    """
    domains = Domain.objects.filter(tenant=OuterRef("pk"))
    found: TenantQuerySet = Tenant.objects.annotate(
        primary_domain=Subquery(domains.filter(is_primary=True).values("domain")[:1]),
        member_count=Count("memberships"),
    )
    found = found.select_related("quota").order_by("name", "id")
    if query:
        found = found.filter(
            Q(name__icontains=query)
            | Q(location_prefix__icontains=query)
            | Exists(domains.filter(domain__icontains=query))
        )
    return found.filter(status=status) if status else found


def rename_tenant(tenant: Tenant, name: str) -> None:
    """Give the tenant another name. Its prefix, schema and links stay."""
    Tenant.objects.filter(pk=tenant.pk).update(name=clean_name(name))
    host_cache.forget()


def set_presign_seconds(tenant: Tenant, seconds: int | None) -> None:
    """Say how long the tenant's links live from now on; None takes the deployment's."""
    Tenant.objects.filter(pk=tenant.pk).update(presign_seconds=validate_presign_seconds(seconds))
    host_cache.forget()


def set_requires_consent(tenant: Tenant, *, required: bool) -> bool:
    """Say whether agency staff wait for an admin's consent before they enter; return whether that is new."""
    other = Tenant.objects.filter(pk=tenant.pk, requires_consent=not required)
    changed = other.update(requires_consent=required)
    host_cache.forget()
    return bool(changed)


def get_longest_link_seconds(tenant: Tenant) -> int:
    """Return how long a link given out now may live: audio and video have an hour by default."""
    return int(tenant.presign_seconds or MAX_PRESIGN_SECONDS)


def suspend_tenant(tenant: Tenant) -> bool:
    """Stop serving the tenant; return False when it was suspended already.

    Other processes hear of it within 10 s; the query that opens a document asks the row itself.
    A link that was given before lives until it expires. Visits of agency staff are over, also when it is resumed.
    """
    changed = _change_status(tenant, Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED)
    Session.objects.filter(tenant=tenant, visit__isnull=False).delete()
    return changed


def resume_tenant(tenant: Tenant) -> bool:
    """Serve the tenant again; return False when it was served already."""
    return _change_status(tenant, Tenant.Status.SUSPENDED, Tenant.Status.ACTIVE)


def _change_status(tenant: Tenant, before: Tenant.Status, after: Tenant.Status) -> bool:
    changed = Tenant.objects.filter(pk=tenant.pk, status=before).update(status=after)
    host_cache.forget()
    return bool(changed)


def add_domain(tenant: Tenant, raw_host: str, *, active: bool = False) -> Domain:
    """Return a new domain of the tenant: pending, or active. Raises HostRefused or HostTaken."""
    host = clean_tenant_host(raw_host)
    state = Domain.State.ACTIVE if active else Domain.State.PENDING
    try:
        with transaction.atomic():
            domain = Domain.objects.create(domain=host, tenant=tenant, state=state)
    except IntegrityError as error:
        raise _translate_integrity_error(error, "", host) from error
    host_cache.forget()
    return domain


def activate_domain(tenant: Tenant, raw_host: str) -> None:
    """Let the domain lead to the tenant from now on."""
    _require_domain(tenant, raw_host).update(state=Domain.State.ACTIVE)
    host_cache.forget()


def make_domain_primary(tenant: Tenant, raw_host: str) -> None:
    """Make an active domain the one that is shown and mailed. Of two at once the later one stays."""
    with transaction.atomic():
        # The tenant's row is what two of these wait for.
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        found = _require_domain(tenant, raw_host)
        if not found.active().exists():
            raise HostRefused(f"{raw_host!r} is pending: activate it first.")
        Domain.objects.filter(tenant=tenant, is_primary=True).update(is_primary=False)
        found.update(is_primary=True)


def remove_domain(tenant: Tenant, raw_host: str) -> None:
    """Let the domain lead nowhere. The primary one stays: make another primary first."""
    found = _require_domain(tenant, raw_host)
    if not found.filter(is_primary=False).delete()[0]:
        raise HostRefused(f"{raw_host!r} is the primary domain: make another one primary first.")
    host_cache.forget()


def _require_domain(tenant: Tenant, raw_host: str) -> DomainQuerySet:
    found = Domain.objects.filter(tenant=tenant, domain=normalize_host(raw_host))
    if not found.exists():
        raise HostRefused(
            f"{raw_host!r} is no domain of this tenant: `manage.py tenant show` lists them."
        )
    return found
