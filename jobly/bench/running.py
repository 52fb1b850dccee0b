"""Bench `runs`: durable runs against one Celery task a run and against dramatiq."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from jobly.bench import peers
from jobly.runs.actions import careful, start_many
from jobly.runs.models import Run
from jobly.runs.reports import position

from .measuring import Report, Side, compare, in_turns, summary

PROCESSES = 2
MANY = 1_000_000  # finished runs
ENQUEUED = 1000  # in one statement, against a loop of apply_async
PATIENCE_SECONDS = 300.0
QUEUES = "default,etl,boards,interactive,celery"


FINISHED = """
    INSERT INTO runs_run (id, root_id, kind, queue, status, args, payload_version, stream, priority,
        attempt, max_attempts, crash_count, crashes, fence, owner, available_at, progress, step,
        done, failed, skipped, total, error_code, error_class, error, history, waits, created_at,
        started_at, finished_at)
    SELECT id, id, 'bench.old', 'default', 'succeeded', '{}', 1, 'staff', 0, 1, 1, 0, '{}', 1, '',
        at, 100, '', 0, 0, 0, 0, '', '', '', '[]', false, at, at, at
    FROM (
        SELECT uuidv7(- n * interval '1 second') AS id, now() - n * interval '1 second' AS at
        FROM generate_series(1, %s) n
    ) old
"""


def bench(rows: int, repeats: int) -> Report:
    """Have `rows` empty units of work done by two processes, by each system in turn."""
    ours = Side("runs", rows, lambda: _runs(rows), _forget)
    celery = Side("one Celery task a run", rows, lambda: _celery(rows), _forget)
    sides = [ours, celery]
    enqueue = Side("start_many", ENQUEUED, lambda: _start(ENQUEUED), _forget)
    loop = Side("enqueue 1,000: apply_async loop", ENQUEUED, lambda: _apply(ENQUEUED), _forget)
    with worker(), _dramatiq() as has_dramatiq:
        if has_dramatiq:
            sides.append(Side("dramatiq", rows, lambda: _dramatiq_tasks(rows), _forget))
        _until(lambda: _celery(1) == 1)
        time.sleep(careful.AFTER_START_SECONDS)
        in_turns(sides, repeats)
        growth = _growth(rows)
    in_turns([enqueue, loop], repeats)
    return Report(
        name="runs",
        rows=rows,
        repeats=repeats,
        ours=summary(ours),
        against=[*(compare(ours, side) for side in sides[1:]), compare(enqueue, loop)],
        growth=growth,
        answers_equal=all(side.answer == rows for side in sides),
    )


def _growth(rows: int) -> list[dict[str, float]]:
    """Time a tenth and all of the rows, and all of them beside many that finished long ago."""
    found = []
    for count, finished in ((max(1, rows // 10), 0), (rows, 0), (rows, MANY)):
        with connection.cursor() as cursor:
            finish_many(cursor, finished)
        side = Side("growth", count, partial(_runs, count), _forget)
        in_turns([side], 3)
        line = {"rows": count, "seconds": round(side.median, 3)}
        found.append(line | ({"finished": finished} if finished else {}))
    return found


def finish_many(cursor: CursorWrapper, count: int) -> None:
    """Put finished runs into the ledger, a second of the past each."""
    cursor.execute(FINISHED, [count])


def _forget() -> None:
    """Start every measurement from zero counters and an empty ledger."""
    peers.counter().flushdb()
    Run.objects.filter(kind="bench.nothing").delete()


def _start(count: int) -> int:
    """Enqueue runs in one statement."""
    return len(start_many("bench.nothing", [{}] * count, actor=None))


def _apply(count: int) -> int:
    """Enqueue Celery tasks one by one, as its documentation has it."""
    for _ in range(count):
        peers.nothing_task.apply_async(queue="nobody")
    return count


def _runs(count: int) -> int:
    """Have runs done; each is a committed row from queued to succeeded."""
    told = position("staff")
    first = start_many("bench.nothing", [{}] * count, actor=None)[0]
    _until(lambda: position("staff") - told >= 2 * count)  # each is told when it begins and ends
    # of the newest only, by their key: reading a million others is none of their work
    newest = Run.objects.filter(pk__gte=first.pk, kind="bench.nothing")
    return newest.filter(status="succeeded").count()


def _celery(count: int) -> int:
    """Have Celery tasks done."""
    peers.counter().delete(peers.COUNTER)
    for _ in range(count):
        peers.nothing_task.apply_async(queue="celery")
    return _counted(peers.COUNTER, count)


def _dramatiq_tasks(count: int) -> int:
    """Have dramatiq messages done."""
    from jobly.bench import dramatiq_peer  # noqa: PLC0415 # only with the bench lock file

    peers.counter().delete(dramatiq_peer.COUNTER)
    for _ in range(count):
        dramatiq_peer.nothing.send()
    return _counted(dramatiq_peer.COUNTER, count)


def _counted(name: str, count: int) -> int:
    """Wait until a counter has reached the count, and return it."""
    client = peers.counter()

    def read() -> int:
        value: Any = client.get(name)
        return int(value or 0)

    _until(lambda: read() >= count)
    return read()


def _until(done: Callable[[], bool]) -> None:
    """Wait for something, looking a hundred times a second."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("a side of the bench did not come to its end")
        time.sleep(0.01)


@contextmanager
def worker() -> Iterator[None]:
    """Run the worker of the product and of plain Celery: one program, two processes."""
    command = [sys.executable, "-m", "celery", "-A", "jobly.bench.peers", "worker"]
    options = ["-c", str(PROCESSES), "-Q", QUEUES, "--without-gossip", "--without-mingle"]
    with _child([*command, *options, "--loglevel", "ERROR"]):
        yield


@contextmanager
def _dramatiq() -> Iterator[bool]:
    """Run dramatiq's worker where it is installed."""
    if importlib.util.find_spec("dramatiq") is None:
        yield False
        return
    command = [sys.executable, "-m", "dramatiq", "jobly.bench.dramatiq_peer"]
    with _child([*command, "--processes", str(PROCESSES), "--threads", "1"]):
        yield True


@contextmanager
def _child(command: list[str]) -> Iterator[None]:
    """Keep a program running for the time of the block."""
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603 # our own
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
