"""Spread publications over time: so many an hour or a day, by one place's clock."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo

Every = Literal["hour", "day"]

MOST_AT_ONCE = 10_000
FURTHEST = timedelta(days=2 * 365)  # ahead, that a rule plans a publication
LONGEST_WAIT = timedelta(days=30)  # of a rule before its first job, and between two
WRITTEN = re.compile(r"(\d{1,5})\s*/\s*(hour|day)")
FIRST_DAY_OFF = 5  # Saturday, as `weekday()` counts


@dataclass(frozen=True, slots=True)
class Stagger:
    """So many jobs at each step from a beginning on; a job goes to all its channels at once.

    Days step from the same time to the same time of the zone's clock, also where it is changed.
    """

    count: int
    every: Every
    begins: datetime
    zone: str = "UTC"
    weekdays: bool = False


def read(text: str) -> tuple[int, Every]:
    """Read `10/day` or `5/hour`. Raises: ValueError."""
    found = WRITTEN.fullmatch(text.strip())
    if not found or not 1 <= int(found[1]) <= MOST_AT_ONCE:
        raise ValueError("a number of jobs and a step, such as 10/day or 5/hour")
    every: Every = "hour" if found[2] == "hour" else "day"
    return int(found[1]), every


def of_wish(told: Mapping[str, Any], *, begins: datetime, zone: str) -> Stagger:
    """Read what a run was told; the zone is the company's unless another was named."""
    every: Every = "hour" if told["every"] == "hour" else "day"
    return Stagger(
        int(told["count"]),
        every,
        begins,
        str(told.get("zone") or zone),
        bool(told.get("weekdays")),
    )


def moments(stagger: Stagger) -> Iterator[datetime]:
    """Yield a moment for one job after the other, without end, in UTC."""
    for step in _steps(stagger):
        for _ in range(stagger.count):
            yield step


def _steps(stagger: Stagger) -> Iterator[datetime]:
    zone = ZoneInfo(stagger.zone)
    local, number = stagger.begins.astimezone(zone), 0
    while True:
        if stagger.every == "hour":
            at = stagger.begins + timedelta(hours=number)
        else:  # the wall clock is moved, then read as a moment: nine o'clock stays nine o'clock
            wall = local.replace(tzinfo=None) + timedelta(days=number)
            at = wall.replace(tzinfo=zone)
        number += 1
        if stagger.weekdays and at.astimezone(zone).weekday() >= FIRST_DAY_OFF:
            continue
        yield at.astimezone(UTC)


def spread(
    jobs: Sequence[int], stagger: Stagger, known: Mapping[int, datetime]
) -> dict[int, datetime]:
    """Give each job its moment, in order; those that have one keep it and use up its place."""
    fresh = [job for job in dict.fromkeys(jobs) if job not in known]
    free = islice(moments(stagger), len(known), None)
    return {**known, **dict(zip(fresh, free, strict=False))}
