"""How right a rule is, measured on what persons said, with the width of not knowing."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

_SURE: Final = 1.959964  # standard deviations that hold 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson); None of all where nothing was counted."""

    good: int
    all: int

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.good / self.all if self.all else None

    @property
    def interval(self) -> tuple[float, float]:
        """The ends between which the true share lies 19 times in 20."""
        if not self.all:
            return (0.0, 1.0)
        z, n, p = _SURE, self.all, self.good / self.all
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (max(0.0, middle - reach), min(1.0, middle + reach))


@dataclass(frozen=True, slots=True)
class Score:
    """What a rule says against what persons said: kept together, kept apart, and both errors."""

    right_same: int
    wrong_same: int
    missed: int
    right_apart: int

    @property
    def precision(self) -> Share:
        """Of the pairs the rule calls the same, those that are."""
        return Share(self.right_same, self.right_same + self.wrong_same)

    @property
    def recall(self) -> Share:
        """Of the pairs that are the same, those the rule calls so."""
        return Share(self.right_same, self.right_same + self.missed)


def score(said: Mapping[tuple[int, int], bool], truth: Mapping[tuple[int, int], bool]) -> Score:
    """Count what a rule said of the pairs whose truth is known."""
    counts = {(s, t): 0 for s in (True, False) for t in (True, False)}
    for pair, is_same in truth.items():
        counts[said[pair], is_same] += 1
    return Score(counts[True, True], counts[True, False], counts[False, True], counts[False, False])
