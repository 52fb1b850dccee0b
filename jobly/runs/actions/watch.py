"""The thread in every worker's main process: it sweeps, shows life and notices deafness."""

import logging
import os
import signal
import threading
import time
from datetime import timedelta
from typing import Any

from celery.signals import task_received
from celery.worker import state
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now

from jobly.runs import clients
from jobly.runs.models import Run

from . import schedules, stopping, sweep

DEAF_SECONDS = 60.0  # without a hint, while due rows wait and hints are being sent
LAST_WORD_SECONDS = 12.0  # for a worker that does not leave when asked

log = logging.getLogger(__name__)


class Watch(threading.Thread):
    """Look after a worker from inside."""

    def __init__(self, consumer: Any) -> None:
        super().__init__(name="run-watch", daemon=True)
        self.name_of_worker = str(consumer.hostname)
        self.queues = [str(queue) for queue in consumer.app.amqp.queues]
        self.slots = int(consumer.pool.num_processes if consumer.pool else 1)
        self.heard = time.monotonic()

    def run(self) -> None:
        """Sweep until the worker stops."""
        task_received.connect(self.hear, weak=False)
        while not stopping.is_stopping():
            clients.show_life(f"worker:{self.name_of_worker}")
            try:
                sweep.sweep()
                deaf = self.is_deaf()
                pause = self.pause()
            except (OperationalError, InterfaceError) as exc:
                log.warning("sweep failed: %s", exc)
                deaf, pause = False, settings.RUN_SWEEP_SECONDS
            connection.close()
            if deaf:
                self.leave()
            time.sleep(pause)

    def hear(self, **_: Any) -> None:
        """Note that a hint arrived."""
        self.heard = time.monotonic()

    def is_deaf(self) -> bool:
        """Whether due rows wait for us, hints go out, a process is idle and none arrives."""
        busy = len(state.active_requests) >= self.slots
        if busy or clients.is_silent() or time.monotonic() - self.heard < DEAF_SECONDS:
            return False
        waiting = Run.objects.filter(
            status=Run.Status.QUEUED,
            queue__in=self.queues,
            available_at__lt=Now() - timedelta(seconds=DEAF_SECONDS),
        )
        return waiting.exists()

    def pause(self) -> float:
        """Return the seconds until the next sweep: sooner when a run falls due before."""
        next_due = (
            Run.objects.filter(status=Run.Status.QUEUED, available_at__gt=Now())
            .order_by("available_at")
            .values_list(F("available_at") - Now(), flat=True)
            .first()
        )
        longest: float = settings.RUN_SWEEP_SECONDS
        if next_due is None:
            return longest
        wait: float = next_due.total_seconds()
        return min(longest, max(longest / 20, wait))

    def leave(self) -> None:
        """Ask this worker to stop, so that the supervisor starts a fresh one; insist."""
        log.error("no hint for %s s while runs are due: restarting", DEAF_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_WORD_SECONDS)
        os._exit(1)


def begin(consumer: Any) -> None:
    """Start to look after a worker that is ready."""
    Watch(consumer).start()


def begin_beat() -> None:
    """Create missing schedules when beat starts."""
    try:
        schedules.ensure_schedules()
    except (OperationalError, InterfaceError) as exc:
        log.warning("schedules not checked: %s", exc)
    connection.close()


def beat_sent(**_: Any) -> None:
    """Show that beat lives, whenever it sends something."""
    clients.show_life("beat")
