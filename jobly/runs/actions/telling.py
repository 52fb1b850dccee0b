"""How a run's life is told on its stream."""

import json
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from jobly.runs import events
from jobly.runs.models import Run
from jobly.runs.rules.words import in_words

from . import outbox

_TYPES = {
    Run.Status.SUCCEEDED: events.COMPLETED,
    Run.Status.FAILED: events.FAILED,
    Run.Status.CANCELLED: events.FAILED,
}

# what an event about a run that succeeded says, but for the run's id
_ALIKE = attrgetter(
    "stream", "kind", "actor_id", "parent_id", "step", "done", "failed", "skipped", "total"
)


def plain(value: Any) -> Any:
    """Turn ids, times and tuples into what JSON can hold."""
    if not value:
        return value
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def tell(run: Run, event_type: str = "") -> None:
    """Buffer one event about a run; without a type it is the one of the run's status."""
    outbox.add(told(run, event_type))


def told(run: Run, event_type: str = "", *, alike: Sequence[Run] = ()) -> outbox.Entry:
    """Return the event about a run as it is now, or about each of some that differ by id only."""
    return outbox.Entry(
        stream=run.stream,
        type=event_type or _TYPES[Run.Status(run.status)],
        run_ids=tuple(one.pk for one in alike) or (run.pk,),
        named=True,
        actor_id=run.actor_id,
        data=_state_of(run),
    )


def told_alike(runs: Sequence[Run]) -> list[outbox.Entry]:
    """Return what is told of runs that have succeeded, one entry for neighbours that are alike."""
    return [
        told(alike[0], alike=alike)
        for alike in (list(group) for _, group in groupby(runs, key=_ALIKE))
    ]


def _state_of(run: Run) -> dict[str, Any]:
    """Describe a run as its events carry it, but for its id."""
    state: dict[str, Any] = {
        "kind": run.kind,
        "title": in_words(run.kind),
        "status": str(run.status),
        "progress": run.progress,
        "step": run.step,
        "done": run.done,
        "failed": run.failed,
        "skipped": run.skipped,
        "total": run.total,
        "parent": str(run.parent_id) if run.parent_id else None,
    }
    if run.error_code:
        state["error"] = {"code": run.error_code, "message": run.error}
    return state
