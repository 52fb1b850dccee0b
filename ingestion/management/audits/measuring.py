"""What one measured set says: how many, how well, and each item that went wrong."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Miss:
    """Hold one item that went wrong: its text, what the set says and what we say."""

    item: str
    expected: str
    got: str


@dataclass(slots=True)
class Measured:
    """Hold the figures of one set: `n` items, named metrics (shares are 0 to 1) and the misses.

    `bars` are the least that some metrics have to be; those without are told, not judged.
    """

    n: int
    metrics: dict[str, Any]
    misses: list[Miss] = field(default_factory=list)
    bars: dict[str, float] = field(default_factory=dict)


#: Measures one set; the path is the folder of all sets. FileNotFoundError: the set is not there.
Measure = Callable[[Path], Measured]

_SHOWN = 12


def barred(measure: Measure, **bars: float) -> Measure:
    """Return what measures a set and holds it against bars by metric, beside those it knows."""

    def measured(data: Path) -> Measured:
        found = measure(data)
        found.bars |= bars
        return found

    return measured


def commonest(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the commonest pairs of what was expected and what was got, as "expected > got"."""
    told = Counter(f"{expected} > {got}" for expected, got in pairs)
    return dict(told.most_common(_SHOWN))


def spans_scored(right: int, found: int, wanted: int) -> dict[str, Any]:
    """Return precision, recall and F1 with the counts they come from."""
    precision = right / found if found else 0.0
    recall = right / wanted if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "right": right,
        "found": found,
        "wanted": wanted,
    }


def labels_scored(rows: Iterable[tuple[str, str, str]]) -> Measured:
    """Score (item, expected, got); "" as answer is "unknown", counted as wrong and apart.

    `accuracy` is over all items, `accuracy_known` over those with an answer; `confusion` lists the
    commonest wrong pairs "expected > got".
    """
    n = right = unknown = 0
    misses = []
    for item, expected, got in rows:
        n += 1
        right += expected == got
        unknown += not got
        if expected != got:
            misses.append(Miss(item, expected, got or "unknown"))
    known = n - unknown
    metrics = {
        "accuracy": round(right / n, 4) if n else 0.0,
        "accuracy_known": round(right / known, 4) if known else 0.0,
        "right": right,
        "unknown": unknown,
        "unknown_share": round(unknown / n, 4) if n else 0.0,
        "confusion": commonest((miss.expected, miss.got) for miss in misses),
    }
    return Measured(n, metrics, misses)
