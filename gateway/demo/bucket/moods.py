"""Moods: the faults a test can give the store, to see what is made of them.

Which moods are on is decided once for a request, before its first layer, and travels with it. Each
layer asks `request.moods` about its own fault.
"""

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

COPIES = frozenset({"CopyObject", "UploadPartCopy"})
POSTS = frozenset({"PostObject"})
MULTIPART = frozenset(
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


def _calls_of(subject: str) -> frozenset[str]:
    return frozenset(f"{verb}{subject}" for verb in ("Get", "Put", "Delete"))


# A mood that refuses operations: which ones, and with which code.
REFUSING = {
    "copy-refused": (COPIES, "NotImplemented"),
    "copy-denied": (COPIES, "AccessDenied"),
    "post-unsupported": (POSTS, "NotImplemented"),
    "post-not-allowed": (POSTS, "MethodNotAllowed"),
    "no-batch-delete": (frozenset({"DeleteObjects"}), "NotImplemented"),
    "no-multipart": (MULTIPART, "NotImplemented"),
    "no-lifecycle": (_calls_of("BucketLifecycle"), "NotImplemented"),
    "no-cors": (_calls_of("BucketCors"), "NotImplemented"),
    "no-policy": (_calls_of("BucketPolicy"), "NotImplemented"),
    "no-versioning": (_calls_of("BucketVersioning"), "NotImplemented"),
    "no-object-lock": (_calls_of("ObjectLockConfiguration"), "NotImplemented"),
}
MOODS = {
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
        return f"There is no mood {self.args[0]!r}: {', '.join(MOODS)}."


@dataclass(frozen=True, kw_only=True)
class Mood:
    """One fault, for as long as it is on, or for the next `requests` it can show itself in.

    With `operation`, only requests of that operation see it.
    """

    name: str
    seconds: float = 1.0
    requests: int | None = None
    operation: str = ""

    def __post_init__(self) -> None:
        if self.name not in MOODS:
            raise NoSuchMood(self.name)

    def concerns(self, operation: str) -> bool:
        """Return whether the fault shows in requests of this operation."""
        concerned, _ = REFUSING.get(self.name, (frozenset(), ""))
        return self.operation in {"", operation} and (not concerned or operation in concerned)

    def as_json(self) -> dict[str, Any]:
        """Return what makes the same mood again, in the process of the store."""
        return asdict(self)


@dataclass
class _Lasting:
    mood: Mood
    left: int | None

    def takes(self, operation: str) -> bool:
        """Return whether a request of this operation sees the mood, and count it."""
        if self.left == 0 or not self.mood.concerns(operation):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Moods:
    """The moods of one store, given and taken away in groups."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._groups: dict[str, list[_Lasting]] = {}
        self.give("", [Mood(name=name) for name in names])

    def give(self, group: str, moods: Iterable[Mood]) -> Self:
        """Let the group be these moods; none takes the group away."""
        lasting = [_Lasting(mood, mood.requests) for mood in moods]
        with self._lock:
            self._groups.pop(group, None)
            self._groups.update({group: lasting} if lasting else {})
        return self

    def taken_by(self, operation: str) -> dict[str, Mood]:
        """Return the moods that a request of this operation sees, by name; it counts for each."""
        with self._lock:
            lasting = [each for group in self._groups.values() for each in group]
            return {each.mood.name: each.mood for each in lasting if each.takes(operation)}
