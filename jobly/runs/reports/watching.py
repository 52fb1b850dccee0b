"""Reads of one run and its parts: what its page shows, now and as of an earlier event."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from jobly.runs import events
from jobly.runs.models import CHILDREN, Event, Queue, Run, RunLog, Stream
from jobly.runs.rules.selection import LATE
from jobly.runs.rules.streams import company_stream, streams_of
from jobly.runs.rules.timeline import Lifetime, Try, compact, tries
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .queues import paused

PAGE = 25  # parts, or events, on one page
STATUSES = ("failed", "running", "queued", "cancelled", "succeeded")  # as they are shown
LIGHT = ("args", "result", "history", "crashes")  # columns that no list shows

# What each part last told before an event: by number on the same stream, by time on another.
AS_OF = """
    SELECT DISTINCT ON (e.run_id) e.* FROM runs_event e
    JOIN runs_run part ON part.id = e.run_id
    WHERE part.parent_id = %(run)s AND e.fact = ''
      AND CASE WHEN e.stream = %(stream)s THEN e.seq <= %(seq)s ELSE e.at <= %(at)s END
      AND (%(streams)s::text[] IS NULL OR e.stream = ANY(%(streams)s))
    ORDER BY e.run_id, e.seq DESC
"""
COUNT_AS_OF = f"SELECT data ->> 'status', count(*) FROM ({AS_OF}) told GROUP BY 1"  # noqa: S608
FIRST_AS_OF = f"""
    SELECT * FROM ({AS_OF}) told
    ORDER BY array_position(%(order)s::text[], data ->> 'status'), run_id LIMIT %(limit)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run started: how many by status, and one page of those with the chosen status."""

    counts: dict[str, int]
    rows: list[Run]
    chosen: str
    page: int

    @property
    def total(self) -> int:
        """How many there are in all."""
        return sum(self.counts.values())

    @property
    def are_moving(self) -> bool:
        """Whether any of them has not ended."""
        return "queued" in self.counts or "running" in self.counts

    @property
    def listed(self) -> int:
        """How many have the chosen status."""
        return self.counts.get(self.chosen, 0) if self.chosen else self.total

    @property
    def pages(self) -> int:
        """How many pages they fill, at least one."""
        return max(1, -(-self.listed // PAGE))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a run that is queued has not begun: a paused queue, a time to come, or no free worker."""

    queue: Queue | None = None
    is_later: bool = False
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A run as it stood after event number `at` of the `count` kept of it and its parts.

    `own` is the last thing it told of itself by then. `is_cut`: its first event is not kept any
    more; `min_seq` is the first number kept of its stream. `parts` counts what it had started by
    then, by status; `shown` are the first of those, failed ones first.
    """

    at: int
    count: int
    min_seq: int
    is_cut: bool
    event: Event | None = None
    own: Event | None = None
    events: list[tuple[int, Event]] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    shown: list[Event] = field(default_factory=list)

    @property
    def last_listed(self) -> int:
        """The number of the last event on the page of events."""
        return self.events[-1][0] if self.events else 0

    @property
    def parts_total(self) -> int:
        """How many parts there were."""
        return sum(self.parts.values())


def parts_of(run: Run, principal: Principal, *, chosen: str = "", page: int = 1) -> Parts:
    """Return one page of what a run started, oldest first; an unknown status chooses all."""
    mine = Run.objects.visible_to(principal).filter(parent=run)
    counted = dict(mine.order_by().values_list("status").annotate(n=Count("pk")))
    counts = {status: counted[status] for status in STATUSES if status in counted}
    chosen = chosen if chosen in STATUSES else ""
    rows = mine.filter(status=chosen) if chosen else mine
    found = Parts(counts, [], chosen, max(1, page))
    first = (min(found.page, found.pages) - 1) * PAGE
    listed = rows.defer(*LIGHT).order_by("pk")[first : first + PAGE]
    return Parts(counts, list(listed) if counts else [], chosen, min(found.page, found.pages))


def waiting(run: Run, now: Any) -> Waiting:
    """Say why a queued run waits; nothing is said of others."""
    if run.status != Run.Status.QUEUED:
        return Waiting()
    return Waiting(
        queue=paused().get(run.queue),
        is_later=run.available_at > now,
        is_late=run.available_at < now - LATE,
    )


def tries_of(run: Run, now: Any) -> list[Try]:
    """Return the timeline of a run up to now."""
    waits = run.owner == CHILDREN
    life = Lifetime(run.created_at, run.started_at, run.finished_at, now, waits)
    return compact(tries(run.history, life))


def people(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name the people of a history by how it notes them: `user:<id>`."""
    owners = {str(entry.get("owner", "")) for entry in history}
    ids = {owner.removeprefix("user:") for owner in owners if owner.startswith("user:")}
    return {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def repetitions(run: Run, principal: Principal) -> list[Run]:
    """Return the other tries of the same work: the first one and its repetitions, in order."""
    first = run.replay_of_id or run.pk
    line = Run.objects.visible_to(principal).filter(Q(pk=first) | Q(replay_of=first))
    return list(line.exclude(pk=run.pk).defer(*LIGHT).order_by("pk")[:PAGE])


def log_of(run_id: UUID, *, after: int = 0) -> dict[str, Any]:
    """Return the kept log lines of a run behind a number, `{total, lines: [{n, …}]}`."""
    row = RunLog.objects.filter(pk=run_id).first()
    if row is None:
        return {"total": 0, "lines": []}
    first = row.total - len(row.lines) + 1
    lines = [{"n": number, **line} for number, line in enumerate(row.lines, first)]
    return {"total": row.total, "lines": [line for line in lines if line["n"] > after]}


def moment_of(run: Run, at: int | None, principal: Principal) -> Moment:
    """Return a run as it stood after so many of its events; all by default.

    Those of parts count among them where they are told on the same stream.
    """
    told = Event.objects.filter(stream=run.stream, fact="").order_by("seq")
    own, family = told.filter(run=run), told.filter(Q(run=run) | Q(run__parent=run))
    min_seq = Stream.objects.filter(pk=run.stream).values_list("min_seq", flat=True).first() or 1
    begin, count = own.first(), family.count()
    is_cut = begin is None or begin.type != events.CREATED
    at = max(1, min(count if at is None else at, count))
    if not count:
        return Moment(0, 0, min_seq, is_cut)
    first = (at - 1) // PAGE * PAGE
    page = list(enumerate(family[first : first + PAGE], first + 1))
    event = dict(page)[at]
    last = own.filter(seq__lte=event.seq).last()
    parts, shown = _parts_as_of(run, event, principal)
    return Moment(at, count, min_seq, is_cut, event, last, page, parts, shown)


def _parts_as_of(
    run: Run, event: Event, principal: Principal
) -> tuple[dict[str, int], list[Event]]:
    params: dict[str, Any] = {"run": run.pk, "stream": run.stream, "seq": event.seq}
    params |= {"at": event.at, "streams": None if principal.is_staff else streams_of(principal)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_AS_OF, params)
        counted = dict(cursor.fetchall())
    if not counted:
        return {}, []
    params |= {"order": list(STATUSES), "limit": PAGE}
    counts = {status: counted[status] for status in STATUSES if status in counted}
    return counts, list(Event.objects.raw(FIRST_AS_OF, params))


def follow(streams: Sequence[str]) -> str:
    """Return, as JSON for a page, streams with their newest numbers and their companies' names.

    Read before the rows that the page shows, or read those again: else something falls between.
    """
    last = dict(Stream.objects.filter(pk__in=streams).values_list("key", "last_seq"))
    companies = Company.objects.filter(pk__in=list(_company_ids(streams)))
    names = {company_stream(pk): name for pk, name in companies.values_list("pk", "name")}
    told = [
        {"stream": stream, "seq": last.get(stream, 0), "company": names.get(stream, "system")}
        for stream in streams
    ]
    return json.dumps(told)


def lately_told(principal: Principal) -> list[str]:
    """Return the streams of the newest runs of everybody, for those who may read them all."""
    if not principal.is_staff:
        return []
    return list(Run.objects.order_by("-pk").values_list("stream", flat=True)[:PAGE])


def _company_ids(streams: Sequence[str]) -> Iterator[UUID]:
    for stream in streams:
        owner, _, key = stream.partition(":")
        if owner == "company":
            with suppress(ValueError):
                yield UUID(key)
