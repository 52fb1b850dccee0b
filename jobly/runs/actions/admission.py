"""Backpressure: whether an entry point may start more work at this moment."""

from datetime import timedelta
from uuid import UUID

from jobly.errors import TooMany
from jobly.runs.models import Run
from jobly.runs.rules.streams import stream_for

from .kinds import kind_of

QUEUED_PER_STREAM = 2_000  # of one company or person in one queue
DUE_BACKLOG = 10_000  # of everybody; beyond it only interactive work is let in
COME_BACK = timedelta(seconds=30)
INTERACTIVE = "interactive"


def admit(kind: str, *, company_id: UUID | None = None, user_id: UUID | None = None) -> None:
    """Raise TooMany if a person or program asks for work that would only lengthen a long queue.

    Entry points ask before they start what somebody asked for; facts and children are never
    refused, or the work that was promised already would be lost.
    """
    queue = kind_of(kind).queue
    mine = Run.objects.filter(
        status=Run.Status.QUEUED, queue=queue, stream=stream_for(company_id, user_id)
    ).order_by()
    if mine[QUEUED_PER_STREAM : QUEUED_PER_STREAM + 1].exists():
        raise TooMany(
            f"{QUEUED_PER_STREAM} runs of yours are waiting; start more when some have ended.",
            retry_after=COME_BACK,
        )
    if queue == INTERACTIVE:
        return
    if Run.objects.due().order_by()[DUE_BACKLOG : DUE_BACKLOG + 1].exists():
        raise TooMany("The system is behind with its work; try again soon.", retry_after=COME_BACK)
