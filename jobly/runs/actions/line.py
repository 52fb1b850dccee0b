"""How a worker goes along a queue."""

import time
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Unpack

from jobly.runs.models import Run

from . import claims, loglines
from .kinds import capped_kinds
from .performing import tend_parent
from .together import MOST, has_riders, ride

BATCH_SECONDS = 0.03  # what a batch should take


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step along a queue gave: runs that are claimed, and small ones that have ended."""

    runs: list[Run] = field(default_factory=list)
    riders: list[Run] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.runs or self.riders)


class Line:
    """A queue as one worker goes along it.

    It takes from one stream after the other, so that a company with thousands of runs does not
    keep another's single one waiting; what has a priority goes first every other time.
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.turn = ""  # the stream that had the last turn
        self.fair = True
        self.room = claims.BATCH  # for small ones

    def take(self, size: int, most: int) -> Taken:
        """Let up to `most` small runs ride and claim up to `size` others."""
        self.fair = not self.fair
        if not self.fair and (urgent := self._take(size, most, above=0)):
            return urgent
        taken = self._take(size, most, after=self.turn)
        if not taken and self.turn:  # nobody behind the last one: begin again
            taken = self._take(size, most, after="")
        self.turn = max((run.stream for run in (*taken.runs, *taken.riders)), default="")
        return taken

    def _take(self, size: int, most: int, **choice: Unpack[claims.Choice]) -> Taken:
        riders: list[Run] = []
        others: list[Run] | None = None  # unknown
        if has_riders(self.queue):
            riders, others = self._ride(min(self.room, most), choice)
        left = min(size, most - len(riders))
        room = capped_kinds(self.queue)
        if left <= 0 or (others is not None and not others):
            return Taken([], riders)
        if room:
            found = claims.claim_with_room(self.queue, left, room, **choice)
        elif others is None:
            found = claims.claim(self.queue, left, **choice)
        else:
            next_ones = others if choice.get("after") is None else _one_of_each(others)
            found = claims.claim_these([run.pk for run in next_ones[:left]])
        return Taken(found, riders)

    def _ride(self, limit: int, choice: claims.Choice) -> tuple[list[Run], list[Run]]:
        began = time.monotonic()
        riders, others = ride(partial(claims.look, self.queue, limit, **choice))
        self.room = next_size(self.room, time.monotonic() - began, most=MOST)
        for run in riders:
            loglines.close(run)
        for parent in {run.parent_id: run for run in riders if run.parent_id}.values():
            tend_parent(parent)
        return riders, others


def next_size(size: int, seconds: float, *, most: int) -> int:
    """Return how many to take next, after so many took so long.

    As many as fit into a moment: whoever comes with a single run waits for no more than that.
    """
    fitting = int(size * BATCH_SECONDS / max(seconds, 1e-6))
    return max(1, min(most, 2 * size, fitting))


def _one_of_each(runs: list[Run]) -> list[Run]:
    """Order runs so that each stream has one, then each its second, and so on."""
    lanes: dict[str, list[Run]] = {}
    for run in runs:
        lanes.setdefault(run.stream, []).append(run)
    rounds = zip_longest(*(lanes[stream] for stream in sorted(lanes)))
    return [run for each in rounds for run in each if run is not None]
