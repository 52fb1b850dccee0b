"""Backpressure: whether an entry point may start more work at this moment."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings

from jobly.errors import TooMany
from jobly.runs.models import Run
from jobly.runs.reports.queues import has_backlog, has_queued, paused
from jobly.runs.rules.streams import stream_for
from jobly.users.models import User

from . import replay
from .kinds import find_kind, kind_of

COME_BACK = timedelta(seconds=30)
INTERACTIVE = "interactive"
NOTHING = "nothing was started or changed"


def admit(
    kind: str,
    *,
    company_id: UUID | None = None,
    user_id: UUID | None = None,
    stream: str | None = None,
) -> None:
    """Raise TooMany if a person or program asks for work that would only lengthen a long queue.

    Entry points ask before they start what somebody asked for; facts and children are never
    refused, or the work that was promised already would be lost. Those who ask at the very same
    moment may go over a limit together by as many as they are. Raises: UnknownKind.
    """
    queue = kind_of(kind).queue
    own = stream or stream_for(company_id, user_id)
    mine = settings.RUN_QUEUED_LIMIT
    if has_queued(queue, own, mine):
        reason = f"{mine:,} pieces of work of yours wait in the queue {queue} already"
        if queue in paused():
            raise TooMany(f"{reason}, which is paused; {NOTHING}.", retry_after=COME_BACK)
        raise TooMany(
            f"{reason}; {NOTHING}. Try again when some have ended.", retry_after=COME_BACK
        )
    if queue != INTERACTIVE and has_backlog(settings.RUN_BACKLOG_LIMIT):
        raise TooMany(
            f"The system is behind with its work; {NOTHING}. Try again in a moment.",
            retry_after=COME_BACK,
        )


def admit_again(run: Run) -> None:
    """Raise TooMany if the work of a run may not be started once more at this moment."""
    if find_kind(run.kind) is not None:  # an unknown one is refused by what starts it
        admit(run.kind, stream=run.stream)


def retry(run: Run, *, actor: User | None, args: Mapping[str, Any] | None = None) -> Run:
    """Do a failed or cancelled run again if there is room for its work.

    Raises: TooMany, and what `replay` raises; nothing is started then.
    """
    admit_again(run)
    return replay(run, actor=actor, args=args)


def admitting(kind: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap an action on a row of a company that starts work of this kind: it asks first."""

    @wraps(change)
    def ask_first(row: Any, *, actor: User | None, **options: Any) -> Any:
        admit(kind, company_id=row.company_id)
        return change(row, actor=actor, **options)

    return ask_first
