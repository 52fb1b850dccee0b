"""The thread beside a draining one: it keeps leases alive, writes progress and hears of orders.

It has a database connection of its own, opened only when a run lasts long enough to need it.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from jobly.runs import events
from jobly.runs.errors import LostLease
from jobly.runs.models import Run

from . import claims, loglines, stopping
from .outbox import transaction
from .progress import Progress
from .telling import tell

TICK_SECONDS = 0.5  # progress is written at most this often
ORDER_SECONDS = 2.0  # how soon a request to cancel is heard
HOARD_SECONDS = 1.0  # a run that takes longer must not keep others claimed beside it
LOCK_SECONDS = 2  # that a beat waits for a row which somebody else has locked
EXIT_SECONDS = 4.0  # after a forced release, until this process leaves

log = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Look after what one drain holds."""

    def __init__(self) -> None:
        super().__init__(name="run-heartbeat", daemon=True)
        self.held: dict[UUID, Progress] = {}
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.renewed = self.asked = time.monotonic()
        self.stop_seen: float | None = None

    def run(self) -> None:
        """Beat until the drain is over."""
        _wait_for_no_lock()
        tick = min(TICK_SECONDS, settings.RUN_HEARTBEAT_SECONDS)
        while not self.over.wait(tick):
            try:
                self.beat()
            except (DatabaseError, InterfaceError) as exc:
                log.warning("heartbeat missed: %s", exc)
                connection.close()
        connection.close()

    def beat(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        if stopping.is_stopping():
            self._leave(now)
        held = self._mine()
        if held and now - self.renewed >= settings.RUN_HEARTBEAT_SECONDS:
            claims.renew({progress.run.pk: progress.run.fence for progress in held})
            self.renewed = now
            self._hear(held, renewed_at=now)
        elif held and now - self.asked >= min(ORDER_SECONDS, settings.RUN_HEARTBEAT_SECONDS):
            self._hear(held)
        for progress in held:
            loglines.write(progress.run)
            if progress.began is not None and progress.position != progress.written:
                _write_down(progress)
        if any(p.began is not None and now - p.began > HOARD_SECONDS for p in held):
            self.release_waiting()

    def hold(self, many: Iterable[Progress]) -> None:
        """Begin to look after claimed runs."""
        with self.lock:
            self.held |= {progress.run.pk: progress for progress in many}

    def begin(self, progress: Progress) -> bool:
        """Mark a claimed run as executing, unless it was given back meanwhile."""
        with self.lock:
            if progress.run.pk not in self.held or progress.lost:
                return False
            progress.began = time.monotonic()
            return True

    def drop(self, progress: Progress) -> None:
        """Stop looking after a run that has been written down."""
        loglines.close(progress.run)
        with self.lock:
            self.held.pop(progress.run.pk, None)

    def release_waiting(self) -> None:
        """Give back what is claimed but not begun, its attempt unused."""
        with self.lock:
            waiting = [progress for progress in self.held.values() if progress.began is None]
            for progress in waiting:
                if _release(progress.run):
                    del self.held[progress.run.pk]

    def _mine(self) -> list[Progress]:
        with self.lock:
            return [progress for progress in self.held.values() if not progress.lost]

    def _hear(self, held: list[Progress], renewed_at: float | None = None) -> None:
        """Learn which leases were lost and which runs shall be cancelled."""
        self.asked = time.monotonic()
        rows = claims.standing([progress.run.pk for progress in held])
        for progress in held:
            # a row this connection cannot see belongs to a transaction that is still open
            row = rows.get(progress.run.pk)
            if row is not None:
                fence, status, asked = row
                progress.lost = fence != progress.run.fence or status != Run.Status.RUNNING
                progress.cancelled = asked is not None
            if renewed_at is not None and not progress.lost:
                progress.renewed = max(progress.renewed, renewed_at)

    def _leave(self, now: float) -> None:
        """Release everything when the grace is over, and the process a little later."""
        self.stop_seen = self.stop_seen or now
        waited = now - self.stop_seen
        if waited >= settings.RUN_RELEASE_SECONDS + EXIT_SECONDS:
            os._exit(0)  # the body does not listen; whatever it still writes is refused
        if waited >= settings.RUN_RELEASE_SECONDS:
            for progress in self._mine():
                _release(progress.run)
                progress.lost = True


@contextmanager
def heartbeat() -> Iterator[Heartbeat]:
    """Run a heartbeat for the block; runs not begun by its end are given back.

    It ends even where they cannot be: a beat that went on would keep them claimed for ever.
    """
    pulse = Heartbeat()
    pulse.start()
    try:
        yield pulse
    finally:
        try:
            pulse.release_waiting()
        finally:
            pulse.over.set()
            pulse.join()
        for progress in pulse.held.values():  # what a command executed itself
            loglines.close(progress.run)


def _wait_for_no_lock() -> None:
    """Have this thread's connection give up a lock that it does not get soon: leases run out."""
    settings_dict = connection.settings_dict
    options = settings_dict["OPTIONS"]
    bounded = f"{options.get('options', '')} -c lock_timeout={LOCK_SECONDS}s"
    connection.settings_dict = settings_dict | {"OPTIONS": options | {"options": bounded}}


def _release(run: Run) -> bool:
    """Put a run back into its queue as if it had not been claimed; False if it is not ours."""
    try:
        with transaction():
            row = claims.write(claims.REQUEUE, run, **claims.RELEASED)
            tell(row, events.PROGRESS)
    except LostLease:
        return False
    return True


def _write_down(progress: Progress) -> None:
    """Write the position of a run to its row and tell it; leave a locked row for the next beat."""
    position, counts = progress.position, progress.counts()
    with transaction():
        rows = Run.objects.select_for_update(skip_locked=True, no_key=True).order_by()
        held = {"pk": progress.run.pk, "fence": progress.run.fence, "status": Run.Status.RUNNING}
        row = rows.filter(**held).first()
        if row is None:
            return
        Run.objects.filter(pk=row.pk).update(**counts)
        for name, value in counts.items():
            setattr(row, name, value)
        tell(row, events.PROGRESS)
    progress.written = position
