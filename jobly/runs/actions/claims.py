"""Who holds which run: claims, leases and fences, one statement each, by the database's clock.

Every statement that changes a running run names its fence, so a worker that lost its lease cannot
write. Row locks are NO KEY UPDATE: inserting a child of a run never waits for its parent's lock.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models.base import ModelState
from django.db.models.functions import Now

from jobly.runs.errors import LostLease
from jobly.runs.models import CHILDREN, Run
from jobly.runs.reports import queues

BATCH = 20
TERMINAL = "terminal:"  # how the owner of a run begins that a command executes itself
WAITING_LEASE = timedelta(days=3650)  # a run that waits for its children needs no heartbeat
LOWEST = -(1 << 15) - 1  # below every priority
HISTORY_LIMIT = 50  # entries kept: the first one and the latest

# Locked rows are taken by others or being ended: skip them. The due time is compared with the
# statement's start, which is stable and so can bound an index scan; leases use the wall clock.
# Nothing is taken from a paused queue, but a command in the foreground does its own work (_FAMILY).
_GOES_ON = "NOT EXISTS (SELECT 1 FROM runs_queue WHERE name = %(queue)s AND paused_at IS NOT NULL)"
_HEAD = f"""
    SELECT {{columns}} FROM runs_run
    WHERE status = 'queued' AND lease_until IS NULL AND queue = %(queue)s
      AND priority > %(above)s AND available_at <= statement_timestamp() AND {_GOES_ON}
      AND kind <> ALL(%(without)s) AND (%(only)s = '' OR kind = %(only)s)
    ORDER BY priority DESC, available_at, id LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 # constants
_FAMILY = """
    SELECT id FROM runs_run
    WHERE status = 'queued' AND available_at <= statement_timestamp()
      AND (id = %(root)s OR root_id = %(root)s AND parent_id IS NOT NULL)
      AND (%(only)s = '' OR kind = %(only)s)
    ORDER BY priority DESC, available_at, id LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
"""
# One stream after the other, from where the last turn ended: a tenant with thousands of runs
# must not keep another's single run waiting. The order by queue *and* stream is one that only the
# partial index has, so that finished runs are never walked.
_TURN = f"""
    SELECT mine.* FROM (
        WITH RECURSIVE lane (stream) AS (
            (SELECT stream FROM runs_run
             WHERE status = 'queued' AND owner = ''
               AND available_at <= statement_timestamp() AND {_GOES_ON}
               AND (queue, stream) > (%(queue)s, %(after)s) AND queue <= %(queue)s
             ORDER BY queue, stream LIMIT 1)
            UNION ALL
            SELECT (SELECT r.stream FROM runs_run r
                    WHERE r.status = 'queued' AND r.owner = ''
                      AND r.available_at <= statement_timestamp()
                      AND (r.queue, r.stream) > (%(queue)s, lane.stream) AND r.queue <= %(queue)s
                    ORDER BY r.queue, r.stream LIMIT 1)
            FROM lane WHERE lane.stream IS NOT NULL
        )
        SELECT stream, count(*) OVER () AS lanes FROM lane
        WHERE stream IS NOT NULL LIMIT %(limit)s
    ) turn CROSS JOIN LATERAL (
        SELECT {{columns}} FROM runs_run
        WHERE status = 'queued' AND owner = '' AND queue = %(queue)s AND stream = turn.stream
          AND available_at <= statement_timestamp() AND kind <> ALL(%(without)s)
          AND (%(only)s = '' OR kind = %(only)s)
        ORDER BY priority DESC, available_at, id LIMIT greatest(1, %(limit)s / turn.lanes)
        FOR NO KEY UPDATE SKIP LOCKED
    ) mine LIMIT %(limit)s
"""  # noqa: S608 # constants
_TAKE = """
    UPDATE runs_run AS r SET
        status = 'running', fence = fence + 1, attempt = attempt + 1,
        owner = %(owner)s || '#' || (SELECT count(*) FROM picked),
        lease_until = clock_timestamp() + %(lease)s,
        started_at = coalesce(started_at, clock_timestamp()), step = '',
        error_code = '', error_class = '', error = '',
        history = CASE WHEN jsonb_array_length(history) >= %(history)s THEN history - 1
            ELSE history END || jsonb_build_object('at', clock_timestamp(), 'what', 'claimed',
            'attempt', attempt + 1, 'fence', fence + 1, 'owner', %(owner)s::text, 'error', '')
    FROM picked WHERE r.id = picked.id
    RETURNING r.*
"""
CLAIM_HEAD = f"WITH picked AS ({_HEAD.format(columns='id')}) {_TAKE}"
CLAIM_FAMILY = f"WITH picked AS ({_FAMILY}) {_TAKE}"
CLAIM_TURN = f"WITH picked AS ({_TURN.format(columns='id')}) {_TAKE}"
CLAIM_THESE = f"""
    WITH picked AS (
        SELECT id FROM runs_run WHERE id = ANY(%(ids)s) AND status = 'queued'
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ) {_TAKE}
"""  # noqa: S608 # constants
# what a run that shares a transaction with others needs to know of itself
_KNOWN = {
    "id", "kind", "queue", "args", "payload_version", "actor_id", "company_id", "stream",
    "parent_id", "root_id", "priority", "fence", "attempt", "crash_count",
}  # fmt: skip
_RIDER = [field.attname for field in Run._meta.concrete_fields if field.attname in _KNOWN]  # noqa: SLF001
LOOK_HEAD = _HEAD.format(columns=", ".join(_RIDER))
LOOK_TURN = _TURN.format(columns=", ".join(_RIDER))
_BLANK = {
    "status": Run.Status.RUNNING, "progress": 0, "step": "", "done": 0, "failed": 0, "skipped": 0,
    "total": 0, "error_code": "", "error_class": "", "error": "",
}  # fmt: skip

_REMEMBER = """
        history = CASE WHEN jsonb_array_length(history) >= %(history)s THEN history - 1
            ELSE history END || jsonb_build_object('at', clock_timestamp(), 'what', %(what)s::text,
            'attempt', attempt, 'fence', fence, 'owner', owner, 'error', %(error_code)s::text)
"""
END = f"""
    UPDATE runs_run SET
        status = %(status)s, finished_at = clock_timestamp(), lease_until = NULL, owner = '',
        progress = %(progress)s, step = %(step)s, done = %(done)s, failed = %(failed)s,
        skipped = %(skipped)s, total = %(total)s, result = %(result)s::jsonb,
        error_code = %(error_code)s, error_class = %(error_class)s, error = %(error)s,
        {_REMEMBER}
    WHERE id = %(id)s AND fence = %(fence)s AND status = 'running'
    RETURNING *
"""  # noqa: S608
REQUEUE = f"""
    UPDATE runs_run SET
        status = 'queued', lease_until = NULL, owner = '', dispatched_at = NULL,
        attempt = greatest(attempt - %(back)s, 0),
        available_at = greatest(
            available_at, clock_timestamp() + %(delay)s::interval, %(until)s::timestamptz),
        error_code = %(error_code)s, error_class = %(error_class)s, error = %(error)s,
        {_REMEMBER}
    WHERE id = %(id)s AND fence = %(fence)s AND status = 'running'
    RETURNING *
"""  # noqa: S608
VERIFY = """
    SELECT 1 FROM runs_run WHERE id = %s AND fence = %s AND status = 'running' FOR NO KEY UPDATE
"""
VERIFY_MANY = """
    SELECT r.id FROM runs_run r
    JOIN unnest(%s::uuid[], %s::bigint[]) AS mine (id, fence) ON r.id = mine.id
     AND r.fence = mine.fence
    WHERE r.status = 'running' ORDER BY r.id FOR NO KEY UPDATE OF r
"""
HELD = """
    SELECT kind, count(*) FROM runs_run
    WHERE status = 'running' AND kind = ANY(%s) AND owner <> %s GROUP BY kind
"""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('runs.claim'), hashtext(%s))"
RENEW = """
    WITH held AS (
        SELECT r.id FROM runs_run r
        JOIN unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS mine (id, fence)
          ON r.id = mine.id AND r.fence = mine.fence
        WHERE r.status = 'running'
        ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE runs_run r SET lease_until = clock_timestamp() + %(lease)s FROM held
    WHERE r.id = held.id
"""

#: the parameters of REQUEUE that undo a claim
RELEASED: dict[str, Any] = {
    "what": "released",
    "back": 1,
    "delay": None,
    "until": None,
    "error_code": "",
    "error_class": "",
    "error": "",
}


_here = threading.local()


class Choice(TypedDict, total=False):
    """Which due runs of a queue are taken.

    The most urgent ones, only those with a priority `above` some number; or, with `after`, those of
    one stream after the other behind that one. `without` leaves kinds out, `only` keeps one.
    """

    above: int
    after: str | None
    without: Sequence[str]
    only: str


def owner() -> str:
    """Name this thread as the holder of a lease; a claim adds how many it took at once."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"


def was_alone(run: Run) -> bool:
    """Whether nothing else was claimed together with this run, so that a crash is its own."""
    return run.owner.partition("#")[2] in ("", "1")


def stand_alone(run: Run, *, among: int = 1) -> None:
    """Note that a run is executed by itself, or `among` so many, whatever it was claimed with."""
    run.owner = f"{run.owner.partition('#')[0]}#{among}"
    Run.objects.filter(pk=run.pk, fence=run.fence).update(owner=run.owner)


def lease() -> timedelta:
    """Return how long a claim holds without a heartbeat."""
    return timedelta(seconds=settings.RUN_LEASE_SECONDS)


def claim(queue: str, limit: int, **choice: Unpack[Choice]) -> list[Run]:
    """Take up to `limit` due runs of a queue."""
    statement, params = _chosen(CLAIM_HEAD, CLAIM_TURN, choice)
    return _take(statement, queue=queue, limit=limit, **params)


def _chosen(head: str, turn: str, choice: Choice) -> tuple[str, dict[str, Any]]:
    after = choice.get("after")
    params = {
        "after": after,
        "above": choice.get("above", LOWEST),
        "without": list(choice.get("without", ())),
        "only": choice.get("only", ""),
    }
    return head if after is None else turn, params


def claim_family(root: UUID, limit: int, *, only: str = "") -> list[Run]:
    """Take up to `limit` due runs that descend from one run, of any queue; of one kind `only`."""
    return _take(CLAIM_FAMILY, root=root, limit=limit, only=only)


def claim_with_room(
    queue: str, limit: int, room: Mapping[str, int], **choice: Unpack[Choice]
) -> list[Run]:
    """Take due runs of a queue, but of no kind more than there is room for on all machines.

    Claims of one queue wait for each other here, for the time of two statements. Waiting runs of a
    kind that is full are walked over.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [queue])
        cursor.execute(HELD, [list(room), CHILDREN])
        held = dict(cursor.fetchall())
        left = {kind: most - held.get(kind, 0) for kind, most in room.items()}
        choice["without"] = [kind for kind, more in left.items() if more <= 0]
        size = min([limit, *(more for more in left.values() if more > 0)])
        return claim(queue, size, **choice)


def claim_these(ids: Sequence[UUID]) -> list[Run]:
    """Take those of some runs that still wait."""
    return _take(CLAIM_THESE, ids=list(ids)) if ids else []


def look(queue: str, limit: int, **choice: Unpack[Choice]) -> list[Run]:
    """Lock what `claim` would take until the transaction ends, and write nothing.

    The runs come as they would be after a claim, with the columns that a body may ask for; the
    others load when asked.
    """
    statement, params = _chosen(LOOK_HEAD, LOOK_TURN, choice)
    with connection.cursor() as cursor:
        cursor.execute(statement, params | {"queue": queue, "limit": limit})
        alias = connection.alias
        return [_rider(row, alias) for row in cursor.fetchall()]


def _rider(row: Sequence[Any], alias: str) -> Run:
    run, state = Run.__new__(Run), ModelState()  # what from_db() comes to, at a third of its price
    state.adding, state.db = False, alias
    run.__dict__ = dict(zip(_RIDER, row, strict=True)) | _BLANK | {"_state": state}
    run.args = orjson.loads(run.args)  # Django leaves JSON columns of raw rows as text
    run.fence += 1
    run.attempt += 1
    return run


def _take(statement: str, **params: Any) -> list[Run]:
    params |= {"owner": owner(), "lease": lease(), "history": HISTORY_LIMIT}
    runs = list(Run.objects.raw(statement, params))
    return sorted(runs, key=lambda run: (-run.priority, run.available_at, run.pk))


def clock() -> datetime:
    """Return the database's time: every other clock may be wrong."""
    read: tuple[datetime, float] | None = getattr(_here, "read", None)
    if read is not None:
        return read[0] + timedelta(seconds=time.monotonic() - read[1])
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


@contextmanager
def clock_read_once() -> Iterator[None]:
    """Have `clock` count on from one look at the database's, by a clock that nobody sets."""
    _here.read = clock(), time.monotonic()
    try:
        yield
    finally:
        _here.read = None


def has_due(queue: str) -> bool:
    """Whether a queue holds work that may start now."""
    return Run.objects.due().filter(queue=queue).unpaused().exists()


def due_queues() -> list[str]:
    """Name the queues that hold work which may start now."""
    return list(queues.due_queues())


def verify(run: Run) -> None:
    """Lock a run until the transaction ends, or raise LostLease if it is not ours any more."""
    with connection.cursor() as cursor:
        cursor.execute(VERIFY, [run.pk, run.fence])
        if cursor.fetchone() is None:
            raise LostLease(f"run {run.pk} moved on from fence {run.fence}")


def verify_many(runs: Sequence[Run]) -> set[UUID]:
    """Lock those of some runs that are still ours until the transaction ends; return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(VERIFY_MANY, [[run.pk for run in runs], [run.fence for run in runs]])
        return {row[0] for row in cursor.fetchall()}


def renew(fences: Mapping[UUID, int], *, at_least: timedelta = timedelta(0)) -> None:
    """Extend the leases we still hold, in one statement; rows locked at this moment are left."""
    params: dict[str, Any] = {
        "ids": list(fences),
        "fences": list(fences.values()),
        "lease": max(lease(), at_least),
    }
    with connection.cursor() as cursor:
        cursor.execute(RENEW, params)


def standing(ids: Sequence[UUID]) -> dict[UUID, tuple[int, str, datetime | None]]:
    """Return (fence, status, cancel requested at) of runs; rows we cannot see are left out."""
    rows = Run.objects.filter(pk__in=ids).order_by()
    found = rows.values_list("pk", "fence", "status", "cancel_requested_at")
    return {pk: (fence, status, asked) for pk, fence, status, asked in found}


def write(statement: str, run: Run, **params: Any) -> Run:
    """Run END or REQUEUE on a run we hold and return the new row, or raise LostLease."""
    params |= {"id": run.pk, "fence": run.fence, "history": HISTORY_LIMIT}
    for row in Run.objects.raw(statement, params):
        return row
    raise LostLease(f"run {run.pk} moved on from fence {run.fence}")


def wait_for_children(run: Run, **columns: Any) -> None:
    """Park a run whose body is done until all that it started has ended, or raise LostLease."""
    rows = Run.objects.filter(pk=run.pk, fence=run.fence, status=Run.Status.RUNNING)
    until = Now() + WAITING_LEASE
    if not rows.update(owner=CHILDREN, lease_until=until, **columns):
        raise LostLease(f"run {run.pk} moved on from fence {run.fence}")
