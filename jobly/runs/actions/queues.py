"""Pause a queue and let it go on: what runs goes on, what waits in it keeps waiting."""

from django.conf import settings
from django.db.models.functions import Now

from jobly.errors import Conflict, Rejected
from jobly.runs.events import QueuePaused, QueueResumed
from jobly.runs.models import Queue
from jobly.runs.rules.streams import STAFF
from jobly.users.models import User

from . import emit
from .outbox import Entry, add, transaction

LONGEST_WHY = 200  # characters


def queue_names() -> list[str]:
    """Name the queues that there are by the wiring, sorted."""
    return sorted({"default", "interactive", *settings.RUN_QUEUES.values()})


def ensure_queues() -> None:
    """Make a row for each queue that has none."""
    rows = [Queue(name=name) for name in queue_names()]
    Queue.objects.bulk_create(rows, ignore_conflicts=True)


@transaction
def pause(name: str, *, why: str, actor: User | None) -> Queue:
    """Let no worker take work out of a queue until it is resumed; work that runs goes on.

    A command in the foreground does its own work all the same. Emits: QueuePaused.
    Raises: Rejected for an unknown queue or too long a reason, Conflict if it is paused already.
    """
    if len(why) > LONGEST_WHY:
        wrong = f"The reason may have {LONGEST_WHY} characters; nothing was paused."
        raise Rejected(wrong, fields={"why": [wrong]})
    row = _locked(name)
    if row.paused_at is not None:
        raise Conflict(f"The queue {name} is paused already; nothing was changed.", queue=name)
    Queue.objects.filter(pk=name).update(paused_at=Now(), paused_by=actor, why=why)
    emit(QueuePaused(queue=name, why=why), actor=actor, streams=[STAFF])
    row.refresh_from_db()
    return row


@transaction
def resume(name: str, *, actor: User | None) -> Queue:
    """Let workers take work out of a queue again, and hint them at once.

    Emits: QueueResumed. Raises: Rejected for an unknown queue, Conflict if it is not paused.
    """
    row = _locked(name)
    if row.paused_at is None:
        raise Conflict(f"The queue {name} is not paused; nothing was changed.", queue=name)
    Queue.objects.filter(pk=name).update(paused_at=None, paused_by=None, why="")
    emit(QueueResumed(queue=name), actor=actor, streams=[STAFF])
    add(Entry(hint=name))
    row.refresh_from_db()
    return row


def _locked(name: str) -> Queue:
    if name not in queue_names():
        have = ", ".join(queue_names())
        raise Rejected(f"There is no queue {name}; nothing was changed. There are: {have}.")
    ensure_queues()
    return Queue.objects.select_for_update(no_key=True).get(pk=name)
