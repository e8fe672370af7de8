"""What one probe of the doctor saw, in words a person understands. Plain Python."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from media_core.bucket.capabilities import Capability


class Outcome(StrEnum):
    """What a finding means. The values stand in reports: never change one."""

    OK = "ok"
    # Works, but something is worth changing.
    WARNING = "warning"
    FAILED = "failed"
    # Could not be tried; what depends on it stays unproved.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    probe: str
    title: str
    # Why it matters.
    why: str
    outcome: Outcome
    # What was seen. Never a presigned URL, a signature or a key.
    seen: str
    # What to do; empty when nothing is to be done.
    remedy: str = ""
    # The point of the tutorial's checklist that it answers, if any.
    checklist: str = ""
    # What is proved by it, or disproved; what it could not try is not named.
    capabilities: dict[Capability, bool] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored and printed with --json."""
        return {
            "probe": self.probe,
            "title": self.title,
            "why": self.why,
            "outcome": self.outcome.value,
            "seen": self.seen,
            "remedy": self.remedy,
            "checklist": self.checklist,
            "capabilities": {name.value: proved for name, proved in self.capabilities.items()},
        }
