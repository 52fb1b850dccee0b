"""How boards are: what they may take, how they answered lately, what the last night found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from distribution.models import Attempt, Channel, Distribution, LiveLook
from jobly.runs.models import Run

from .channels import troubles

LATELY = timedelta(hours=24)
FAILED = ("unavailable", "unknown")  # the board's fault; what it refused is the job's

TIMES = """
    SELECT d.channel_id,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.ended_at - a.sent_at)),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM a.ended_at - a.sent_at))
    FROM distribution_attempt a JOIN distribution_distribution d ON d.id = a.distribution_id
    WHERE d.channel_id = ANY(%s) AND a.sent_at > now() - %s::interval AND a.ended_at IS NOT NULL
        AND a.op IN ('create', 'update', 'renew', 'close')
    GROUP BY d.channel_id
"""


@dataclass(frozen=True, slots=True)
class BoardHealth:
    """One channel: its figures of the last 24 hours, and what stands on it.

    `p50` and `p95` are seconds from question to answer. `night` is the last comparison with the
    board, `gone` how many published jobs it was found not to show.
    """

    channel: Channel
    troubles: list[str]
    calls: int
    failed: int
    p50: float | None
    p95: float | None
    published: int
    waiting: int
    gone: int
    left: int
    last_success: datetime | None
    night: Run | None

    @property
    def error_rate(self) -> int | None:
        """Percent of the calls that the board did not answer as it should."""
        return round(100 * self.failed / self.calls) if self.calls else None


def board_healths(channels: Sequence[Channel]) -> list[BoardHealth]:
    """Read the health of channels: six queries, and a few words with Valkey for each."""
    keys = [channel.pk for channel in channels]
    times, stands, asked = _times(keys), _stands(keys), _asked(keys)
    nights, left = _nights(keys), _left(keys)
    found = []
    for channel in channels:
        mine = stands.get(channel.pk, {})
        calls, failed = asked.get(channel.pk, (0, 0))
        p50, p95 = times.get(channel.pk, (None, None))
        found.append(
            BoardHealth(
                channel,
                troubles(channel),
                calls=calls,
                failed=failed,
                p50=p50,
                p95=p95,
                published=mine.get("published", 0),
                waiting=mine.get("waiting", 0),
                gone=mine.get("gone", 0),
                left=left.get(channel.pk, 0),
                last_success=mine.get("last"),
                night=nights.get(str(channel.pk)),
            )
        )
    return found


def _times(keys: Sequence[UUID]) -> dict[UUID, tuple[float, float]]:
    with connection.cursor() as cursor:
        cursor.execute(TIMES, [list(keys), str(LATELY)])
        return {key: (p50, p95) for key, p50, p95 in cursor.fetchall()}


def _asked(keys: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    """Count the exchanges of late, and those that the board failed."""
    rows = Attempt.objects.filter(distribution__channel__in=keys, sent_at__gt=Now() - LATELY)
    groups = (
        rows.order_by()
        .values("distribution__channel")
        .annotate(n=Count("pk"), bad=Count("pk", filter=Q(outcome__in=FAILED)))
    )
    return {row["distribution__channel"]: (row["n"], row["bad"]) for row in groups}


def _stands(keys: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = Distribution.objects.filter(channel__in=keys).order_by().values("channel")
    groups = rows.annotate(
        published=Count("pk", filter=Q(status="published")),
        waiting=Count("pk", filter=Q(status__in=["pending", "sending", "unknown", "accepted"])),
        gone=Count("pk", filter=Q(status="published", error_code="drift")),
        last=Max("published_at"),
    )
    return {row["channel"]: dict(row) for row in groups}


def _left(keys: Sequence[UUID]) -> dict[UUID, int]:
    """Count what was taken down and was seen live at the last look since."""
    counted = leftovers(Distribution.objects.filter(channel__in=keys)).order_by()
    return dict(counted.values_list("channel").annotate(n=Count("pk")))


def leftovers(rows: QuerySet[Distribution]) -> QuerySet[Distribution]:
    """Keep what was taken down and is still shown by its board, as far as our last look knows."""
    ended = rows.filter(status__in=["closed", "expired"], published_at__isnull=False)
    looks = LiveLook.objects.filter(distribution=OuterRef("pk"), at__gt=OuterRef("closed_at"))
    last = looks.order_by("-id").values("verdict")[:1]
    return ended.annotate(last_seen=Subquery(last)).filter(last_seen="live")


def _nights(keys: Sequence[UUID]) -> dict[str, Run]:
    """Return the last comparison of each channel with its board."""
    rows = Run.objects.filter(
        kind="distribution.reconcile_board", args__channel_id__in=[str(key) for key in keys]
    )
    newest = rows.order_by("args__channel_id", "-id").distinct("args__channel_id")
    return {run.args["channel_id"]: run for run in newest.defer("history")}
