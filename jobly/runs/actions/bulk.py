"""Change all runs that a selection means, as work of its own: in steps, and checked at each run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jobly.errors import Deferred, Forbidden, JoblyError, TooMany
from jobly.runs.models import Run, RunQuerySet
from jobly.runs.reports.bulk import selected
from jobly.runs.rules.selection import Selection
from jobly.users.models import User, principal_for

from . import claims, replay, start, transaction
from .admission import admit
from .ending import cancel_many
from .hurrying import hurry_many
from .kinds import bound_kinds
from .progress import Progress

BATCH = 100
DRAINS = timedelta(seconds=5)  # how long full queues are left alone
KIND = "runs.bulk"


@dataclass(frozen=True, slots=True)
class Verb:
    """What can be done to many runs: its name, what is then said, and how to do it to a batch.

    `apply` returns how many it changed; a run that moved on meanwhile is none of them.
    """

    name: str
    done: str
    apply: Callable[[list[Run], User], int]


def _cancel(runs: list[Run], actor: User) -> int:
    bound = bound_kinds()
    free = [run for run in runs if run.kind not in bound]
    cancel_many(free, actor=actor)
    return len(free)


def _again(runs: list[Run], actor: User) -> int:
    started = 0
    for run in runs:
        try:
            replay(run, actor=actor)
        except JoblyError:  # it moved on, or its kind is gone
            continue
        started += 1
    return started


def _now(runs: list[Run], actor: User) -> int:
    return len(hurry_many(runs, actor=actor))


VERBS = {
    "cancel": Verb("Cancel", "cancelled", _cancel),
    "again": Verb("Do again", "started again", _again),
    "now": Verb("Start now", "started now", _now),
}


@transaction
def start_bulk(verb: str, selection: Selection, *, until: datetime, actor: User) -> Run:
    """Start the work of changing every run that was there at `until` and is selected.

    Emits: job.created. Raises: TooMany.
    """
    admit(KIND, user_id=actor.pk)
    wanted = selection.fixed(until).to_dict()
    args = {"verb": verb, "selection": wanted, "until": until.isoformat()}
    return start(KIND, args, actor=actor)


def change_now(verb: str, runs: list[Run], *, actor: User) -> int:
    """Change a few runs at once; return how many were changed."""
    with transaction():
        chosen = Run.objects.filter(pk__in=[run.pk for run in runs])
        mine = chosen.writable_by(principal_for(actor)).open_to(verb)
        return VERBS[verb].apply(list(mine.order_by("pk")), actor)


def carry_out(
    progress: Progress, verb: str, selection: Mapping[str, str], until: datetime
) -> dict[str, Any]:
    """Change the selected runs in steps; each step asks anew what the actor may change.

    It goes on where it was stopped: what is changed already does not match any more. What was
    selected and could not be changed is counted as skipped.
    """
    wanted = Selection.of(selection)
    if not progress.position.total:
        progress.tell(total=_open(progress.run, verb, wanted, until).count())
    last = None
    while True:
        rows = _open(progress.run, verb, wanted, until)
        batch = list((rows.filter(pk__gt=last) if last else rows).order_by("pk")[:BATCH])
        if not batch:
            break
        if verb == "again":
            _wait_for_room(batch)
        last = batch[-1].pk
        _step(progress, verb, batch)
    now = progress.position
    skipped = max(0, now.total - now.done)
    progress.tell(skipped=skipped, step="")
    return {"changed": now.done, "skipped": skipped}


def _open(bulk: Run, verb: str, wanted: Selection, until: datetime) -> RunQuerySet:
    """Return what is still to be changed, by the rights that the actor has at this moment."""
    actor = bulk.actor
    if actor is None:
        raise Forbidden("Nobody answers for this change any more; what is left stays as it is.")
    actor.refresh_from_db()
    principal = principal_for(actor)
    rows = selected(wanted, principal, until=until).writable_by(principal)
    return rows.open_to(verb).exclude(root_id=bulk.root_id)


def _step(progress: Progress, verb: str, batch: list[Run]) -> None:
    """Change one batch and write down how far this is, in one transaction."""
    actor = progress.run.actor
    assert isinstance(actor, User)  # noqa: S101 - _open has seen it
    with progress.transaction():
        changed = VERBS[verb].apply(batch, actor)
        done = progress.position.done + changed
        progress.keep(done=done, total=progress.position.total)
    progress.tell(done=done, step=f"{done:,} {VERBS[verb].done}")


def _wait_for_room(batch: list[Run]) -> None:
    """Raise Deferred while the queues are full: repeating must not keep fresh work waiting."""
    try:
        for kind, company_id, actor_id in {(r.kind, r.company_id, r.actor_id) for r in batch}:
            admit(kind, company_id=company_id, user_id=actor_id)
    except TooMany as full:
        until = claims.clock() + DRAINS
        raise Deferred(f"The queues are full: {full.message}", until=until) from full
