"""Faults: the faults a test can give the store, to see what is made of them.

Which faults are on is decided once for a request, before its first layer, and travels with it. Each
layer asks `request.faults` about its own fault.
"""

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

COPY_OPERATIONS = frozenset({"CopyObject", "UploadPartCopy"})
POST_OPERATIONS = frozenset({"PostObject"})
MULTIPART_OPERATIONS = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "ListMultipartUploads",
        "ListParts",
        "UploadPart",
        "UploadPartCopy",
    }
)


def _build_operations(subject: str) -> frozenset[str]:
    return frozenset(f"{verb}{subject}" for verb in ("Get", "Put", "Delete"))


# A fault that refuses operations: which ones, and with which code.
REFUSED_OPERATIONS = {
    "copy-refused": (COPY_OPERATIONS, "NotImplemented"),
    "copy-denied": (COPY_OPERATIONS, "AccessDenied"),
    "post-unsupported": (POST_OPERATIONS, "NotImplemented"),
    "post-not-allowed": (POST_OPERATIONS, "MethodNotAllowed"),
    "no-batch-delete": (frozenset({"DeleteObjects"}), "NotImplemented"),
    "no-multipart": (MULTIPART_OPERATIONS, "NotImplemented"),
    "no-lifecycle": (_build_operations("BucketLifecycle"), "NotImplemented"),
    "no-cors": (_build_operations("BucketCors"), "NotImplemented"),
    "no-policy": (_build_operations("BucketPolicy"), "NotImplemented"),
    "no-versioning": (_build_operations("BucketVersioning"), "NotImplemented"),
    "no-object-lock": (_build_operations("ObjectLockConfiguration"), "NotImplemented"),
}
FAULT_DESCRIPTIONS = {
    "slow": "each answer waits",
    "busy": "503 SlowDown",
    "busy-html": "429 with a page in HTML in place of an S3 error",
    "lost-response": "the request is carried out and the connection closed without an answer",
    "late": "its clock is an hour slow",
    "a-little-late": "its clock is five seconds slow",
    "copy-refused": "copies answer 501 NotImplemented",
    "copy-denied": "copies answer 403 AccessDenied",
    "unsigned-headers": "takes x-amz-* headers a SigV4 signature does not cover",
    "acls-unsupported": "a request with an ACL answers 400 AccessControlListNotSupported",
    "acls-overlooked": "ACLs are taken and not kept",
    "post-unsupported": "forms answer 501 NotImplemented",
    "post-not-allowed": "forms answer 405 MethodNotAllowed",
    "post-unchecked": "forms are not held to any condition of their policy",
    "post-size-unchecked": "forms are not held to a size",
    "post-type-unchecked": "forms are not held to a content type",
    "post-key-unchecked": "forms are not held to a key",
    "post-expiry-unchecked": "forms are taken after their policy has expired",
    "no-sigv2": "signatures of version 2 answer 400 InvalidRequest",
    "no-sigv4": "signatures of version 4 answer 400 InvalidRequest",
    "open": "every object is readable by everybody",
    "listed": "every bucket is listed to everybody",
    "endless-links": "presigned URLs never expire",
    "headers-ignored": "response-content-type and its relatives are ignored",
    "unconditional": "If-None-Match and If-Match of a PUT are ignored",
    "no-batch-delete": "DeleteObjects answers 501 NotImplemented",
    "no-multipart": "uploads in parts answer 501 NotImplemented",
    "no-lifecycle": "lifecycle calls answer 501 NotImplemented",
    "no-cors": "CORS calls answer 501 NotImplemented",
    "no-policy": "policy calls answer 501 NotImplemented",
    "no-versioning": "versioning calls answer 501 NotImplemented",
    "no-object-lock": "object lock calls answer 501 NotImplemented",
    "lifecycle-drops-size-filter": "a rule's filter by size is dropped, so it means every object",
    "corrupt-multipart": "the last byte of each part is stored wrong",
}


class NoSuchMood(ValueError):
    def __str__(self) -> str:
        return f"There is no fault {self.args[0]!r}: {', '.join(FAULT_DESCRIPTIONS)}."


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, for as long as it is on, or for the next `requests` it can show itself in.

    With `operation`, only requests of that operation see it.
    """

    name: str
    seconds: float = 1.0
    requests: int | None = None
    operation: str = ""

    def __post_init__(self) -> None:
        if self.name not in FAULT_DESCRIPTIONS:
            raise NoSuchMood(self.name)

    def matches(self, operation: str) -> bool:
        """Return whether the fault shows in requests of this operation."""
        concerned, _ = REFUSED_OPERATIONS.get(self.name, (frozenset(), ""))
        return self.operation in {"", operation} and (not concerned or operation in concerned)

    def serialize(self) -> dict[str, Any]:
        """Return what makes the same fault again, in the process of the store."""
        return asdict(self)


@dataclass
class _ActiveFault:
    fault: Fault
    left: int | None

    def consume(self, operation: str) -> bool:
        """Return whether a request of this operation sees the fault, and count it."""
        if self.left == 0 or not self.fault.matches(operation):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class FaultRegistry:
    """The faults of one store, given and taken away in groups."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, list[_ActiveFault]] = {}
        self.set_group("", [Fault(name=name) for name in names])

    def set_group(self, group: str, faults: Iterable[Fault]) -> Self:
        """Let the group be these faults; none takes the group away."""
        lasting = [_ActiveFault(fault, fault.requests) for fault in faults]
        with self._lock:
            self._groups.pop(group, None)
            self._groups.update({group: lasting} if lasting else {})
        return self

    def consume_faults(self, operation: str) -> dict[str, Fault]:
        """Return the faults that a request of this operation sees, by name; it counts for each."""
        with self._lock:
            lasting = [each for group in self._groups.values() for each in group]
            return {each.fault.name: each.fault for each in lasting if each.consume(operation)}
