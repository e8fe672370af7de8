"""Which versions of a tenant's schema this code knows and serves. It asks no database.

A version is the last migration of each tenant app: `media_core.0002_… stamp.0001_initial`. What a tenant has is noted
in its row, so that a request is decided by comparing two texts. Code and schema need not be the same: `migrations/
__init__.py` of each tenant app says how far they may be apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TypeAlias

from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

Node: TypeAlias = tuple[str, str]

# What comes before an app's first migration, as Django calls it: the app is not there.
ZERO = "zero"


@dataclass(frozen=True, slots=True)
class AppVersions:
    """What this code has to say of one tenant app's migrations."""

    last: str
    known: frozenset[str]
    # Tenants with these as their last migration are served by this code.
    served_migrations: frozenset[str]
    # The oldest code that serves tenants at `last`, by the last migration that it knows.
    oldest_code: str


@cache
def load_migrations() -> MigrationLoader:
    """Return the migrations of this code as a graph."""
    return MigrationLoader(None)


def list_tenant_app_labels() -> list[str]:
    """Return the labels of the apps whose tables stand in every tenant's schema."""
    return sorted(
        config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS
    )


@cache
def get_app_versions() -> dict[str, AppVersions]:
    """Return what this code knows of each tenant app that has migrations."""
    leaves = [
        node
        for label in list_tenant_app_labels()
        for node in load_migrations().graph.leaf_nodes(label)
    ]
    return {label: _build_app_versions(label, last) for label, last in leaves}


def _build_app_versions(label: str, last: str) -> AppVersions:
    disk = {name for app, name in load_migrations().disk_migrations if app == label}
    return AppVersions(
        last=last,
        known=frozenset({*disk, ZERO}),
        served_migrations=frozenset(
            {last, *_list_migrations_since(label, read_declaration(label, "OLDEST_SCHEMA") or last)}
        ),
        oldest_code=read_declaration(label, "OLDEST_CODE") or last,
    )


def read_declaration(label: str, name: str) -> str:
    """Return what the app's migrations/__init__.py says under this name; nothing when it does not."""
    module, _ = MigrationLoader.migrations_module(label)
    return str(getattr(import_module(module), name, "")) if module else ""


def _list_migrations_since(label: str, oldest: str) -> Iterable[str]:
    """Yield the app's migrations from this one on. A squashed one is also called by the last that it replaces."""
    graph = load_migrations().graph
    if oldest == ZERO:
        yield ZERO
    for node, migration in graph.nodes.items():
        if node[0] == label and (oldest == ZERO or (label, oldest) in graph.forwards_plan(node)):
            yield node[1]
            yield from [name for app, name in migration.replaces if app == label][-1:]


@cache
def get_schema_version() -> str:
    """Return the version of a tenant's schema in this code: the last migration of each tenant app."""
    return " ".join(f"{label}.{app.last}" for label, app in get_app_versions().items())


@cache
def get_oldest_code() -> str:
    """Return the oldest code that serves a tenant of this code's version; noted beside the version."""
    return " ".join(f"{label}.{app.oldest_code}" for label, app in get_app_versions().items())


def find_version_problem(version: str, oldest: str) -> str:
    """Return why this code cannot serve a tenant that is noted like this, or "" when it can.

    Behind this code: while it is in the range that this code declares. Ahead of it: when the newer code has declared,
    and noted as `oldest`, that this one still serves. No query; for a current tenant one comparison.
    """
    if version == get_schema_version():
        return ""
    return explain_version_mismatch(version, oldest, get_app_versions())


ABSENT_APP = AppVersions(ZERO, frozenset({ZERO}), frozenset({ZERO}), ZERO)


def explain_version_mismatch(version: str, oldest: str, code: Mapping[str, AppVersions]) -> str:
    """Return why code that knows these apps cannot serve a tenant that is noted like this, or ""."""
    if not version:
        return "its version is not noted"
    noted, serving = parse_version(version), parse_version(oldest)
    found = (
        _explain_app_mismatch(
            label, code.get(label, ABSENT_APP), noted.get(label, ZERO), serving.get(label, "")
        )
        for label in sorted({*code, *noted})
    )
    return "; ".join(filter(None, found))


def _explain_app_mismatch(label: str, app: AppVersions, at: str, oldest: str) -> str:
    if at in app.served_migrations:
        return ""
    if at in app.known:
        return f"{label} is at {at}, which this code ({app.last}) does not serve"
    if oldest in app.known:
        return ""
    needed = f"code of {oldest} or newer" if oldest else "newer code"
    return f"{label} is at {at}, which needs {needed}; this is {app.last}"


def parse_version(version: str) -> dict[str, str]:
    """Return the migrations of a version by their apps. Two of one app are one that nobody knows.

    >>> parse_version("media_core.0002_b stamp.0001_a stamp.0001_b")
    {'media_core': '0002_b', 'stamp': '0001_a+0001_b'}
    """
    found: dict[str, str] = {}
    for part in version.split():
        label, _, name = part.partition(".")
        found[label] = f"{found[label]}+{name}" if label in found else name
    return found


def is_ahead(version: str) -> bool:
    """Return whether a version has a migration that this code does not know."""
    known = get_app_versions()
    return any(
        name not in known.get(label, ABSENT_APP).known
        for label, name in parse_version(version).items()
    )


def describe_version_state(version: str, oldest: str) -> str:
    """Return how a tenant stands to this code in words for a list: current, behind, ahead; and whether it is served."""
    if version == get_schema_version():
        return "current"
    where = "unknown" if not version else "ahead" if is_ahead(version) else "behind"
    return f"{where}, not served" if find_version_problem(version, oldest) else where


def compute_version(applied: Sequence[Node]) -> str:
    """Return the version that these migrations of tenant apps make, in the order in which they were applied.

    What this code does not know is newer when it was applied last, and else was squashed or removed since.
    """
    nodes = load_migrations().graph.nodes
    last: list[Node] = []
    for label in sorted({label for label, _ in applied}):
        own = [node for node in applied if node[0] == label]
        last += (
            [node for node in own if _is_last_applied(node, own)] if own[-1] in nodes else own[-1:]
        )
    return " ".join(".".join(node) for node in last)


def _is_last_applied(node: Node, applied: Iterable[Node]) -> bool:
    """Return whether none of the app's own migrations after this one is applied."""
    known = load_migrations().graph.node_map.get(node)
    after = {child.key for child in known.children if child.key[0] == node[0]} if known else None
    return after is not None and not after & set(applied)
