"""What Celery may be asked to do, and the ledger's own kind of run."""

import logging
from datetime import datetime
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError

from .actions import bulk, execution, retention, schedules, sweep
from .actions.kinds import run
from .actions.progress import Progress

DRAIN_SECONDS = 10.0  # for one hint; whoever has more to do hints again

log = logging.getLogger(__name__)


@shared_task(name="runs.drain")
def drain(queue: str) -> None:
    """Work on a queue for a while."""
    try:
        execution.drain_hinted(queue, DRAIN_SECONDS)
    except (OperationalError, InterfaceError) as exc:
        log.warning("drain of %s broke off: %s", queue, exc)


@shared_task(name="runs.fire")
def fire(schedule: str) -> None:
    """Start what a schedule has due."""
    schedules.fire(schedule)


@shared_task(name="runs.sweep")
def sweep_once() -> None:
    """Make good what was lost; the sweep that beat asks for."""
    sweep.sweep()


@run("runs.retention", stepwise=True, most=1)
def forget(progress: Progress) -> dict[str, Any]:
    """Forget old events and slots, archive old runs."""
    return retention.forget(progress)


@run("runs.bulk", stepwise=True)
def change_many(
    progress: Progress, *, verb: str, selection: dict[str, str], until: str
) -> dict[str, Any]:
    """Cancel, repeat or hurry every run that somebody selected."""
    return bulk.carry_out(progress, verb, selection, datetime.fromisoformat(until))
