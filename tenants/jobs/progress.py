"""How far an operation is, in numbers and in words: for its page and for the command line."""

from dataclasses import dataclass

from tenants.jobs.operation_models import Operation
from tenants.sizes import format_size

State = Operation.State
PERCENT = 100
# Before that, one object more or less changes everything.
ESTIMATE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """The numbers of one operation at one moment."""

    done_objects: int
    failed_objects: int
    total_objects: int
    done_bytes: int
    total_bytes: int
    worked_seconds: float
    state: str = State.RUNNING
    has_begun: bool = True

    @classmethod
    def from_operation(cls, operation: Operation) -> "Progress":
        return cls(
            operation.done_objects, operation.failed_objects, operation.total_objects,
            operation.done_bytes, operation.total_bytes, operation.worked_seconds,
            operation.state, operation.started_at is not None,
        )  # fmt: skip

    @property
    def tried_objects(self) -> int:
        return self.done_objects + self.failed_objects

    @property
    def left_objects(self) -> int:
        """Return how many are not done, those that failed among them."""
        return self.total_objects - self.done_objects

    @property
    def rest(self) -> str:
        """Return what happens to the remaining objects when the operation is cancelled.

        >>> [Progress(done, 0, 1200, 0, 0, 0.0).rest for done in (0, 1199, 1200)]
        ['1,200 objects stay as they are.', '1 object stays as it is.', 'Nothing is left to do.']
        """
        if not self.left_objects:
            return "Nothing is left to do."
        if self.left_objects == 1:
            return "1 object stays as it is."
        return f"{self.left_objects:,} objects stay as they are."

    @property
    def percent(self) -> int:
        """Return how much is done, by the number of objects. Objects that failed are not done.

        >>> Progress(1, 1, 3, 10, 40, 2.0).percent
        33
        >>> [Progress(0, 0, 0, 0, 0, 0.0, state).percent for state in ("running", "done")]
        [0, 100]
        """
        if not self.total_objects:
            return PERCENT if self.state == State.DONE else 0
        return self.done_objects * PERCENT // self.total_objects

    @property
    def bytes_per_second(self) -> int:
        """Return how fast it went, while it was worked on; 0 is not known."""
        return int(self.done_bytes / self.worked_seconds) if self.worked_seconds else 0

    @property
    def seconds_left(self) -> int | None:
        """Return how long the rest takes at that speed, by objects or by bytes, whichever is longer; None: not known.

        >>> Progress(10, 0, 40, 100, 200, 5.0).seconds_left
        15
        >>> Progress(0, 0, 40, 0, 200, 5.0).seconds_left is None
        True
        """
        is_moving = self.state in Operation.MOVING
        if not is_moving or not self.tried_objects or self.worked_seconds < ESTIMATE_SECONDS:
            return None
        parts = [(self.total_objects - self.tried_objects) / self.tried_objects]
        if self.done_bytes:
            parts.append((self.total_bytes - self.done_bytes) / self.done_bytes)
        return int(self.worked_seconds * max(parts))

    @property
    def counts(self) -> str:
        """Return how much is done.

        >>> Progress(1200, 1, 2000, 10_000, 40_000, 2.0).counts
        '1,200 of 2,000 objects, 10 kB of 40 kB, 1 failed'
        >>> Progress(0, 0, 0, 0, 0, 0.0).counts
        'nothing to do'
        >>> [Progress(0, 0, 0, 0, 0, 0.0, state, has_begun=False).counts for state in ("queued", "cancelled")]
        ['not begun yet', 'never began']
        """
        if not self.has_begun:
            return "never began" if self.state == State.CANCELLED else "not begun yet"
        if not self.total_objects:
            return "nothing to do"
        objects = "object" if self.total_objects == 1 else "objects"
        words = [f"{self.done_objects:,} of {self.total_objects:,} {objects}"]
        if self.total_bytes:
            words.append(f"{format_size(self.done_bytes)} of {format_size(self.total_bytes)}")
        if self.failed_objects:
            words.append(f"{self.failed_objects:,} failed")
        return ", ".join(words)

    @property
    def failures(self) -> str:
        """Return how many objects failed, as a sentence; nothing when none did.

        >>> [Progress(2 - failed, failed, 2, 0, 0, 0.0).failures for failed in (0, 1, 2)]
        ['', '1 of 2 objects failed and stays as it was.', '2 of 2 objects failed and stay as they were.']
        >>> Progress(0, 1, 1, 0, 0, 0.0).failures
        '1 of 1 object failed and stays as it was.'
        """
        if not self.failed_objects:
            return ""
        objects = "object" if self.total_objects == 1 else "objects"
        rest = "stays as it was" if self.failed_objects == 1 else "stay as they were"
        return f"{self.failed_objects:,} of {self.total_objects:,} {objects} failed and {rest}."

    @property
    def cancellation(self) -> str:
        """Return what a cancelled operation has changed, in sentences.

        >>> Progress(3, 0, 5, 0, 0, 0.0, "cancelled").cancellation
        'What is done stays done (3 of 5 objects). 2 objects stay as they are.'
        >>> Progress(0, 0, 0, 0, 0, 0.0, "cancelled", has_begun=False).cancellation
        'It never began. Nothing was changed.'
        """
        if not self.has_begun:
            return "It never began. Nothing was changed."
        if not self.total_objects:
            return "There was nothing to do."
        return f"What is done stays done ({self.counts}). {self.rest}"

    @property
    def speed(self) -> str:
        """Return how fast it went, or nothing when that is not known.

        >>> Progress(10, 0, 40, 100_000, 200_000, 5.0).speed
        '20 kB/s'
        """
        return f"{format_size(self.bytes_per_second)}/s" if self.bytes_per_second else ""

    @property
    def time_left(self) -> str:
        """Return how long the rest takes, or nothing when that is not known."""
        return "" if self.seconds_left is None else format_duration(self.seconds_left)


def format_duration(seconds: float) -> str:
    """Return a time for people: its two largest units.

    >>> format_duration(0.4), format_duration(59), format_duration(100), format_duration(7500), format_duration(180_000)
    ('0 s', '59 s', '1 min 40 s', '2 h 5 min', '2 d 2 h')
    """
    units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
    whole, words = int(seconds), []
    for name, length in units:
        number, whole = divmod(whole, length)
        if number:
            words.append(f"{number} {name}")
        elif words:
            break
    return " ".join(words[:2]) or "0 s"
