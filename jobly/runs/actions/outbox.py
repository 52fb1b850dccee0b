"""Transactions that tell: events are buffered and numbered just before the commit.

Numbers of a stream are contiguous and in commit order because the stream's row stays locked from
the numbering to the commit. A buffered entry is registered with Django's `on_commit`, which drops
it when the savepoint it was made under rolls back; the callback itself has nothing to do.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload
from uuid import UUID

import orjson
from django.db import connection
from django.db import transaction as django_transaction

from jobly.runs import clients

from .crash import crashpoint

MANY = 100  # runs for which one more process is asked to join
MOST_HINTS = 4

Callback = TypeVar("Callback", bound=Callable[..., Any])

# `back` counts from the end of a stream's new entries: the last one gets the stream's new number.
# What is told of many runs alike comes once, with their ids.
WRITE = """
    WITH told AS (
        SELECT entry.stream, entry.back + cardinality(entry.runs) - one.n AS back, entry.type,
            entry.fact, one.run, entry.actor, CASE WHEN entry.named
                THEN entry.data || jsonb_build_object('run', one.run) ELSE entry.data END AS data
        FROM jsonb_to_recordset(%s::jsonb) AS entry (
            stream text, back bigint, type text, fact text, runs uuid[], named boolean, actor uuid,
            data jsonb)
        CROSS JOIN LATERAL unnest(entry.runs) WITH ORDINALITY AS one (run, n)
    ), counted AS (
        INSERT INTO runs_stream AS s (key, last_seq, min_seq)
        SELECT stream, count(*), 1 FROM told GROUP BY stream ORDER BY stream
        ON CONFLICT (key) DO UPDATE SET last_seq = s.last_seq + EXCLUDED.last_seq
        RETURNING key, last_seq
    ), written AS (
        INSERT INTO runs_event (stream, seq, type, fact, run_id, actor_id, data, at)
        SELECT told.stream, counted.last_seq - told.back, told.type, told.fact, told.run,
            told.actor, told.data, clock_timestamp()
        FROM told JOIN counted ON counted.key = told.stream
        ORDER BY told.stream, told.back DESC
    )
    SELECT key, last_seq FROM counted
    UNION ALL SELECT name, NULL FROM runs_queue WHERE paused_at IS NOT NULL
"""

_here = threading.local()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to write or do at the end of the transaction: an event, or a hint to a queue.

    One entry tells an event of each of its runs, in their order; `named` adds the run's id to each
    event's data.
    """

    stream: str = ""
    type: str = ""
    fact: str = ""
    run_ids: tuple[UUID | None, ...] = (None,)
    named: bool = False
    actor_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)
    hint: str = ""
    runs: int = 1  # that the hint is about

    def is_alike(self, other: "Entry") -> bool:
        """Whether another event says the same of other runs."""
        return (
            self.type == other.type
            and self.stream == other.stream
            and self.named == other.named
            and self.data == other.data
            and self.fact == other.fact
            and self.actor_id == other.actor_id
        )


class _Buffered(tuple[Entry, ...]):
    """Entries as Django keeps them until the commit."""

    __slots__ = ()

    def __call__(self) -> None:
        """Do nothing: by the commit the entries have been written."""


@overload
def transaction(body: Callback) -> Callback: ...
@overload
def transaction(body: None = None) -> Any: ...
def transaction(body: Callable[..., Any] | None = None) -> Any:
    """Open a transaction in which `emit` and `start` may be called; a decorator too, nestable.

    It is `atomic()`; what was emitted inside and not rolled back is numbered and written when
    the outermost one ends, as the last statements before the commit. After the commit live pages
    are poked and each queue that got work is hinted at once.
    """
    return _transaction() if body is None else _transaction()(body)


@contextmanager
def _transaction() -> Iterator[None]:
    with django_transaction.atomic():
        _here.depth = depth() + 1
        try:
            yield
            if depth() == 1:
                _flush()
        finally:
            _here.depth -= 1


def depth() -> int:
    """Return how many transactions of ours are open in this thread."""
    return getattr(_here, "depth", 0)


def add(*entries: Entry) -> None:
    """Buffer entries; they live and die with the innermost savepoint."""
    if not depth():
        raise RuntimeError("emit() and start() need an open runs.transaction()")
    django_transaction.on_commit(_Buffered(entries))


def _flush() -> None:
    """Write what survived under fresh numbers and have the doorbells rung after the commit."""
    entries = _take()
    numbers, paused = _write([entry for entry in entries if entry.stream])
    hints = [hint for hint in _hints(entries) if hint not in paused]
    if not numbers and not hints:
        return

    def ring() -> None:
        crashpoint("runs.after_commit_before_dispatch")
        clients.send_hints(hints)
        clients.send_pokes(numbers)

    django_transaction.on_commit(ring, robust=True)


def _hints(entries: list[Entry]) -> list[str]:
    """Name each queue that got work once, and again for each process that shall join at once."""
    runs: Counter[str] = Counter()
    for entry in entries:
        if entry.hint:
            runs[entry.hint] += entry.runs
    return [
        queue for queue, count in runs.items() for _ in range(min(MOST_HINTS, 1 + count // MANY))
    ]


def _take() -> list[Entry]:
    """Remove our entries from Django's list, in order."""
    callbacks = connection.run_on_commit
    buffered = [row[1] for row in callbacks if isinstance(row[1], _Buffered)]
    if buffered:
        connection.run_on_commit = [row for row in callbacks if not isinstance(row[1], _Buffered)]
    return [entry for entries in buffered for entry in entries]


def _together(entries: list[Entry]) -> list[tuple[Entry, list[UUID | None]]]:
    """Put neighbours that say the same of other runs together."""
    groups: list[tuple[Entry, list[UUID | None]]] = []
    for entry in entries:
        if groups and groups[-1][0].is_alike(entry):
            groups[-1][1].extend(entry.run_ids)
        else:
            groups.append((entry, list(entry.run_ids)))
    return groups


def _write(entries: list[Entry]) -> tuple[dict[str, int], set[str]]:
    """Insert events under fresh numbers; return each stream's last one, and the paused queues."""
    if not entries:
        return {}, set()
    left: Counter[str] = Counter()
    rows = []
    for entry, run_ids in reversed(_together(entries)):
        rows.append(
            {
                "stream": entry.stream,
                "back": left[entry.stream],
                "type": entry.type,
                "fact": entry.fact,
                "runs": run_ids,
                "named": entry.named,
                "actor": entry.actor_id,
                "data": entry.data,
            }
        )
        left[entry.stream] += len(run_ids)
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [orjson.dumps(rows).decode()])
        found = cursor.fetchall()
    paused = {name for name, number in found if number is None}
    return {key: number for key, number in found if number is not None}, paused
