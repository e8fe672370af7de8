"""The attestation: a dated document of what was tried, how often, and that all of it was refused."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from media_core.bucket.capabilities import describe_target
from media_core.bucket.models import Attestation, Deployment
from media_core.upkeep.proving.attempts import AttemptKind, Control, Result
from media_core.upkeep.proving.neighbours import ProvedTenant
from media_core.upkeep.proving.plan import Plan
from tenants.models import Tenant
from tenants.schema_versions import get_schema_version

VERSION = 1
DIGEST = "sha256"


def store_attestation(
    rooms: list[ProvedTenant], results: list[Result], plan: Plan, *, seconds: float
) -> Attestation:
    """Store and return the attestation of these results. One INSERT, and up to three statements."""
    made_at = timezone.now()
    wrong = [result for result in results if not result.is_right]
    document: dict[str, Any] = {
        "version": VERSION,
        "made_at": made_at.isoformat(timespec="seconds"),
        "deployment": str(Deployment.get_current().pk),
        "target": describe_target(),
        "code": get_schema_version(),
        "passed": bool(results) and not wrong,
        "seconds": round(seconds, 1),
        "requests": {"bucket": plan.to_the_bucket, "gateway": plan.to_the_gateway},
        "kinds": [_count_kind(kind, results) for kind in AttemptKind],
        "controls": [_count_kind(control, results) for control in Control],
        "tenants": _summarize_tenants(rooms, results),
        "failures": [_describe_failure(result) for result in wrong],
    }
    document[DIGEST] = compute_digest(document)
    return Attestation.objects.create(
        made_at=made_at,
        target=document["target"],
        passed=document["passed"],
        tenants=len(rooms),
        tried=sum(isinstance(result.ask.kind, AttemptKind) for result in results),
        document=document,
    )


def compute_digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of all but the digest itself, however the document was spaced or ordered.

    >>> compute_digest({"b": 1, "a": 2}) == compute_digest({"a": 2, "b": 1, "sha256": "whatever"})
    True
    """
    rest = {name: value for name, value in document.items() if name != DIGEST}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_whole(document: dict[str, Any]) -> bool:
    """Return whether the document is what its digest was made of."""
    return bool(document.get(DIGEST) == compute_digest(document))


def _count_kind(kind: AttemptKind | Control, results: Iterable[Result]) -> dict[str, Any]:
    """Return how often something was tried, and how often it ended as it must."""
    ended = Counter(result.is_right for result in results if result.ask.kind == kind)
    right = "given" if isinstance(kind, Control) else "refused"
    return {"kind": kind.value, "tried": ended.total(), right: ended[True]}


def _summarize_tenants(
    rooms: list[ProvedTenant], results: Iterable[Result]
) -> list[dict[str, Any]]:
    about: dict[Tenant | None, list[Result]] = {}
    for result in results:
        about.setdefault(result.ask.tenant, []).append(result)
    return [_summarize_tenant(room, about.get(room.tenant, [])) for room in rooms]


def _summarize_tenant(room: ProvedTenant, about: list[Result]) -> dict[str, Any]:
    asks = [result for result in about if isinstance(result.ask.kind, AttemptKind)]
    controls = [result for result in about if isinstance(result.ask.kind, Control)]
    return {
        "id": str(room.tenant.pk),
        "name": room.tenant.name,
        "prefix": str(room.tenant.prefix),
        "status": room.tenant.status,
        "asked_as": [other.tenant.location_prefix for other in room.neighbours],
        "tried": len(asks),
        "refused": sum(result.is_right for result in asks),
        "controls": len(controls),
        "given": sum(result.is_right for result in controls),
        "not_tried": list(_list_untried(room)),
    }


def _list_untried(room: ProvedTenant) -> Iterable[str]:
    """Yield what could not be tried, so that nobody takes it for refused."""
    if not room.neighbours:
        yield "As another tenant: there is no other one that is served."
    if not room.host:
        yield "At its own host: no active domain leads to it."
    if not room.tenant.is_served:
        yield "With links: a suspended tenant has none."


def _describe_failure(result: Result) -> dict[str, str]:
    ask = result.ask
    return {
        "key": ask.key,
        "kind": ask.kind.value,
        "asker": ask.asker,
        "how": ask.how,
        "expected": ask.expected.value,
        "verdict": result.verdict.value,
        "seen": result.seen,
    }
