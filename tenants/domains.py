"""Which tenant a host leads to, and where the hosts of ours are reached."""

import secrets
import time
from collections import OrderedDict
from threading import Lock
from uuid import UUID

from django.conf import settings

from tenants.errors import HostRefused
from tenants.host_names import normalize_host
from tenants.models import Domain, Tenant
from tenants.sql_statements import Statement, compile_queryset, list_columns, run_statement

CACHE_SECONDS = 10.0
MAX_KNOWN = 20_000
# Strangers choose unknown hosts: theirs must not push the known ones out, nor fill the memory.
MAX_UNKNOWN = 2_000
TENANT_COLUMNS = list_columns(Tenant)


class HostCache:
    """What hosts led to, for at most CACHE_SECONDS. One per process, shared by its threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, Tenant]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._statement: Statement | None = None
        self._lock = Lock()
        self._changes = 0

    def find(self, host: str) -> Tenant | None:
        """Return the tenant of an active domain, or None. One query when the answer is not cached.

        The tenant is shared between requests: read it, never save it.
        """
        now = time.monotonic()
        known = self._known.get(host)
        if known and known[0] > now:
            return known[1]
        if self._unknown.get(host, 0.0) > now:
            return None
        changes = self._changes
        tenant = self._query_tenant(host)
        with self._lock:
            # An answer from before a change must not outlive it.
            if changes == self._changes:
                self._remember(host, tenant, now + CACHE_SECONDS)
        return tenant

    def _query_tenant(self, host: str) -> Tenant | None:
        if self._statement is None:
            # Written once, by the ORM: with many hosts it is asked often.
            made_up = {"host": secrets.token_hex(16)}
            rows = Domain.objects.active().filter(domain=made_up["host"]).order_by()
            columns = [f"tenant__{name}" for name in TENANT_COLUMNS]
            self._statement = compile_queryset(rows.values_list(*columns), made_up)
        found = run_statement(self._statement.sql, self._statement.build_parameters({"host": host}))
        return Tenant.from_db("default", TENANT_COLUMNS, found[0]) if found else None

    def _remember(self, host: str, tenant: Tenant | None, until: float) -> None:
        self._known.pop(host, None)
        self._unknown.pop(host, None)
        if tenant:
            self._known[host] = (until, tenant)
        else:
            self._unknown[host] = until
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        if len(self._unknown) > MAX_UNKNOWN:
            self._unknown.popitem(last=False)

    def forget(self) -> None:
        """Forget everything: this process has just changed a domain or a tenant."""
        with self._lock:
            self._changes += 1
            self._known.clear()
            self._unknown.clear()

    def __len__(self) -> int:
        return len(self._known) + len(self._unknown)


host_cache = HostCache()


def find_tenant_by_host(raw_host: str) -> Tenant | None:
    """Return the tenant that a Host header leads to, or None. At most one query, cached for 10 s."""
    try:
        return host_cache.find(normalize_host(raw_host))
    except HostRefused:
        return None


def find_primary_domain(tenant_id: UUID) -> str:
    """Return the host that people of a tenant are led to: the primary one, else the first that is active.

    Empty when no domain of the tenant is active. One query.
    """
    active = Domain.objects.active().filter(tenant=tenant_id).order_by("-is_primary", "domain")
    return active.values_list("domain", flat=True).first() or ""


def build_origin(host: str) -> str:
    """Return scheme, host and port of one of our hosts, as browsers reach it. Nothing of a request is in it.

    Without HTTPS, on somebody's own machine, HTTP_PORT is part of it.
    """
    if settings.HTTPS_ONLY:
        return f"https://{host}"
    return f"http://{host}:{settings.HTTP_PORT}" if settings.HTTP_PORT else f"http://{host}"
