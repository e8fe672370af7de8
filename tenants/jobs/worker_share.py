"""What the worker processes of a deployment share, and how many there are: for limits that hold for all of them."""

# How many workers live; 0 in a process that is none.
_worker_count = 0


def set_worker_count(count: int) -> None:
    """Note how many workers live, this one included; 0 when it is no longer a worker."""
    global _worker_count  # noqa: PLW0603 - a fact about the process
    _worker_count = count


def compute_worker_share(total: float) -> float | None:
    """Return what one worker may take of a limit for all of them; None in a process that is no worker."""
    return total / _worker_count if _worker_count else None
