"""How a worker goes along a queue."""

import time
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

from jobly.runs.models import Run

from . import claims, loglines
from .kinds import capped_kinds
from .performing import tend_parent
from .together import MOST, has_riders, ride

QUICK_SECONDS = 0.25  # a batch that took less is followed by one twice as large


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step along a queue gave: runs that are claimed, and small ones that have ended."""

    runs: list[Run] = field(default_factory=list)
    riders: list[Run] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.runs or self.riders)


class Line:
    """A queue as one worker goes along it.

    It takes the most urgent runs and, every other time, those of one stream after the other: a
    company with thousands of runs does not keep another's single one waiting.
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.turn = ""  # the stream that had the last turn
        self.fair = False
        self.room = claims.BATCH  # for small ones; twice as much after each quick ride

    def take(self, size: int, most: int) -> Taken:
        """Let up to `most` small runs ride and claim up to `size` others."""
        self.fair = not self.fair
        after = None if self.fair else self.turn
        taken = self._take(size, most, after)
        if after is not None:
            streams = [run.stream for run in (*taken.runs, *taken.riders)]
            self.turn = max(streams, default="")
            if not taken:  # nobody behind the last one
                return self._take(size, most, None)
        return taken

    def _take(self, size: int, most: int, after: str | None) -> Taken:
        riders: list[Run] = []
        others: list[Run] | None = None  # unknown
        if has_riders(self.queue):
            riders, others = self._ride(min(self.room, most), after)
        left = min(size, most - len(riders))
        room = capped_kinds(self.queue)
        if left <= 0 or (others is not None and not others):
            return Taken([], riders)
        if room:
            found = claims.claim_with_room(self.queue, left, room, after=after)
        elif others is None:
            found = claims.claim(self.queue, left, after=after)
        else:
            next_ones = others if after is None else _one_of_each(others)
            found = claims.claim_these([run.pk for run in next_ones[:left]])
        return Taken(found, riders)

    def _ride(self, limit: int, after: str | None) -> tuple[list[Run], list[Run]]:
        began = time.monotonic()
        riders, others = ride(partial(claims.look, self.queue, limit, after=after))
        self.room = min(MOST, self.room * 2) if time.monotonic() - began < QUICK_SECONDS else 1
        for run in riders:
            loglines.close(run)
        for parent in {run.parent_id: run for run in riders if run.parent_id}.values():
            tend_parent(parent)
        return riders, others


def _one_of_each(runs: list[Run]) -> list[Run]:
    """Order runs so that each stream has one, then each its second, and so on."""
    lanes: dict[str, list[Run]] = {}
    for run in runs:
        lanes.setdefault(run.stream, []).append(run)
    rounds = zip_longest(*(lanes[stream] for stream in sorted(lanes)))
    return [run for each in rounds for run in each if run is not None]
