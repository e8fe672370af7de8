"""The step from an older version of a tenant's schema to this code's: recorded once, replayed for every tenant."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import DatabaseError
from django.db.migrations import Migration

from tenants.replay import why_not_replayed
from tenants.schemas import SchemaIsNamed, record
from tenants.versions import Node, loader, named, tenant_app_labels


@dataclass(frozen=True, slots=True)
class Step:
    """What brings a schema of one older version to this code's."""

    version: str
    # The migrations of tenant apps that a schema of the older version has.
    before: frozenset[Node]
    migrations: tuple[Migration, ...]
    # Why each tenant is migrated by itself; "" when the recording is replayed.
    by_itself: str
    statements: str = ""
    # Every migration that is noted as applied in the end.
    applied: tuple[tuple[str, str], ...] = ()


def planned(version: str) -> Step | None:
    """Return the step from this version, not recorded yet; None when its migrations are not all known. No query."""
    noted = list(named(version).items())
    if not version or not all(node in loader().graph.nodes for node in noted):
        return None
    before = frozenset(_up_to(noted))
    leaves = [node for label in tenant_app_labels() for node in loader().graph.leaf_nodes(label)]
    missing = [node for node in dict.fromkeys(_up_to(leaves)) if node not in before]
    if not missing:
        return None
    migrations = tuple(loader().graph.nodes[node] for node in missing)
    return Step(version, before, migrations, why_not_replayed(migrations))


def _up_to(nodes: Iterable[Node]) -> Iterable[Node]:
    """Yield these migrations of tenant apps and all of tenant apps that they stand on, in an order that can be run."""
    labels = set(tenant_app_labels())
    for node in nodes:
        yield from (found for found in loader().graph.forwards_plan(node) if found[0] in labels)


def recorded(step: Step) -> Step:
    """Return the step with what a real migrate sends. About a second; nothing is left in the database.

    A step that cannot be recorded on an empty schema of the older version is run by itself, and says why.
    """
    if step.by_itself:
        return step
    try:
        statements, applied = record(since=list(named(step.version).items()))
    except SchemaIsNamed:
        return replace(step, by_itself="a migration names its schema")
    except DatabaseError as error:
        return replace(
            step, by_itself=f"it fails on an empty schema ({str(error).splitlines()[0]})"
        )
    return replace(step, statements=statements, applied=tuple((app, name) for app, name in applied))
