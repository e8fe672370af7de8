"""A circuit breaker: after an answer that did not come, nobody in this process asks again for a while."""

from time import monotonic


class Breaker:
    """Open or closed, for all threads of the process. Closed at first."""

    def __init__(self) -> None:
        self._open_until = 0.0

    def is_open(self) -> bool:
        return monotonic() < self._open_until

    def open(self, seconds: float) -> None:
        """Let nobody ask for so many seconds."""
        self._open_until = monotonic() + seconds

    def close(self) -> None:
        """Let everybody ask again: there was an answer."""
        self._open_until = 0.0
