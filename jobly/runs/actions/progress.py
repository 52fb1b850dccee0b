"""A run as its own body sees it: how far it is, whether it may go on, what it starts."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from jobly.runs.errors import Cancelled, LostLease, Released
from jobly.runs.models import Run

from . import Options, claims, outbox, start, stopping

LEASE_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is: counts of items and what it does at the moment."""

    done: int = 0
    failed: int = 0
    skipped: int = 0
    total: int = 0
    step: str = ""
    #: of [0, 1], for work that can say how far it is but not yet how many items there will be
    share: float = 0.0

    @property
    def percent(self) -> int:
        """Progress of 0 to 100: by the items while their total is known, else by the share."""
        if not self.total:
            return min(99, int(self.share * 100))
        finished = self.done + self.failed + self.skipped
        return min(100, finished * 100 // self.total)


class Said(TypedDict, total=False):
    """What a body may say about its position."""

    done: int
    failed: int
    skipped: int
    total: int
    step: str
    share: float


class Progress:
    """What a body holds: its run, its counts and its lease.

    `tell` only remembers; the heartbeat thread writes it down, at most twice a second, and the
    end of the run writes the last word.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.position = Position(run.done, run.failed, run.skipped, run.total, run.step)
        self.written = self.position
        self.began: float | None = None  # by the monotonic clock, when the body started
        self.renewed = time.monotonic()
        self.lost = False
        self.cancelled = False

    def tell(self, **said: Unpack[Said]) -> None:
        """Say how far the run is; what is left out stays as it was."""
        if "step" in said:
            said["step"] = said["step"][:200]
        self.position = replace(self.position, **said)

    def keep(self, **counts: int) -> None:
        """Write counts in the open step: who goes on after a death goes on behind what is done.

        `tell` follows its commit.
        """
        Run.objects.filter(pk=self.run.pk, fence=self.run.fence).update(**counts)

    def checkpoint(self) -> None:
        """Raise Cancelled, LostLease or Released if the body has to leave; costs nothing else."""
        if self.lost or time.monotonic() - self.renewed > claims.lease().total_seconds():
            raise LostLease(f"run {self.run.pk} is not held any more")
        if self.cancelled:
            raise Cancelled(f"run {self.run.pk} is to be cancelled")
        if stopping.is_stopping():
            raise Released(f"run {self.run.pk} goes back to its queue")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open one step of a stepwise body: it commits only while the run is still ours.

        Raises what `checkpoint` raises, and LostLease at the end if another worker has the run.
        """
        self.checkpoint()
        with outbox.transaction():
            yield
            claims.verify(self.run)

    def hold(self, needed: timedelta) -> None:
        """Make sure that the lease outlasts a call which may take `needed`."""
        self.checkpoint()
        left = claims.lease().total_seconds() - (time.monotonic() - self.renewed)
        if left < (needed + LEASE_MARGIN).total_seconds():
            at = time.monotonic()
            claims.renew({self.run.pk: self.run.fence}, at_least=needed + LEASE_MARGIN)
            self.renewed = at

    def start(self, kind: str, args: Mapping[str, Any], **options: Unpack[Options]) -> Run:
        """Start a child of this run, by default for the same company, person and stream."""
        options["parent"] = self.run
        return start(kind, args, actor=None, **options)

    def counts(self) -> dict[str, Any]:
        """Return the columns of the run that the position fills."""
        now = self.position
        return {
            "progress": now.percent,
            "step": now.step,
            "done": now.done,
            "failed": now.failed,
            "skipped": now.skipped,
            "total": now.total,
        }
