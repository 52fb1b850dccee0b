"""Send again all publications that a filter means: as work of its own, in steps, with a reason."""

from datetime import datetime, timedelta
from typing import Any

from distribution.actions import changes
from distribution.models import Distribution
from distribution.reports.matrix import Scope, retryable, scope_of
from distribution.rules.selection import Wanted
from jobly.errors import Conflict, Deferred, Forbidden, TooMany
from jobly.runs.actions import start, transaction
from jobly.runs.actions.admission import admit
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User, principal_for

KIND = "distribution.retry_matching"
BATCH = 100  # publications a transaction
DRAINS = timedelta(seconds=5)  # how long a full queue is left alone


@transaction
def start_retry(scope: Scope, *, until: datetime, why: str, actor: User) -> Run:
    """Start the work of retrying all that a scope means and that had failed by a moment.

    Emits: job.created. Raises: TooMany.
    """
    admit(KIND, company_id=scope.company.pk)
    wanted = {**scope.wanted.to_dict(), "company": str(scope.company.pk)}
    args = {"wanted": wanted, "until": until.isoformat(), "why": why}
    return start(KIND, args, actor=actor, company=scope.company)


def retry_matching(progress: Progress, wanted: dict[str, Any], until: datetime) -> dict[str, Any]:
    """Retry in steps what was selected, each in a run of its own; it goes on where it stopped.

    What was retried does not match any more, and what failed again since is too new. What may not
    be retried is counted as skipped. Raises: Deferred while the queue is full, Forbidden.
    """
    scope = _scope(progress.run, Wanted.of(wanted))
    if not progress.position.total:
        progress.tell(total=retryable(scope, until).count())
    last = None
    while True:
        rows = retryable(scope, until).order_by("pk")
        batch = list((rows.filter(pk__gt=last) if last else rows)[:BATCH])
        if not batch:
            break
        _wait_for_room(progress.run)
        last = batch[-1].pk
        _step(progress, batch)
    done = progress.position.done
    skipped = max(0, progress.position.total - done)
    progress.tell(skipped=skipped, step="")
    return {"retried": done, "skipped": skipped}


def _scope(run: Run, wanted: Wanted) -> Scope:
    """Ask anew what the person who asked may change."""
    actor = run.actor
    if actor is None:
        raise Forbidden("Nobody answers for this any more; what is left stays as it is.")
    principal = principal_for(actor)
    scope = scope_of(wanted, principal)
    if not principal.may_write(scope.company.pk):
        raise Forbidden("Your role in this company only reads; nothing was changed.")
    return scope


def _step(progress: Progress, batch: list[Distribution]) -> None:
    """Retry one batch and write down how far this is, in one transaction."""
    with progress.transaction():
        done = progress.position.done + sum(_retry(row, progress.run.actor) for row in batch)
        progress.keep(done=done, total=progress.position.total)
    progress.tell(done=done, step=f"{done:,} sent again")


def _retry(row: Distribution, actor: User | None) -> int:
    try:
        changes.retry_distribution(row, actor=actor)
    except Conflict:  # it moved on
        return 0
    return 1


def _wait_for_room(run: Run) -> None:
    """Raise Deferred while the company's queue is full: fresh work goes first."""
    try:
        admit("distribution.publish", company_id=run.company_id)
    except TooMany as full:
        until = clock() + DRAINS
        raise Deferred(f"The queue is full: {full.message}", until=until) from full
