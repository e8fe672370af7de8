"""Which tenant this thread of work is for. Everything that touches a tenant's rows or bytes asks here.

A binding sets a ContextVar and the database connection together, and fails closed: with none, with one that
disagrees with the connection, or with a tenant that may not be served, `bound_tenant` raises.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import partial
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db import connection as django_connection
from django_tenants.utils import get_public_schema_name

from tenants.database.proof import database_proof
from tenants.errors import (
    BindingDisagrees,
    NoTenantBound,
    SchemaNotServed,
    TenantSuspended,
)
from tenants.log_context import tenant_in_log
from tenants.models import Tenant
from tenants.schema_versions import find_version_problem


class Agency(Enum):
    """The other thing a request can be for: the agency's own host, which sees no tenant's content."""

    HOST = "agency"


# django-tenants adds schema_name, set_tenant and the like.
connection: Any = django_connection

AGENCY: Final = Agency.HOST
Binding: TypeAlias = Tenant | Literal[Agency.HOST]

_binding: ContextVar[Binding | None] = ContextVar("bound", default=None)
_allows_suspended: ContextVar[bool] = ContextVar("unserved", default=False)


class _ThreadConnection(threading.local):
    """This thread's own connection, found once per binding: Django's way to it costs more than all else asked here."""

    connection: Any = None


_thread_connection = _ThreadConnection()

# PostgreSQL knows an advisory lock by a signed number of eight bytes.
LOCK_BYTES = 8

# The throttle of sign-in counts a person's tries over all hosts together.
SHARED_CACHE_KEY_PREFIXES = ("allauth:rl:",)


@contextmanager
def bind_tenant(tenant: Tenant, *, even_suspended: bool = False) -> Iterator[Tenant]:
    """Work for `tenant` inside the block; whatever was bound before is bound again after it.

    Raises DatabaseNotProved as long as connections may be mixed up with others'.

    `even_suspended` is for the keeper's own work on a tenant that is not served: it never issues links.
    Raises SchemaNotServed when this code does not fit the tenant's tables: that nobody can work with, the keeper
    neither. One SET on the connection, with the first statement inside.
    """
    if why := find_version_problem(tenant.schema_version, tenant.oldest_code):
        raise SchemaNotServed(
            f"{tenant.location_prefix}: {why}. Look at manage.py migrate_tenants --dry-run."
        )
    with _bind(tenant, even_suspended=even_suspended):
        yield tenant


@contextmanager
def bind_agency() -> Iterator[None]:
    """Work for the agency's own host inside the block: public schema, no tenant."""
    with _bind(AGENCY):
        yield


@contextmanager
def _bind(to: Binding, *, even_suspended: bool = False) -> Iterator[None]:
    # Whatever is no tenant fails here, before anything is set.
    whose = "agency" if to is AGENCY else str(to.id)
    database_proof.require()
    # Found once: Django's way to it costs more than what is set.
    here: Any = connections[DEFAULT_DB_ALIAS]
    previous, before = here.tenant, _thread_connection.connection
    token, unserved = _binding.set(to), _allows_suspended.set(even_suspended)
    in_log = tenant_in_log.set(whose)
    try:
        _set_connection_schema(here, to)
        yield
    finally:
        tenant_in_log.reset(in_log)
        _allows_suspended.reset(unserved)
        _binding.reset(token)
        here.set_tenant(previous)
        _thread_connection.connection = before


def forget_binding() -> None:
    """Bind nothing, and point this thread's connection at the public schema: for threads that many jobs share."""
    _binding.set(None)
    _allows_suspended.set(False)
    _thread_connection.connection = None
    if connection.schema_name != get_public_schema_name():
        connection.set_schema_to_public()


def capture_binding() -> Callable[[], AbstractContextManager[None]]:
    """Return what binds the bound tenant to the connection that this thread has then, in the place of this one."""
    return partial(_bind, bound_tenant_even_suspended(), even_suspended=_allows_suspended.get())


def _set_connection_schema(here: Any, to: Binding) -> None:
    _thread_connection.connection = here
    if to is AGENCY:
        here.set_schema_to_public()
    else:
        here.set_tenant(to)


def bound_tenant() -> Tenant:
    """Return the tenant this work is for.

    Raises NoTenantBound, BindingDisagrees when the connection points elsewhere, or TenantSuspended. No query.
    """
    tenant = bound_tenant_even_suspended()
    if not (tenant.is_served or _allows_suspended.get()):
        raise TenantSuspended
    return tenant


def bound_tenant_even_suspended() -> Tenant:
    """Return the bound tenant, for those who must know it also when nothing of it is served."""
    tenant = get_binding()
    if tenant is AGENCY:
        raise NoTenantBound
    # A thread that took over another's context has bound nothing itself: its connection is asked by Django's way.
    if (_thread_connection.connection or connection).schema_name != tenant.schema_name:
        raise BindingDisagrees
    return tenant


def get_binding() -> Binding:
    """Return the tenant, or AGENCY, whichever this work is for. Raises NoTenantBound when neither is."""
    what = _binding.get()
    if what is None:
        raise NoTenantBound
    return what


def get_bound_tenant_id() -> UUID | None:
    """Return the bound tenant's id, or None on the agency's host: where a session belongs."""
    return None if get_binding() is AGENCY else bound_tenant_even_suspended().id


@contextmanager
def lock_tenant() -> Iterator[None]:
    """Keep every other block of this kind for the bound tenant waiting. Not for requests: it waits without end.

    The lock is the connection's, so it ends with the process, however that ends. Two statements.
    """
    lock = _compute_lock_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])


@contextmanager
def try_lock_tenant() -> Iterator[bool]:
    """Do the same without waiting; yield whether the block has its turn."""
    lock = _compute_lock_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])


def _compute_lock_id() -> int:
    return int.from_bytes(bound_tenant().id.bytes[:LOCK_BYTES], signed=True)


def on_commit(work: Callable[[], object]) -> None:
    """Do `work` after the transaction, bound to the tenant that is bound now.

    Django's own on_commit runs when the outermost block ends, by when another tenant, or none, is bound.
    """
    transaction.on_commit(
        partial(_run_bound, bound_tenant(), work, even_suspended=_allows_suspended.get())
    )


def _run_bound(tenant: Tenant, work: Callable[[], object], *, even_suspended: bool) -> None:
    with bind_tenant(tenant, even_suspended=even_suspended):
        work()


def make_cache_key(key: str, key_prefix: str, version: int) -> str:
    """Return Django's cache key with the tenant in it; raises NoTenantBound when there is none."""
    if key.startswith(SHARED_CACHE_KEY_PREFIXES):
        return f"shared:{key_prefix}:{version}:{key}"
    return f"{bound_tenant().id}:{key_prefix}:{version}:{key}"
