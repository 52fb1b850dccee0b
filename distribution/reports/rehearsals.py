"""A rehearsal as its page shows it: each pair, and how it went by channel."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from distribution.models import Distribution, Rehearsal
from distribution.rules.rehearsals import Pair
from distribution.rules.states import BAD_ENDS, ENDED


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rehearsal is while it goes on: counts of its publications."""

    total: int
    live: int
    bad: int
    moving: int


def pairs_of(row: Rehearsal) -> list[Pair]:
    """Return what its report says of each publication; nothing while it goes on."""
    names = {item.name for item in fields(Pair)}
    told: Sequence[dict[str, Any]] = row.report.get("pairs", [])
    return [
        Pair(**{**{k: v for k, v in one.items() if k in names}, "faults": tuple(one["faults"])})
        for one in told
    ]


def standing_of(row: Rehearsal) -> Standing:
    """Count where the publications of a rehearsal are now; one query."""
    rows = Distribution.everything.filter(rehearsal=row).values_list("status", "published_at")
    found = list(rows)
    live = sum(at is not None for _, at in found)
    bad = sum(status in BAD_ENDS for status, _ in found)
    done = sum(status in ENDED | {"published"} for status, _ in found)
    return Standing(len(found), live, bad, len(found) - bad - done)
