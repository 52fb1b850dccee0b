"""Runs of one kind performed side by side: the body of a crew has many in hand and takes more.

Each keeps its own claim, fence and end. One that was there when a worker died goes alone.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from uuid import UUID

from django.db import InterfaceError, OperationalError

from jobly.errors import Deferred
from jobly.runs import events
from jobly.runs.models import Run

from . import claims, claims_of_many, stopping
from .current import executing
from .heartbeat import Heartbeat
from .kinds import RunKind
from .outbox import add, transaction
from .performing import answer_of, attempt, execute, judge_here, tend_parent, write_down
from .progress import Progress
from .telling import tell, told_alike

SHIFT_SECONDS = 5.0  # after this a crew takes no more: others of its queue wait for it

log = logging.getLogger(__name__)

More = Callable[[int], list[Run]]


class Crew:
    """What the body of a crew has: its runs, and how each of them ends."""

    def __init__(self, kind: RunKind, pulse: Heartbeat, more: More) -> None:
        self.kind = kind
        self.performed = 0
        self._pulse = pulse
        self._more = more
        self._waiting: list[Progress] = []
        self._held: dict[UUID, Progress] = {}
        self._until = time.monotonic() + SHIFT_SECONDS

    def work(self, first: Sequence[Progress]) -> None:
        """Perform some runs and what else is due; whatever the body leaves open is judged here."""
        self._waiting = list(first)
        self._held = {one.run.pk: one for one in first}
        try:
            if self.kind.crew is not None:
                self.kind.crew(self)
        except Exception as exc:  # noqa: BLE001 # each run that is open is judged by it
            self.settle([(progress, exc) for progress in list(self._held.values())])

    def take(self, most: int) -> list[Progress]:
        """Return up to `most` runs to begin: those at hand, then others that are due."""
        mine, self._waiting = self._waiting, []
        if len(mine) < most and time.monotonic() < self._until and not stopping.is_stopping():
            mine += self._claim(most - len(mine))
        return [one for one in mine if self._is_begun(one)]

    def _claim(self, most: int) -> list[Progress]:
        found = [Progress(run) for run in self._more(most)]
        if len(found) == 1 and self._held:
            # claimed by itself, but not performed alone: a crash is not its own
            claims.stand_alone(found[0].run, among=1 + len(self._held))
        self._pulse.hold(found)
        self._held |= {one.run.pk: one for one in found}
        fresh = [one for one in found if not one.run.crash_count]
        for progress in found:
            if progress.run.crash_count:
                self.alone(progress)
        return fresh

    def _is_begun(self, progress: Progress) -> bool:
        if self._pulse.begin(progress):
            return True
        self._held.pop(progress.run.pk, None)  # given back meanwhile
        return False

    def alone(self, progress: Progress) -> None:
        """Perform one run by its usual body, now."""
        try:
            execute(progress)
        finally:
            self._drop(progress)

    def succeed(self, ended: Sequence[tuple[Progress, Any]]) -> None:
        """Write that runs succeeded, each with its result, in the open transaction.

        `leave` follows its commit. Emits: job.completed. Raises: LostLease.
        """
        rows = [(one.run, one.counts() | {"result": answer_of(result)}) for one, result in ended]
        claims_of_many.succeed(rows)
        add(*told_alike([run for run, _ in rows]))

    def leave(self, ended: Sequence[Progress]) -> None:
        """Let go of runs whose end is committed, and let their parents follow."""
        for progress in ended:
            self._drop(progress)
        for run in {one.run.parent_id: one.run for one in ended if one.run.parent_id}.values():
            tend_parent(run)

    def settle(self, ended: Sequence[tuple[Progress, Exception]]) -> None:
        """Write what an error means for each run, as if its body had raised it."""
        deferred = self._defer(ended)
        for progress, error in ended:
            if progress.run.pk not in deferred:
                self._settle(progress, error)
        self.leave([progress for progress, _ in ended])

    def _defer(self, ended: Sequence[tuple[Progress, Exception]]) -> set[UUID]:
        """Put those back together that only have to wait; return whose end that is."""
        some = [
            (progress.run, judge_here(error, self.kind, progress.run))
            for progress, error in ended
            if isinstance(error, Deferred)
        ]
        if not some:
            return set()
        try:
            with transaction():
                rows = claims_of_many.defer(some)
                for row in rows:
                    tell(row, events.PROGRESS)
        except (OperationalError, InterfaceError) as away:
            log.warning("%s runs are put back one by one: %s", len(some), away)
            return set()
        return {row.pk for row in rows}

    def _settle(self, progress: Progress, error: Exception) -> None:
        def broken_off() -> NoReturn:
            raise error

        with executing(progress.run):
            last_word = attempt(broken_off, self.kind, progress)
        if last_word is not None:
            write_down(progress.run, last_word)

    def _drop(self, progress: Progress) -> None:
        self.performed += 1
        self._held.pop(progress.run.pk, None)
        self._pulse.drop(progress)
