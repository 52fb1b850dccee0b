"""How the pipeline stands now: what waits at each stage, what was broken, how much may be asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Min, Q, Sum

from ingestion.models import Alert, AlertRule, Fetch, Processing, Quota, RawCollection, Source
from ingestion.rules.operations import DEFAULTS, share
from ingestion.rules.sources import ALERT_SHARE, period_end, period_start
from jobly.runs.rules.timeline import lasting
from jobly.users.rules import Principal

from .books import unloaded, unprocessed
from .quality import Weeks, weeks

MONTH = timedelta(days=32)  # no period of a quota is longer
COLLECTING_DAYS = 3  # without a good walk
WAITING_TOO_LONG = timedelta(minutes=DEFAULTS["waiting"].threshold)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits at one stage: how many, and since when they could go on."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a quota is used in the present period."""

    used: int
    limit: int
    told_left: int | None
    resets_at: datetime

    @property
    def percent(self) -> int:
        """How much is used, by our books or by the source's word, whichever is more."""
        ours = share(self.used, self.limit)
        told = 0.0 if self.told_left is None else share(self.limit - self.told_left, self.limit)
        return int(max(0.0, ours, told))

    @property
    def shown(self) -> int:
        """The length of the bar."""
        return min(100, self.percent)


@dataclass(frozen=True, slots=True)
class Standing:
    """One source: its stages, its last walk, its quota and its two weeks."""

    source: Source
    fetch: Fetch | None
    reading: Queue
    loading: Queue
    quota: Used | None
    weeks: Weeks

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """What failed most in seven days: (of what, error code, how often)."""
        return [(what, code, n) for (what, code), n in self.weeks.now.reasons.most_common(4)]


def waiting_to_be_read() -> dict[UUID, Queue]:
    """Return the collections that wait to be read, by source; a source's own delay is no wait."""
    due = ExpressionWrapper(
        F("collected_at") + F("source__process_delay"), output_field=DateTimeField()
    )
    rows = unprocessed().order_by().values("source").annotate(n=Count("pk"), since=Min(due))
    return {row["source"]: Queue(row["n"], row["since"]) for row in rows}


def waiting_to_be_loaded() -> dict[UUID, Queue]:
    """Return the passes that wait to be loaded, by source; a source's own delay is no wait."""
    due = ExpressionWrapper(
        F("processed_at") + F("collection__source__load_delay"), output_field=DateTimeField()
    )
    rows = unloaded().filter(counts=True, superseded_by=None).order_by()
    found = rows.values("collection__source").annotate(n=Count("pk"), since=Min(due))
    return {row["collection__source"]: Queue(row["n"], row["since"]) for row in found}


def quotas(sources: list[Source], now: datetime) -> dict[UUID, Used]:
    """Return how much of each source's quota is used; without those that have none."""
    rows = Quota.objects.filter(source__in=sources, starts_at__gte=now - MONTH)
    known = {(row.source_id, row.starts_at): row for row in rows}
    found: dict[UUID, Used] = {}
    for source in sources:
        figures = source.figures
        row = known.get((source.pk, period_start(figures.quota_period, now)))
        limit = figures.quota_limit or (row.told_limit if row else None)
        if limit:
            spent = row is not None and row.spent_until is not None and row.spent_until > now
            left = 0 if spent else row.told_left if row else None
            calls = row.calls if row else 0
            found[source.pk] = Used(calls, limit, left, period_end(figures.quota_period, now))
    return found


def standings(sources: list[Source], now: datetime) -> list[Standing]:
    """Return how each of these sources stands, in a constant number of queries."""
    latest = Fetch.objects.filter(source__in=sources).order_by("source_id", "-started_at")
    fetches = {row.source_id: row for row in latest.distinct("source_id")}
    reading, loading = waiting_to_be_read(), waiting_to_be_loaded()
    limits = quotas(sources, now)
    figures = weeks([source.pk for source in sources], now.date())
    nothing = weeks([], now.date())[None]
    return [
        Standing(
            source,
            fetches.get(source.pk),
            reading.get(source.pk, Queue()),
            loading.get(source.pk, Queue()),
            limits.get(source.pk),
            figures.get(source.pk, nothing),
        )
        for source in sources
    ]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks a rule now: what, how badly, and in words for people."""

    kind: str
    subject: str
    text: str
    value: float
    threshold: float
    source: UUID | None = None


def findings(rules: list[AlertRule], now: datetime) -> list[Finding]:
    """Return everything that breaks one of these rules now."""
    looks = {
        "quota": _over_quota,
        "processing": _failing_passes,
        "waiting": _waiting,
        "validation": _failing_rows,
    }
    return [found for rule in rules for found in looks[rule.kind](rule, now)]


def _over_quota(rule: AlertRule, now: datetime) -> Iterator[Finding]:
    sources = list(Source.objects.collectable())
    names = {source.pk: source for source in sources}
    for pk, used in quotas(sources, now).items():
        source = names[pk]
        own = source.alert_share != ALERT_SHARE
        threshold = source.alert_share if own else rule.threshold
        if used.percent >= threshold:
            counted = f"{used.used:,} of the {used.limit:,} calls of its quota"
            if used.percent >= 100 and used.used < used.limit:  # noqa: PLR2004 # the source's word
                said = f"{source.name} says that its quota is used up (we counted {counted})"
            else:
                said = f"{source.name} has used {counted} ({used.percent} %)"
            text = f"{said}, which begins anew on {used.resets_at:%-d %B}"
            yield Finding(rule.kind, str(pk), text, used.percent, threshold, pk)


def _failing_passes(rule: AlertRule, now: datetime) -> Iterator[Finding]:
    """Yield sources whose collections could not be read: held back as they came, or later."""
    since = now - rule.window
    held = RawCollection.objects.filter(status="quarantined", collected_at__gte=since)
    passes = Processing.objects.current().filter(started_at__gte=since)
    counts: dict[UUID, list[int]] = {}
    for pk, n in held.order_by().values_list("source").annotate(n=Count("pk")):
        counts.setdefault(pk, [0, 0])[0] += n
        counts[pk][1] += n
    failed = Count("pk", filter=Q(status="failed"))
    groups = passes.order_by().values_list("collection__source").annotate(f=failed, n=Count("pk"))
    for pk, bad, n in groups:
        counts.setdefault(pk, [0, 0])[0] += bad
        counts[pk][1] += n
    yield from _shares(rule, counts, "collections could not be read")


def _failing_rows(rule: AlertRule, now: datetime) -> Iterator[Finding]:
    passes = Processing.objects.current().filter(started_at__gte=now - rule.window)
    rows = passes.order_by().values_list("collection__source")
    counts = {pk: [bad, n] for pk, bad, n in rows.annotate(f=Sum("failed"), n=Sum("raw"))}
    yield from _shares(rule, counts, "rows failed validation")


def _shares(rule: AlertRule, counts: dict[UUID, list[int]], words: str) -> Iterator[Finding]:
    """Yield the sources above the threshold; where none alone is, all of them together."""
    broken = {
        pk: (bad, n)
        for pk, (bad, n) in counts.items()
        if n >= rule.least and share(bad, n) > rule.threshold
    }
    names = dict(Source.objects.filter(pk__in=broken).values_list("pk", "name"))
    hours = f"{rule.window / timedelta(hours=1):.0f} h"
    for pk, (bad, n) in broken.items():
        text = f"{names[pk]}: {bad:,} of {n:,} {words} in {hours} ({share(bad, n):.0f} %)"
        yield Finding(rule.kind, str(pk), text, share(bad, n), rule.threshold, pk)
    bad, n = (sum(column) for column in zip(*counts.values(), strict=True)) if counts else (0, 0)
    if not broken and n >= rule.least and share(bad, n) > rule.threshold:
        text = f"{bad:,} of {n:,} {words} in {hours} ({share(bad, n):.0f} %), over all sources"
        yield Finding(rule.kind, "all", text, share(bad, n), rule.threshold)


def _waiting(rule: AlertRule, now: datetime) -> Iterator[Finding]:
    stages = (
        ("process", waiting_to_be_read(), "collections wait to be read"),
        ("load", waiting_to_be_loaded(), "files wait to be loaded"),
    )
    limit = timedelta(minutes=rule.threshold)
    for stage, queues, words in stages:
        since = min((q.since for q in queues.values() if q.since), default=now)
        if now - since > limit:
            count = sum(queue.count for queue in queues.values())
            text = f"{count:,} {words}, the oldest for {lasting(now - since)}"
            minutes = (now - since) / timedelta(minutes=1)
            yield Finding(rule.kind, stage, text, minutes, rule.threshold)


def open_alerts(principal: Principal | None = None) -> list[Alert]:
    """Return what is wrong now, the oldest first; of that what a principal may know."""
    rows = Alert.objects.visible_to(principal) if principal else Alert.objects.all()
    return list(rows.open().select_related("rule").order_by("began_at"))


def health(now: datetime) -> dict[str, tuple[bool, str]]:
    """Say whether each part of the pipeline does its work, without a name: anybody may ask.

    The database is asked by whoever asks this.
    """
    sources = list(Source.objects.collectable())
    spent = sum(used.percent >= 100 for used in quotas(sources, now).values())  # noqa: PLR2004
    rows = Fetch.objects.filter(source__in=sources).exclude(status="running")
    last = rows.order_by("source_id", "-started_at").distinct("source_id").values_list("status")
    statuses = [status for (status,) in last]
    bad = statuses.count("failed")
    return {
        "collector": (
            not bad or bad * 2 <= len(statuses),
            f"{len(statuses) - bad} of {len(statuses)} sources answered when last asked",
        ),
        "processor": _in_time(waiting_to_be_read(), now),
        "loader": _in_time(waiting_to_be_loaded(), now),
        "api_quota": (not spent, f"{spent} of {len(sources)} sources have used theirs up"),
    }


def _in_time(queues: dict[UUID, Queue], now: datetime) -> tuple[bool, str]:
    since = min((queue.since for queue in queues.values() if queue.since), default=now)
    waits = max(now - since, timedelta())
    count = sum(queue.count for queue in queues.values())
    return waits <= WAITING_TOO_LONG, f"{count:,} wait, the oldest for {lasting(waits)}"
