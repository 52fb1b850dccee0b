"""The thread in every worker's main process: it sweeps, shows life and notices what is wrong."""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery.signals import task_received
from celery.worker import state
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from jobly.runs import clients
from jobly.runs.models import Run
from jobly.runs.reports.queues import seconds_to_next

from . import alarms, life, schedules, stopping, sweep

DEAF_SECONDS = 60.0  # without a hint, while due rows wait and hints are being sent
LAST_WORD_SECONDS = 12.0  # for a worker that does not leave when asked
LOOK_SWEEPS = 6  # so many sweeps between two looks for trouble

log = logging.getLogger(__name__)


class Rounds:
    """Look for trouble every so often, from whatever loop this is called in.

    The first look comes after a while: what nobody did while everything was down is not late yet.
    """

    def __init__(self) -> None:
        self.last = time.monotonic()

    def go(self) -> bool:
        """Look unless somebody did here a moment ago; whether it was done."""
        now = time.monotonic()
        if now - self.last < LOOK_SWEEPS * settings.RUN_SWEEP_SECONDS:
            return False
        self.last = now
        alarms.look()
        life.forget_the_gone()
        return True


class Watch(threading.Thread):
    """Look after a worker from inside."""

    def __init__(self, consumer: Any) -> None:
        super().__init__(name="run-watch", daemon=True)
        self.name_of_worker = str(consumer.hostname)
        self.queues = [str(queue) for queue in consumer.app.amqp.queues]
        self.slots = int(consumer.pool.num_processes if consumer.pool else 1)
        self.heard = time.monotonic()
        self.rounds = Rounds()

    def run(self) -> None:
        """Sweep until the worker stops."""
        task_received.connect(self.hear, weak=False)
        while not stopping.is_stopping():
            deaf, pause = False, settings.RUN_SWEEP_SECONDS
            try:
                self.show_life()
                sweep.sweep()
                self.rounds.go()
                deaf, pause = self.is_deaf(), self.pause()
            except (OperationalError, InterfaceError) as exc:
                log.warning("sweep failed: %s", exc)
            except Exception:  # a worker nobody looks after would lose what others left behind
                log.exception("sweep broke")
            connection.close()
            if deaf:
                self.leave()
            time.sleep(pause)
        with suppress(OperationalError, InterfaceError):
            life.take_leave(f"worker:{self.name_of_worker}")
        connection.close()

    def show_life(self) -> None:
        """Leave a sign of life that names the queues served."""
        every = timedelta(seconds=settings.RUN_SWEEP_SECONDS)
        name = f"worker:{self.name_of_worker}"
        life.show_life(name, every=every, queues=tuple(self.queues))

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
            finished_at=None,  # the mark of the index by queue and time
            queue__in=self.queues,
            available_at__lt=Now() - timedelta(seconds=DEAF_SECONDS),
        )
        return waiting.unpaused().exists()

    def pause(self) -> float:
        """Return the seconds until the next sweep: sooner when a run falls due before."""
        longest: float = settings.RUN_SWEEP_SECONDS
        wait = seconds_to_next()
        return longest if wait is None else min(longest, max(longest / 20, wait))

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
