"""Who asks for whose: each tenant has the next one for a neighbour, and the one whose prefix is most like its own."""

from dataclasses import dataclass
from itertools import takewhile

from tenants.models import Domain, Tenant
from tenants.schemas.problems import find_schema_problem


@dataclass(frozen=True, slots=True)
class ProvedTenant:
    """A tenant to be proved: at which host it is asked, and who asks."""

    tenant: Tenant
    # Empty when no active domain leads to it.
    host: str
    neighbours: list["ProvedTenant"]


def assign_neighbours(proved: list[Tenant]) -> list[ProvedTenant]:
    """Return the tenants that are proved, each with up to two others of the deployment that are served.

    Two queries, and three for each tenant of the deployment.
    """
    everybody = list(Tenant.objects.order_by("location_prefix"))
    hosts = find_hosts(everybody)
    able = [
        tenant
        for tenant in everybody
        if tenant.is_served and tenant.pk in hosts and not find_schema_problem(tenant)
    ]
    return [
        ProvedTenant(
            tenant,
            hosts.get(tenant.pk, ""),
            [ProvedTenant(one, hosts[one.pk], []) for one in choose_neighbours(tenant, able)],
        )
        for tenant in proved
    ]


def find_hosts(tenants: list[Tenant]) -> dict[object, str]:
    """Return a host that leads to each tenant, its primary one if that is active. One query."""
    active = Domain.objects.active().filter(tenant__in=tenants).order_by("is_primary", "-domain")
    return {row.tenant_id: row.domain for row in active}


def choose_neighbours(tenant: Tenant, able: list[Tenant]) -> list[Tenant]:
    """Return the next of these tenants, in a ring, and the one whose prefix begins most like this one's.

    >>> acme, acme2, globex = (Tenant(location_prefix=p) for p in ("acme/", "acme2/", "globex/"))
    >>> [one.location_prefix for one in choose_neighbours(globex, [acme, acme2, globex])]
    ['acme/']
    >>> [one.location_prefix for one in choose_neighbours(acme2, [acme, acme2, globex])]
    ['globex/', 'acme/']
    """
    others = [other for other in able if other.pk != tenant.pk]
    if not others:
        return []
    after = [one for one in others if one.location_prefix > tenant.location_prefix]
    following = (after or others)[0]
    sibling = max(others, key=lambda one: _count_common_characters(tenant, one))
    return (
        [following]
        if sibling == following or not _count_common_characters(tenant, sibling)
        else [following, sibling]
    )


def _count_common_characters(one: Tenant, other: Tenant) -> int:
    pairs = zip(one.location_prefix, other.location_prefix, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
