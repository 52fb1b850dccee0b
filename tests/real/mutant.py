"""A program of ours that lacks one safeguard, in its memory only: it must turn a check red.

`python -m tests.real.mutant no_fence celery -A jobly worker …`
"""

import random
import runpy
import sys
import time
from collections.abc import Callable, Collection
from typing import Any

import django

django.setup()

from django.db.models import Max  # noqa: E402 # the apps come first

from distribution.actions import publish  # noqa: E402
from jobly.runs import reports  # noqa: E402
from jobly.runs.actions import claims, outbox  # noqa: E402
from jobly.runs.actions.progress import Progress  # noqa: E402
from jobly.runs.models import Event  # noqa: E402

LATE = 0.1  # seconds at most between the numbering of events and their commit
#: numbers from a sequence, as an `id` has them: nothing is locked until the commit
NUMBERED_BY_SEQUENCE = """
    WITH told AS (
        SELECT entry.*, one.run, nextval('told') AS seq
        FROM jsonb_to_recordset(%s::jsonb) AS entry (
            stream text, type text, fact text, runs uuid[], actor uuid, data jsonb)
        CROSS JOIN LATERAL unnest(entry.runs) AS one (run)
    ), written AS (
        INSERT INTO runs_event (stream, seq, type, fact, run_id, actor_id, data, at)
        SELECT stream, seq, type, fact, run, actor, data, clock_timestamp() FROM told
    )
    SELECT stream, max(seq) FROM told GROUP BY stream
"""


def no_clock() -> None:
    """Let a worker not notice by its own clock that it slept: only the fence is left."""
    Progress.checkpoint = lambda _progress: None  # type: ignore[method-assign,assignment] # on purpose


def no_fence() -> None:
    """Let a worker that lost its lease go on writing."""
    for name in ("END", "REQUEUE", "VERIFY"):
        statement = getattr(claims, name)
        unfenced = statement.replace("fence = %(fence)s", "0 < %(fence)s")
        unfenced = unfenced.replace("fence = %s", "0 < %s")
        assert unfenced != statement, f"{name} has no fence clause to drop"
        setattr(claims, name, unfenced)
    claims.VERIFY = claims.VERIFY.replace(" AND status = 'running'", "")
    no_clock()


def no_reconciling() -> None:
    """Send again without a look whenever an outcome is unknown."""
    publish.reconcile = lambda _progress, _distribution: True  # type: ignore[assignment] # on purpose


def slow_commit() -> None:
    """Let time pass between the numbering of events and their commit, as a busy machine does."""
    write = outbox._write

    def late(entries: Any) -> Any:
        found = write(entries)
        time.sleep(random.uniform(0, LATE))  # noqa: S311
        return found

    outbox._write = late


def sequence() -> None:
    """Number events by a sequence instead of the stream's own counter; commits are slow too."""
    outbox.WRITE = NUMBERED_BY_SEQUENCE
    slow_commit()


def id_after_last() -> None:
    """Read what has a higher number than the last one seen, and take that for all there is."""

    def positions(streams: Collection[str]) -> dict[str, int]:
        rows = Event.objects.filter(stream__in=streams).order_by().values("stream")
        return dict(rows.annotate(last=Max("seq")).values_list("stream", "last"))

    def window(stream: str, after: int, limit: int) -> reports.Window:
        last = positions([stream]).get(stream, 0)
        return reports.Window(reports.items_after(stream, after, limit), last, 1, reset=False)

    reports.positions = positions
    reports.position = lambda stream: positions([stream]).get(stream, 0)
    reports.window = window


MUTATIONS: dict[str, Callable[[], None]] = {
    "no_clock": no_clock,
    "no_fence": no_fence,
    "no_reconciling": no_reconciling,
    "slow_commit": slow_commit,
    "sequence": sequence,
    "id_after_last": id_after_last,
}

if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
