"""What a probe is: a question to the bucket, with the words that make its answer a finding."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from media_core.errors import BucketRefused, BucketUnavailable
from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.findings import Finding, Outcome
from media_core.storages.bucket_errors import (
    BUCKET_ERRORS,
    BUSY_STATUSES,
    NO_ANSWER,
    code_of,
    status_of,
)
from tenants.errors import GatewayError

# What an answer is worth that lacks what S3 says is in it.
UNREADABLE = (ResponseParserError, KeyError, ValueError)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe saw. `proved` is None where it could not find out."""

    outcome: Outcome
    seen: str
    proved: bool | None
    remedy: str = ""


def fine(seen: str) -> Seen:
    return Seen(Outcome.OK, seen, proved=True)


def lacking(seen: str, remedy: str = "") -> Seen:
    """Return that the bucket does not do it, and that the gateway does without."""
    return Seen(Outcome.WARNING, seen, proved=False, remedy=remedy)


def remarkable(seen: str, remedy: str = "") -> Seen:
    """Return that it works, but something is worth changing."""
    return Seen(Outcome.WARNING, seen, proved=True, remedy=remedy)


def wrong(seen: str, remedy: str = "") -> Seen:
    """Return that the gateway cannot work like this, or that nothing is safe there."""
    return Seen(Outcome.FAILED, seen, proved=False, remedy=remedy)


def untried(seen: str, remedy: str = "") -> Seen:
    return Seen(Outcome.UNKNOWN, seen, proved=None, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question to the bucket."""

    id: str
    title: str
    why: str
    run: Callable[[Bench], Seen]
    # What to do when it fails, unless the probe knows better.
    remedy: str = ""
    checklist: str = ""
    proves: tuple[Capability, ...] = ()
    # When it fails, the probes after it have nothing to ask with.
    is_gate: bool = False
    # Asked even when a gate before it failed: it finds out why.
    explains: bool = False
    # What a failing request means here: most often that the bucket does not do it, and the gateway does without.
    at_worst: Callable[[str], Seen] = wrong

    def answered(self, bench: Bench) -> Finding:
        """Return the finding. What the bucket refuses, or does not answer, is one as well."""
        try:
            seen = self.run(bench)
        except (*BUCKET_ERRORS, *UNREADABLE, BucketUnavailable) as error:
            seen = self._at_worst(error)
        return self.finding(seen)

    def _at_worst(self, error: Exception) -> Seen:
        """Return what an error means here. A store that is busy for a moment is not open, or unfit, for that."""
        if is_passing(error) and not self.is_gate:
            return untried(in_words(error), "Run this again when the bucket answers.")
        return self.at_worst(in_words(error))

    def skipped(self, gate: str) -> Finding:
        return self.finding(untried(f"Not tried, because this failed: {gate}."))

    def finding(self, seen: Seen) -> Finding:
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


def is_passing(error: Exception) -> bool:
    """Return whether the same request may be answered in a moment."""
    if isinstance(error, ClientError):
        return status_of(error) in BUSY_STATUSES
    if isinstance(error, BucketRefused):
        return False
    return isinstance(error, (BucketUnavailable, *NO_ANSWER))


def in_words(error: Exception) -> str:
    """Return what the bucket answered, without any address: that may hold a signature."""
    if isinstance(error, ClientError):
        return f"It answered {status_of(error)} {code_of(error)} to {error.operation_name}."
    if isinstance(error, GatewayError):
        return error.detail or error.message
    if isinstance(error, UNREADABLE):
        return "Its answer is none that S3 knows."
    return f"It did not answer ({type(error).__name__})."
