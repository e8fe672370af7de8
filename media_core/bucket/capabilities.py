"""What the bucket was proved to do, by the doctor's runs. What flows make of it: requirements.py."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from media_core.bucket.client import get_bucket_access
from media_core.bucket.models import BucketCapabilities, BucketReport


class Capability(StrEnum):
    """What a bucket can do, or keeps from happening. The values stand in reports: never change one."""

    # Strangers get no private object, and no list.
    PRIVATE = "private"
    # The ownership marker under our LOCATION_PREFIX names this deployment.
    OWNED = "owned"
    PUBLIC_BY_ACL = "public by acl"
    PUBLIC_BY_POLICY = "public by policy"
    # A signed URL gives the object, dies in time, and cannot be made into another.
    PRESIGNED_GET = "presigned get"
    # A form is held to its key, type, size and time.
    POST_POLICY = "post policy"
    # What a signature does not cover is refused: CVE-2026-54330.
    SIGNED_HEADERS_ONLY = "signed headers only"
    MULTIPART = "multipart"
    COPY = "copy"
    # If-None-Match: * on a PUT is obeyed.
    CONDITIONAL_PUT = "conditional put"
    BATCH_DELETE = "batch delete"


class UploadMethod(StrEnum):
    """How the bytes of an upload may come into the bucket."""

    # By a signed form, from the browser to the bucket.
    FORM = "form"
    # By presigned parts, from the browser to the bucket.
    PARTS = "parts"
    # Through the gateway.
    RELAY = "relay"


# Above this a form is no good: it cannot be resumed.
FORM_MAX_BYTES = 100_000_000
# Without these the bucket takes nothing: the bytes would be open, another deployment's, or somebody's for ever.
NEEDED_TO_STORE = (Capability.PRIVATE, Capability.OWNED, Capability.PRESIGNED_GET)
REMEDY = "Run manage.py bucket doctor."
PUBLIC_MODES = {"acl": Capability.PUBLIC_BY_ACL, "policy": Capability.PUBLIC_BY_POLICY}


def describe_target() -> str:
    """Return which bucket settings name, and how it is spoken to. Without credentials."""
    access = get_bucket_access()
    return (
        f"{access.endpoint_url}/{settings.BUCKET_NAME}/{settings.LOCATION_PREFIX}"
        f" {access.signature_version} {access.addressing_style} {access.region}"
    )


def compute_key_fingerprint() -> str:
    """Return a hash that tells the access key in settings from others without revealing it."""
    return sha256(settings.BUCKET_ACCESS_KEY.encode()).hexdigest()[:16]


class CapabilityResult(NamedTuple):
    """The last result of testing one capability."""

    proved: bool
    at: datetime
    # Of the access key it was tested with.
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of the bucket in settings: of each capability what was seen, when, and by which key."""

    seen: Mapping[str, CapabilityResult] = field(default_factory=dict)

    @classmethod
    def from_json(cls, proofs: Mapping[str, tuple[bool, str, str]]) -> "Proof":
        """Return what `as_json` made."""
        return cls(
            {
                name: CapabilityResult(proved, datetime.fromisoformat(at), fingerprint)
                for name, (proved, at, fingerprint) in proofs.items()
            }
        )

    def as_json(self) -> dict[str, tuple[bool, str, str]]:
        """Return what is stored of it."""
        return {
            name: (seen.proved, seen.at.isoformat(), seen.fingerprint)
            for name, seen in self.seen.items()
        }

    def has(self, capability: Capability) -> bool:
        """Return whether the bucket was proved to do this, not too long ago."""
        seen = self.seen.get(capability)
        oldest = timezone.now() - timedelta(days=settings.BUCKET_PROOF_DAYS)
        return seen is not None and seen.proved and seen.at > oldest

    def was_proved(self, capability: Capability) -> bool:
        """Return whether the bucket does this, or did when last tested with these keys, however long ago."""
        seen = self.seen.get(capability)
        is_ours = seen is not None and seen.proved and seen.fingerprint == compute_key_fingerprint()
        return is_ours or self.has(capability)

    def was_disproved(self, capability: Capability) -> bool:
        """Return whether the bucket was last seen not to do this, however long ago."""
        seen = self.seen.get(capability)
        return seen is not None and not seen.proved

    def format_time(self, capability: Capability) -> str:
        """Return when this was last found out."""
        seen = self.seen.get(capability)
        return format_moment(seen.at) if seen else "never"

    def merge_results(self, found: Mapping[str, bool], at: datetime) -> "Proof":
        """Return what is known then: what was found now, and all else as it was known.

        A run that cannot ask proves nothing and disproves nothing: neither is a hole forgotten, nor publishing stopped.
        """
        now = {
            name: CapabilityResult(proved, at, compute_key_fingerprint())
            for name, proved in found.items()
        }
        return Proof({**self.seen, **now})


def format_moment(at: datetime) -> str:
    """Return a time for lines of the log and of commands."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def find_newest_report() -> BucketReport | None:
    """Return the newest report on the bucket in settings; none of any other counts. One query."""
    newest: BucketReport | None = BucketReport.objects.filter(target=describe_target()).first()
    return newest


def find_proof() -> Proof:
    """Return what is known of the bucket in settings. One query."""
    rows = BucketCapabilities.objects.filter(target=describe_target())
    return Proof.from_json(rows.values_list("proofs", flat=True).first() or {})


class ProofCache:
    """What is known of the bucket in settings, as this process read it seconds ago. Shared by the threads."""

    SECONDS = 5.0

    def __init__(self) -> None:
        self._known: tuple[str, float, Proof] | None = None

    def find(self) -> Proof:
        """Return it as it was at most SECONDS ago. One query, or none."""
        target, now, known = describe_target(), time.monotonic(), self._known
        if known and known[0] == target and known[1] > now:
            return known[2]
        found = find_proof()
        self._known = (target, now + self.SECONDS, found)
        return found

    def forget(self) -> None:
        self._known = None


proofs = ProofCache()


def store_proof(known: Proof) -> None:
    """Store what is known of the bucket in settings from now on. Other processes take it over within seconds."""
    BucketCapabilities.objects.update_or_create(
        target=describe_target(), defaults={"proofs": known.as_json()}
    )
    proofs.forget()


def list_needed_to_publish() -> tuple[Capability, ...]:
    """Return what must be proved before anything in the bucket is public; nothing where nothing ever is."""
    mode = PUBLIC_MODES.get(settings.PUBLIC_MEDIA_MODE)
    return (*NEEDED_TO_STORE, mode) if mode else ()


def list_needed() -> tuple[Capability, ...]:
    """Return what the gateway cannot work without, as it is set up."""
    return list_needed_to_publish() or NEEDED_TO_STORE


def list_unproved(known: Proof) -> list[Capability]:
    """Return what the gateway cannot work without, and nobody has proved lately. No query."""
    return [capability for capability in list_needed() if not known.has(capability)]


def choose_upload_method(size_bytes: int, known: Proof) -> UploadMethod:
    """Return how an upload of this size may come in; what is not proved goes through the gateway. No query."""
    if size_bytes <= FORM_MAX_BYTES and known.has(Capability.POST_POLICY):
        return UploadMethod.FORM
    parts = (Capability.SIGNED_HEADERS_ONLY, Capability.MULTIPART)
    if size_bytes > FORM_MAX_BYTES and all(known.has(part) for part in parts):
        return UploadMethod.PARTS
    return UploadMethod.RELAY


def describe_uses(known: Proof) -> dict[str, str]:
    """Return what the gateway does on the strength of this proof, in words."""
    missing = next((basic for basic in NEEDED_TO_STORE if not known.was_proved(basic)), None)
    if missing:
        why = "failed" if known.was_disproved(missing) else "is not proved"
        return {"stores": f"nothing: {missing.value!r} {why}"}
    return {
        "stores": "private files",
        "publishes": _describe_publishing(known),
        "copies": "inside the bucket" if known.has(Capability.COPY) else "through the gateway",
        "small uploads": UPLOAD_DESCRIPTIONS[choose_upload_method(FORM_MAX_BYTES, known)],
        "large uploads": UPLOAD_DESCRIPTIONS[choose_upload_method(FORM_MAX_BYTES + 1, known)],
    }


def _describe_publishing(known: Proof) -> str:
    if settings.PUBLIC_MEDIA_MODE == "gateway":
        return "by links of some minutes (gateway)"
    missing = [wanted for wanted in list_needed_to_publish() if not known.has(wanted)]
    if not missing:
        return f"by {settings.PUBLIC_MEDIA_MODE}"
    if all(known.was_proved(wanted) for wanted in missing):
        return "files of apps only: what was proved has run out"
    return f"nothing: not proved: {', '.join(wanted.value for wanted in missing)}"


UPLOAD_DESCRIPTIONS = {
    UploadMethod.FORM: "a signed form, from the browser to the bucket, is safe here",
    UploadMethod.PARTS: "presigned parts, from the browser to the bucket, are safe here",
    UploadMethod.RELAY: "through the gateway only",
}
