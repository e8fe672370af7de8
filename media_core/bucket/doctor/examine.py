"""One run of the doctor: every probe asked, its findings put together, and stored as what flows may rely on."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from media_core.bucket.capabilities import (
    Capability,
    describe_target,
    find_newest_report,
    find_proof,
    list_needed,
    store_proof,
)
from media_core.bucket.doctor.bench import Bench, open_bench
from media_core.bucket.doctor.probe import Probe
from media_core.bucket.doctor.probes import (
    anonymous_access,
    attacks,
    configuration,
    connection,
    forms,
    objects,
    ownership,
    presigned_urls,
    public_modes,
)
from media_core.bucket.findings import Finding, Outcome
from media_core.bucket.models import BucketReport
from media_core.bucket.proof_mail import queue_old_proof_mail

PROBES: tuple[Probe, ...] = (
    *connection.PROBES,
    *ownership.OWNERSHIP,
    *anonymous_access.PROBES,
    *presigned_urls.PROBES,
    *forms.PROBES,
    *public_modes.PROBES,
    *attacks.PROBES,
    *objects.PROBES,
    *configuration.PROBES,
    *ownership.PROBES,
    *presigned_urls.LATE_PROBES,
    *forms.LATE_PROBES,
)


@dataclass(frozen=True, slots=True)
class Examination:
    """What one run saw."""

    findings: tuple[Finding, ...]
    requests: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether nothing failed, and all is proved that the gateway cannot work without."""
        proved = self.capabilities()
        return not self.count(Outcome.FAILED) and all(proved.get(name) for name in list_needed())

    def count(self, outcome: Outcome) -> int:
        return sum(finding.outcome == outcome for finding in self.findings)

    def capabilities(self) -> dict[str, bool]:
        """Return what is proved, or disproved. One probe that could not find out leaves it open."""
        return {
            capability.value: all(proofs)
            for capability in Capability
            if (proofs := self._list_proofs(capability))
            and (False in proofs or self._is_complete(capability))
        }

    def _list_proofs(self, capability: Capability) -> list[bool]:
        return [f.capabilities[capability] for f in self.findings if capability in f.capabilities]

    def _is_complete(self, capability: Capability) -> bool:
        asked = {probe.id for probe in PROBES if capability in probe.proves}
        told = {f.probe for f in self.findings if capability in f.capabilities}
        return asked == told


def examine(
    *, try_policy: bool = False, tell: Callable[[Finding], None] = lambda _finding: None
) -> Examination:
    """Ask every probe and return what was seen. Nothing is left in the bucket but the ownership marker.

    About 110 requests, and some seconds: one link is waited for until it is over. `tell` hears each finding when it is
    there. Raises nothing for what the bucket refuses: that is a finding.
    """
    begun = time.monotonic()
    with open_bench(try_policy=try_policy) as at:
        findings = tuple(_report_each(_run_probes(at), tell))
    return Examination(findings, at.requests, time.monotonic() - begun)


def _report_each(findings: Iterable[Finding], tell: Callable[[Finding], None]) -> Iterator[Finding]:
    for finding in findings:
        tell(finding)
        yield finding


def _run_probes(at: Bench) -> Iterator[Finding]:
    gate = ""
    for probe in PROBES:
        if gate and not probe.explains:
            yield probe.skip(gate)
            continue
        finding = probe.examine(at)
        if probe.is_gate and finding.outcome == Outcome.FAILED:
            gate = gate or probe.title
        yield finding


def store_examination(examination: Examination) -> BucketReport:
    """Store a report, which flows rely on from now on; keep earlier results for what it could not find out.

    The agency's owners are mailed when what is proved has grown old. Cost: six statements, and three for the mail.
    """
    found, at = examination.capabilities(), timezone.now()
    with transaction.atomic():
        before = find_newest_report()
        report = BucketReport.objects.create(
            made_at=at,
            target=describe_target(),
            passed=examination.passed,
            capabilities=found,
            findings=[finding.as_json() for finding in examination.findings],
            requests=examination.requests,
            seconds=round(examination.seconds, 1),
        )
        known = find_proof().merge_results(found, at)
        store_proof(known)
        queue_old_proof_mail(before, report, known)
    return report
