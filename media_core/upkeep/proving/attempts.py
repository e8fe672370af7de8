"""What is asked, by whom, and what came of it. Every ask is about one canary, or about the list of all."""

from dataclasses import dataclass
from enum import StrEnum

from tenants.models import Tenant


class AttemptKind(StrEnum):
    """A kind of ask. The values stand in attestations: never change one."""

    READ = "read at the bucket"
    CHANGE = "change at the bucket"
    LIST = "list the bucket"
    CDN = "read at the public address"
    TRAVERSAL = "traversal at the bucket"
    TAMPERED = "tampered link"
    BORROWED = "another tenant's link"
    STALE = "stale link"
    ROOM = "another tenant's storages"
    ANONYMOUS = "anonymous at the gateway"
    OTHER_TENANT = "another tenant at the gateway"
    OTHER_SESSION = "another host's session"
    OTHER_LIST = "lists of others"
    GATEWAY_TRAVERSAL = "traversal at the gateway"
    AGENCY = "agency staff"
    SUSPENDED = "member of a suspended tenant"


class Control(StrEnum):
    """What must be given, or refusals would prove nothing. The values stand in attestations."""

    KEPT = "still there, unchanged"
    LINK = "its link opens"
    GATEWAY = "its own admin at the gateway"
    ROOM = "its own storage"


class Verdict(StrEnum):
    REFUSED = "refused"
    GIVEN = "given"
    # It could not be seen; that is no refusal.
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who asks for what, and how. Without a tenant it is about the whole bucket."""

    kind: AttemptKind | Control
    tenant: Tenant | None
    # The object's key. Never an address that gives something.
    key: str
    asker: str
    how: str

    @property
    def expected(self) -> Verdict:
        return Verdict.GIVEN if isinstance(self.kind, Control) else Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it, in words without any secret."""

    ask: Attempt
    verdict: Verdict
    seen: str

    @property
    def is_right(self) -> bool:
        return self.verdict == self.ask.expected
