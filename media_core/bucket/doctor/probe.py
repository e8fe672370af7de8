"""What a probe is: a question to the bucket, with the words that make its answer a finding."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from media_core.bucket.bucket_errors import (
    BUCKET_ERRORS,
    BUSY_STATUSES,
    NO_ANSWER_ERRORS,
    get_error_code,
    get_status,
)
from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.findings import Finding, Outcome
from media_core.errors import BucketRefused, BucketUnavailable
from tenants.errors import GatewayError

# What an answer is worth that lacks what S3 says is in it.
PARSE_ERRORS = (ResponseParserError, KeyError, ValueError)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a probe saw. `proved` is None where it could not find out."""

    outcome: Outcome
    seen: str
    proved: bool | None
    remedy: str = ""


def report_ok(seen: str) -> Observation:
    return Observation(Outcome.OK, seen, proved=True)


def report_unsupported(seen: str, remedy: str = "") -> Observation:
    """Return that the bucket does not do it, and that the gateway does without."""
    return Observation(Outcome.WARNING, seen, proved=False, remedy=remedy)


def report_warning(seen: str, remedy: str = "") -> Observation:
    """Return that it works, but something is worth changing."""
    return Observation(Outcome.WARNING, seen, proved=True, remedy=remedy)


def report_failure(seen: str, remedy: str = "") -> Observation:
    """Return that the gateway cannot work like this, or that nothing is safe there."""
    return Observation(Outcome.FAILED, seen, proved=False, remedy=remedy)


def report_untried(seen: str, remedy: str = "") -> Observation:
    return Observation(Outcome.UNKNOWN, seen, proved=None, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question to the bucket."""

    id: str
    title: str
    why: str
    run: Callable[[Bench], Observation]
    # What to do when it fails, unless the probe knows better.
    remedy: str = ""
    checklist: str = ""
    proves: tuple[Capability, ...] = ()
    # When it fails, the probes after it have nothing to ask with.
    is_gate: bool = False
    # Asked even when a gate before it failed: it finds out why.
    explains: bool = False
    # What a failing request means here: most often that the bucket does not do it, and the gateway does without.
    at_worst: Callable[[str], Observation] = report_failure

    def examine(self, bench: Bench) -> Finding:
        """Return the finding. What the bucket refuses, or does not answer, is one as well."""
        try:
            seen = self.run(bench)
        except (*BUCKET_ERRORS, *PARSE_ERRORS, BucketUnavailable) as error:
            seen = self._interpret_error(error)
        return self.finding(seen)

    def _interpret_error(self, error: Exception) -> Observation:
        """Return what an error means here. A store that is busy for a moment is not open, or unfit, for that."""
        if is_temporary(error) and not self.is_gate:
            return report_untried(describe_error(error), "Run this again when the bucket answers.")
        return self.at_worst(describe_error(error))

    def skip(self, gate: str) -> Finding:
        return self.finding(report_untried(f"Not tried, because this failed: {gate}."))

    def finding(self, seen: Observation) -> Finding:
        needs_remedy = seen.outcome in {Outcome.WARNING, Outcome.FAILED}
        proved = {} if seen.proved is None else dict.fromkeys(self.proves, seen.proved)
        return Finding(
            probe=self.id,
            title=self.title,
            why=self.why,
            outcome=seen.outcome,
            seen=seen.seen,
            remedy=seen.remedy or (self.remedy if needs_remedy else ""),
            checklist=self.checklist,
            capabilities=proved,
        )


def is_temporary(error: Exception) -> bool:
    """Return whether the same request may be answered in a moment."""
    if isinstance(error, ClientError):
        return get_status(error) in BUSY_STATUSES
    if isinstance(error, BucketRefused):
        return False
    return isinstance(error, (BucketUnavailable, *NO_ANSWER_ERRORS))


def describe_error(error: Exception) -> str:
    """Return what the bucket answered, without any address: that may hold a signature."""
    if isinstance(error, ClientError):
        return f"It answered {get_status(error)} {get_error_code(error)} to {error.operation_name}."
    if isinstance(error, GatewayError):
        return error.detail or error.message
    if isinstance(error, PARSE_ERRORS):
        return "Its answer is none that S3 knows."
    return f"It did not answer ({type(error).__name__})."
