"""Who asks for whose: each tenant has the next one for a neighbour, and the one whose prefix is most like its own."""

from dataclasses import dataclass
from itertools import takewhile

from tenants.models import Domain, Tenant
from tenants.schema_problems import find_schema_problem


@dataclass(frozen=True, slots=True)
class Room:
    """A tenant to be proved: at which host it is asked, and who asks."""

    tenant: Tenant
    # Empty when no active domain leads to it.
    host: str
    neighbours: list["Room"]


def assign_neighbours(proved: list[Tenant]) -> list[Room]:
    """Return the tenants that are proved, each with up to two others of the deployment that are served.

    Two queries, and three for each tenant of the deployment.
    """
    everybody = list(Tenant.objects.order_by("location_prefix"))
    hosts = hosts_of(everybody)
    able = [
        tenant
        for tenant in everybody
        if tenant.served and tenant.pk in hosts and not find_schema_problem(tenant)
    ]
    return [
        Room(
            tenant,
            hosts.get(tenant.pk, ""),
            [Room(one, hosts[one.pk], []) for one in beside(tenant, able)],
        )
        for tenant in proved
    ]


def hosts_of(tenants: list[Tenant]) -> dict[object, str]:
    """Return a host that leads to each tenant, its primary one if that is active. One query."""
    active = Domain.objects.active().filter(tenant__in=tenants).order_by("is_primary", "-domain")
    return {row.tenant_id: row.domain for row in active}


def beside(tenant: Tenant, able: list[Tenant]) -> list[Tenant]:
    """Return the next of these tenants, in a ring, and the one whose prefix begins most like this one's.

    >>> acme, acme2, globex = (Tenant(location_prefix=p) for p in ("acme/", "acme2/", "globex/"))
    >>> [one.location_prefix for one in beside(globex, [acme, acme2, globex])]
    ['acme/']
    >>> [one.location_prefix for one in beside(acme2, [acme, acme2, globex])]
    ['globex/', 'acme/']
    """
    others = [other for other in able if other.pk != tenant.pk]
    if not others:
        return []
    after = [one for one in others if one.location_prefix > tenant.location_prefix]
    following = (after or others)[0]
    sibling = max(others, key=lambda one: _alike(tenant, one))
    return (
        [following] if sibling == following or not _alike(tenant, sibling) else [following, sibling]
    )


def _alike(one: Tenant, other: Tenant) -> int:
    pairs = zip(one.location_prefix, other.location_prefix, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
