"""How a worker goes along a queue."""

import time
from collections import deque
from dataclasses import dataclass, field
from itertools import zip_longest

from jobly.runs.models import Run

from . import claims, loglines
from .kinds import capped_kinds
from .performing import tend_parent
from .together import MOST, has_riders, ride

BATCH_SECONDS = 0.03  # what a batch should take
URGENT = claims.Choice(above=0)


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

    def take(self, size: int, most: int, only: str = "") -> Taken:
        """Let up to `most` small runs ride and claim up to `size` others; or of one kind `only`."""
        if only:
            return self._take_only(min(size, most), only)
        self.fair = not self.fair
        choices = deque() if self.fair else deque([URGENT])
        choices.append(claims.Choice(after=self.turn))
        if self.turn:  # if there is nobody behind the last one: begin again
            choices.append(claims.Choice(after=""))
        taken = Taken()
        while choices and not taken:
            taken = self._take(size, most, choices)
        return taken

    def _take(self, size: int, most: int, choices: deque[claims.Choice]) -> Taken:
        """Take by the next choice, or by the first of them that finds something small."""
        if not has_riders(self.queue):
            choice = choices.popleft()
            return self._leave(choice, Taken(self._claim(size, choice)))
        look = _Look(self.queue, min(self.room, most), choices)
        riders, others = self._ride(look)
        left = min(size, most - len(riders))
        if left <= 0 or not others:
            return self._leave(look.choice, Taken([], riders), whole=look.is_whole(riders))
        if capped_kinds(self.queue):
            found = self._claim(left, look.choice)
        else:
            next_ones = _one_of_each(others) if "after" in look.choice else others
            found = claims.claim_these([run.pk for run in next_ones[:left]])
        return self._leave(look.choice, Taken(found, riders))

    def _take_only(self, size: int, kind: str) -> Taken:
        """Claim runs of one kind, from one stream after the other."""
        found = claims.claim(self.queue, size, after=self.turn, only=kind)
        if not found and self.turn:
            found = claims.claim(self.queue, size, after="", only=kind)
        return self._leave(claims.Choice(after=self.turn), Taken(found))

    def _leave(self, choice: claims.Choice, taken: Taken, *, whole: bool = False) -> Taken:
        """Remember where the next turn begins: at the first stream if all had this one."""
        if "after" in choice:
            self.turn = "" if whole else _last(taken)
        return taken

    def _claim(self, limit: int, choice: claims.Choice) -> list[Run]:
        if room := capped_kinds(self.queue):
            return claims.claim_with_room(self.queue, limit, room, **choice)
        return claims.claim(self.queue, limit, **choice)

    def _ride(self, look: "_Look") -> tuple[list[Run], list[Run]]:
        """Let small ones ride; return them and the others seen."""
        began = time.monotonic()
        riders, others = ride(look)
        self.room = next_size(self.room, time.monotonic() - began, most=MOST)
        for run in riders:
            loglines.close(run)
        for parent in {run.parent_id: run for run in riders if run.parent_id}.values():
            tend_parent(parent)
        return riders, others


class _Look:
    """One look along a queue, by the first of some choices that finds anything."""

    def __init__(self, queue: str, limit: int, choices: deque[claims.Choice]) -> None:
        self.queue = queue
        self.limit = limit
        self.choices = choices
        self.choice = claims.Choice()
        self.found = 0

    def __call__(self) -> list[Run]:
        """Lock what is found until the transaction ends; use the choices up to there."""
        runs: list[Run] = []
        while self.choices and not runs:
            self.choice = self.choices.popleft()
            runs = claims.look(self.queue, self.limit, **self.choice)
        self.found = len(runs)
        return runs

    def is_whole(self, ended: list[Run]) -> bool:
        """Whether no stream was left out: all runs seen ended, and there was room for more."""
        return self.found == len(ended) and len({run.stream for run in ended}) < self.limit


def next_size(size: int, seconds: float, *, most: int) -> int:
    """Return how many to take next, after so many took so long.

    As many as fit into a moment: whoever comes with a single run waits for no more than that.
    """
    fitting = int(size * BATCH_SECONDS / max(seconds, 1e-6))
    return max(1, min(most, 2 * size, fitting))


def _last(taken: Taken) -> str:
    return max((run.stream for run in (*taken.runs, *taken.riders)), default="")


def _one_of_each(runs: list[Run]) -> list[Run]:
    """Order runs so that each stream has one, then each its second, and so on."""
    lanes: dict[str, list[Run]] = {}
    for run in runs:
        lanes.setdefault(run.stream, []).append(run)
    rounds = zip_longest(*(lanes[stream] for stream in sorted(lanes)))
    return [run for each in rounds for run in each if run is not None]
