"""How much will be asked, before anything is: the same asks, made of canaries that only have names."""

from dataclasses import dataclass

from media_core.upkeep.proving.attempts import Control
from media_core.upkeep.proving.bucket_attempts import iterate_changes, iterate_lists, iterate_reads
from media_core.upkeep.proving.canaries import list_canary_kinds, make_planned_canaries
from media_core.upkeep.proving.code_attempts import ATTEMPTS
from media_core.upkeep.proving.gateway_attempts import iterate_gateway_attempts, make_targets
from media_core.upkeep.proving.neighbours import ProvedTenant
from media_core.upkeep.proving.session_keys import SessionKeys
from media_core.upkeep.proving.url_attempts import (
    CanaryUrls,
    find_document_canary,
    iterate_tampered,
)

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
    def description(self) -> str:
        return (
            f"{self.tenants} tenant(s), {self.canaries} canaries: {self.to_the_bucket} requests to the bucket, "
            f"{self.to_the_gateway} to the gateway inside this process, {self.inside} attempts in code."
        )


def make_plan(rooms: list[ProvedTenant]) -> Plan:
    """Return what a run for these tenants sends. No request, no query."""
    canaries = len(list_canary_kinds()) * len(rooms)
    return Plan(
        tenants=len(rooms),
        canaries=canaries,
        to_the_bucket=OWN_REQUESTS
        + canaries * OWN_REQUESTS_PER_CANARY
        + len(list(iterate_lists([])))
        + sum(map(_count_bucket_requests, rooms)),
        to_the_gateway=sum(map(_count_gateway_requests, rooms)),
        inside=sum(len(ATTEMPTS) * len(room.neighbours) for room in rooms),
    )


def _count_bucket_requests(room: ProvedTenant) -> int:
    canaries = make_planned_canaries(room.tenant)
    strangers = [
        *iterate_reads(canaries),
        *iterate_changes(canaries),
        *iterate_lists([room.tenant]),
    ]
    of_all = len(list(iterate_lists([])))
    return len(strangers) - of_all + len([Control.ROOM]) + _count_url_requests(room)


def _count_url_requests(room: ProvedTenant) -> int:
    if not room.tenant.is_served:
        return 0
    canary = find_document_canary(make_planned_canaries(room.tenant))
    theirs = [
        find_document_canary(make_planned_canaries(other.tenant)) for other in room.neighbours
    ]
    links = CanaryUrls(canary, "", "", tuple((one, "") for one in theirs))
    return len(list(iterate_tampered(links))) + len(["as it was signed", "stale"])


def _count_gateway_requests(room: ProvedTenant) -> int:
    nobody = SessionKeys("", "", "", {other.tenant: "" for other in room.neighbours})
    return len(
        list(
            iterate_gateway_attempts(make_targets(room, make_planned_canaries(room.tenant)), nobody)
        )
    )
