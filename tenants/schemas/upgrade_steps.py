"""The step from an older version of a tenant's schema to this code's: recorded once, replayed for every tenant."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import DatabaseError
from django.db.migrations import Migration

from tenants.schema_versions import Node, list_tenant_app_labels, load_migrations, parse_version
from tenants.schemas.creation import SchemaIsNamed, record_migrations
from tenants.schemas.replay_rules import find_replay_problem


@dataclass(frozen=True, slots=True)
class UpgradeStep:
    """What brings a schema of one older version to this code's."""

    version: str
    # The migrations of tenant apps that a schema of the older version has.
    before: frozenset[Node]
    migrations: tuple[Migration, ...]
    # Why each tenant is migrated by itself; "" when the recording is replayed.
    no_replay_reason: str
    statements: str = ""
    # Every migration that is noted as applied in the end.
    applied: tuple[tuple[str, str], ...] = ()


def plan_step(version: str) -> UpgradeStep | None:
    """Return the step from this version, not recorded yet; None when its migrations are not all known. No query."""
    noted = list(parse_version(version).items())
    if not version or not all(node in load_migrations().graph.nodes for node in noted):
        return None
    before = frozenset(_list_with_dependencies(noted))
    leaves = [
        node
        for label in list_tenant_app_labels()
        for node in load_migrations().graph.leaf_nodes(label)
    ]
    missing = [
        node for node in dict.fromkeys(_list_with_dependencies(leaves)) if node not in before
    ]
    if not missing:
        return None
    migrations = tuple(load_migrations().graph.nodes[node] for node in missing)
    return UpgradeStep(version, before, migrations, find_replay_problem(migrations))


def _list_with_dependencies(nodes: Iterable[Node]) -> Iterable[Node]:
    """Yield these migrations of tenant apps and all of tenant apps that they stand on, in an order that can be run."""
    labels = set(list_tenant_app_labels())
    for node in nodes:
        yield from (
            found for found in load_migrations().graph.forwards_plan(node) if found[0] in labels
        )


def record_step(step: UpgradeStep) -> UpgradeStep:
    """Return the step with what a real migrate sends. About a second; nothing is left in the database.

    A step that cannot be recorded on an empty schema of the older version is run by itself, and says why.
    """
    if step.no_replay_reason:
        return step
    try:
        statements, applied = record_migrations(since=list(parse_version(step.version).items()))
    except SchemaIsNamed:
        return replace(step, no_replay_reason="a migration names its schema")
    except DatabaseError as error:
        return replace(
            step, no_replay_reason=f"it fails on an empty schema ({str(error).splitlines()[0]})"
        )
    return replace(step, statements=statements, applied=tuple((app, name) for app, name in applied))
