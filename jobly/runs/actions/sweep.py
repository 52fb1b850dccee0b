"""Make good what was lost: hints, leases of the dead, parents left waiting, slots nobody fired.

Any number of sweeps may run at once anywhere; rows that one has locked the others skip.
"""

import random
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db import transaction as django_transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from jobly.runs import clients, events
from jobly.runs.models import CHILDREN, Run
from jobly.runs.rules.outcome import POISON_WINDOW, is_poison
from jobly.runs.rules.policy import crash_delay

from . import claims
from .ending import cancel, end, settle
from .kinds import find_kind
from .outbox import transaction
from .schedules import fire_due
from .telling import tell

LIMIT = 200

DISPATCH = """
    WITH due AS (
        SELECT id FROM runs_run
        WHERE status = 'queued' AND finished_at IS NULL AND queue = %(queue)s
          AND available_at <= statement_timestamp()
          AND (dispatched_at IS NULL OR dispatched_at < statement_timestamp() - interval '30 s')
        ORDER BY available_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE runs_run r SET dispatched_at = clock_timestamp() FROM due WHERE r.id = due.id
"""


def sweep() -> dict[str, int]:
    """Do every kind of sweep once; return how many rows each touched."""
    return {
        "taken_back": take_back(),
        "settled": settle_parents(),
        "fired": fire_due(),
        "hinted": hint_again(),
    }


def hint_again() -> int:
    """Hint the queues that hold due runs nobody was told of, or not lately; return how many."""
    hinted = 0
    for queue in claims.due_queues():
        with django_transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(DISPATCH, {"queue": queue, "limit": LIMIT})
            rows = cursor.rowcount
            # unsent hints leave the rows as they were, for the next sweep
            if rows and not clients.send_hints([queue]):
                django_transaction.set_rollback(True)
                continue
            hinted += rows
    return hinted


@transaction
def take_back() -> int:
    """Requeue running rows whose lease is over; fail those that keep killing their workers."""
    rows = (
        Run.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(status=Run.Status.RUNNING, lease_until__lt=Now())
        .exclude(owner=CHILDREN)
        .order_by("lease_until")[:LIMIT]
    )
    gone = list(rows)
    if gone:
        now, up_since = _clocks()
        for run in gone:
            _bury_or_requeue(run, now, up_since)
    return len(gone)


def _clocks() -> tuple[datetime, datetime]:
    """Return the database's time, and since when it has been there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), pg_postmaster_start_time()")
        now, up_since = cursor.fetchone()
    return now, up_since


def _bury_or_requeue(run: Run, now: datetime, up_since: datetime) -> None:
    crashes = [at for at in run.crashes if now - at <= POISON_WINDOW]
    # claimed together: any of them may be the one that kills; renewed before the database was
    # away: its worker may well be alive and could not say so
    if claims.was_alone(run) and (run.lease_until or now) - claims.lease() > up_since:
        crashes.append(now)
    Run.objects.filter(pk=run.pk).update(crashes=crashes, crash_count=run.crash_count + 1)
    counts = {
        name: getattr(run, name)
        for name in ("progress", "step", "done", "failed", "skipped", "total")
    }
    if run.owner.startswith(claims.TERMINAL) and find_kind(run.kind) is None:
        said = {
            "error_code": "command_gone",
            "error": "The command that did this was stopped; start it again to go on.",
        }
        end(run, Run.Status.FAILED, **counts | said)
    elif is_poison(crashes, now):
        said = {
            "error_code": "poison",
            "error": f"Its worker died {len(crashes)} times within 72 hours.",
        }
        end(run, Run.Status.FAILED, **counts | said)
    else:
        delay = crash_delay(len(crashes), random.random()) * settings.RUN_BACKOFF_SCALE  # noqa: S311
        columns = claims.RELEASED | {"what": "crashed", "delay": delay}
        row = claims.write(claims.REQUEUE, run, **columns)
        if row.cancel_requested_at is None:
            tell(row, events.PROGRESS)
        else:
            cancel(row)


def settle_parents() -> int:
    """End runs that wait for children which have all ended; return how many."""
    unfinished = Run.objects.unfinished().filter(parent_id=OuterRef("pk"))
    waiting = (
        Run.objects.filter(~Exists(unfinished), status=Run.Status.RUNNING, owner=CHILDREN)
        .order_by("lease_until")
        .values_list("pk", flat=True)[:LIMIT]
    )
    return sum(settle(run_id) for run_id in list(waiting))
