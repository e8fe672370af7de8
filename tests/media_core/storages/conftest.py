"""How often a request is tried, and how long boto waits between two tries."""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from media_core.storages import client

# A client keeps the number of attempts it was made with.
_clients_by_attempts: dict[int, dict[Any, Any]] = defaultdict(dict)
# The first four numbers drawn after it are below 0.06.
SHORT_PAUSES_SEED = 95_689
Attempts = Callable[[int], None]


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """Return a function that sets how often a request is tried before it has failed."""

    def set_attempts(number: int) -> None:
        monkeypatch.setattr(client, "MAX_ATTEMPTS", number)
        monkeypatch.setattr(client, "_clients", _clients_by_attempts[number])

    return set_attempts


@pytest.fixture
def short_pauses() -> None:
    """Let the first pauses between two tries be short: boto draws them, up to one second, two and four."""
    random.seed(SHORT_PAUSES_SEED)
