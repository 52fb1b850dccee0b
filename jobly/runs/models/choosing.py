"""A selection of runs as a condition of a query."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from jobly.runs.rules.selection import LATE, NOT, UNFINISHED, Selection

from .watch import Queue

NOTHING = Q(pk=None)
EVERYTHING = Q()


def choice(wanted: Selection, now: datetime) -> Q:
    """Say what a selection means; one that cannot be understood means no run at all."""
    exact = {"queue": wanted.queue, "error_code": wanted.error_code}
    equal = Q(**{name: value for name, value in exact.items() if value})
    parts = (_status(wanted.status), _kind(wanted.kind), _company(wanted.company))
    late = (_since(wanted, now), _standing(wanted.standing), _asked(wanted))
    for part in (*parts, *late):
        equal &= part
    return equal


def _status(status: str) -> Q:
    if status == UNFINISHED:
        return Q(status__in=["queued", "running"])
    return Q(status=status) if status else EVERYTHING


def _kind(kind: str) -> Q:
    if kind.startswith(NOT):
        return ~Q(kind=kind.removeprefix(NOT))
    return Q(kind=kind) if kind else EVERYTHING


def _company(company: str) -> Q:
    if not company:
        return EVERYTHING
    try:
        return Q(company_id=UUID(company))
    except ValueError:
        return Q(company__slug=company)


def _since(wanted: Selection, now: datetime) -> Q:
    if not wanted.since:
        return EVERYTHING
    start = wanted.starting(now)
    return NOTHING if start is None else Q(created_at__gte=start)


def _standing(standing: str) -> Q:
    queued = Q(status="queued")
    known = {
        "": EVERYTHING,
        "late": queued & Q(available_at__lt=Now() - LATE),
        "later": queued & Q(available_at__gt=Now()),
        "paused": queued & Q(queue__in=Queue.objects.exclude(paused_at=None).values("name")),
        "again": queued & Q(started_at__isnull=False),
        "crashed": Q(crash_count__gt=0),
        "asked": Q(status="running", cancel_requested_at__isnull=False),
    }
    return known.get(standing, NOTHING)


def _asked(wanted: Selection) -> Q:
    """Find by number, the run or its family, else by the words of its kind or its error."""
    words = wanted.q.strip()
    if not words:
        return EVERYTHING
    if wanted.number is not None:
        return Q(pk=wanted.number) | Q(root_id=wanted.number, parent__isnull=False)
    called = Q(kind__in=wanted.kinds_called()) | Q(kind__icontains=words)
    return called | Q(error__icontains=words) | Q(error_code__icontains=words)
