"""How much will be asked, before anything is: the same asks, made of canaries that only have names."""

from dataclasses import dataclass

from media_core.upkeep.proving.asks import Control
from media_core.upkeep.proving.at_bucket import changing, listing, reading
from media_core.upkeep.proving.at_gateway import gateway_asks, targets
from media_core.upkeep.proving.canaries import made_up, spots
from media_core.upkeep.proving.in_rooms import ATTEMPTS
from media_core.upkeep.proving.links import Links, document_of, tampered
from media_core.upkeep.proving.neighbours import Room
from media_core.upkeep.proving.people import Cast

# Written, read back when all was tried, removed.
OWN_REQUESTS_PER_CANARY = 3
# The marker of whose the prefix is, and the bucket's clock.
OWN_REQUESTS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run sends, without what a busy bucket has to be asked again."""

    tenants: int
    canaries: int
    to_the_bucket: int
    to_the_gateway: int
    inside: int

    @property
    def words(self) -> str:
        return (
            f"{self.tenants} tenant(s), {self.canaries} canaries: {self.to_the_bucket} requests to the bucket, "
            f"{self.to_the_gateway} to the gateway inside this process, {self.inside} attempts in code."
        )


def planned(rooms: list[Room]) -> Plan:
    """Return what a run for these tenants sends. No request, no query."""
    canaries = len(spots()) * len(rooms)
    return Plan(
        tenants=len(rooms),
        canaries=canaries,
        to_the_bucket=OWN_REQUESTS
        + canaries * OWN_REQUESTS_PER_CANARY
        + len(list(listing([])))
        + sum(map(_to_the_bucket, rooms)),
        to_the_gateway=sum(map(_to_the_gateway, rooms)),
        inside=sum(len(ATTEMPTS) * len(room.neighbours) for room in rooms),
    )


def _to_the_bucket(room: Room) -> int:
    canaries = made_up(room.tenant)
    strangers = [*reading(canaries), *changing(canaries), *listing([room.tenant])]
    of_all = len(list(listing([])))
    return len(strangers) - of_all + len([Control.ROOM]) + _with_links(room)


def _with_links(room: Room) -> int:
    if not room.tenant.served:
        return 0
    canary = document_of(made_up(room.tenant))
    theirs = [document_of(made_up(other.tenant)) for other in room.neighbours]
    links = Links(canary, "", "", tuple((one, "") for one in theirs))
    return len(list(tampered(links))) + len(["as it was signed", "stale"])


def _to_the_gateway(room: Room) -> int:
    nobody = Cast("", "", "", {other.tenant: "" for other in room.neighbours})
    return len(list(gateway_asks(targets(room, made_up(room.tenant)), nobody)))
