"""What a benchmark reports: a figure, what it is compared with, and the target, all from one run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """One measured figure of ours against one of a baseline, in the same unit, and what it should be.

    `at_most` or `at_least` is the target for `measured / baseline`; with neither the ratio is only reported. A figure
    that stands by itself (MiB, statements) has a baseline of 1.
    """

    name: str
    measured: float
    baseline: float
    unit: str
    compared_with: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the baseline was measured."""
        return self.measured / self.baseline

    @property
    def target(self) -> str:
        """The target in signs: `≤ 4`, `≥ 3`, or nothing when it is only reported."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool:
        """Whether the target is met; one that is only reported is."""
        if self.at_most is not None:
            return self.ratio <= self.at_most
        return self.at_least is None or self.ratio >= self.at_least
