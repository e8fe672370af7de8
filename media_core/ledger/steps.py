"""Which state of an object may follow which. `StoredObject` takes no other step; the-ledger.md draws them."""

from collections.abc import Mapping

NEXT_STATES: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"stored", "abandoned"}),
    "stored": frozenset({"condemned"}),
    "condemned": frozenset({"gone"}),
    "abandoned": frozenset({"gone"}),
    # Its bytes came after it was gone.
    "gone": frozenset({"abandoned"}),
}


def require_allowed_step(before: str, after: str) -> None:
    """Raise ValueError for a step that no object takes. One that stays in its state is none.

    >>> require_allowed_step("gone", "stored")
    Traceback (most recent call last):
    ValueError: No object goes from gone to stored.
    """
    if after != before and after not in NEXT_STATES[before]:
        raise ValueError(f"No object goes from {before} to {after}.")
