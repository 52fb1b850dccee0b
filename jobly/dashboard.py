"""The recruiters' dashboard: what needs a person, what goes on now, how boards and the week are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import now

from distribution.actions.boards import health
from distribution.models import Channel, Distribution, HookEndpoint
from distribution.reports import overdue
from distribution.reports.channels import troubles
from distribution.reports.costs import standings
from distribution.reports.figures import got_since
from distribution.reports.health import leftovers
from distribution.rules.costs import SPENT
from distribution.rules.costs import in_words as in_currency
from ingestion.models import Absence, Acknowledgement, Job, Likeness, Processing, Upload
from ingestion.reports.operations import open_alerts
from jobly.live import live_urls
from jobly.runs.models import Run
from jobly.runs.reports import alarms
from jobly.runs.reports.queues import lines, paused
from jobly.runs.reports.watching import follow, lately_told
from jobly.runs.rules.following import main_streams
from jobly.runs.rules.words import in_words
from jobly.users.models import ApiKey, principal_of
from jobly.users.rules import Principal

WEEK = timedelta(days=7)
MONTH = timedelta(days=29)  # before today
SHOWN_RUNS = 8
SHOWN_BOARDS = 24
MOST_TROUBLES = 5  # named one by one
SOON = timedelta(minutes=1)  # a run that waits longer is for later, not for now


@dataclass(frozen=True, slots=True)
class Need:
    """One line of what needs a person: how many of what, how bad, and the list behind it."""

    count: int
    text: str
    url: str
    level: str = "bad"


@dataclass(frozen=True, slots=True)
class Board:
    """How one channel is right now."""

    channel: Channel
    left: int
    breaker: str
    troubles: list[str]
    published: int
    last_success: datetime | None
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the week, what it counts, and the rows behind it."""

    value: int | str
    name: str
    meaning: str
    url: str


@dataclass(frozen=True, slots=True)
class Work:
    """One run that goes on now, in people's words."""

    run: Run
    name: str


def admin_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the first page of the back office shows; a constant number of queries."""
    principal = principal_of(request)
    channels = list(
        Channel.objects.visible_to(principal)
        .select_related("company")
        .order_by("company__name", "slug")[:SHOWN_BOARDS]
    )
    boards = list(_boards(channels))
    works, streams = _live(principal)
    figures = _figures(principal)
    return context | {
        "title": "Dashboard",
        "needs": [
            *_system_needs(principal),
            *_alert_needs(principal),
            *_needs(principal),
            *_channel_needs(boards),
        ],
        "boards": boards,
        "works": works,
        "streams": streams,
        "live": live_urls(request),
        "figures": figures,
        "month": _month(principal),
        "may_write": principal.is_staff or bool(principal.writable_ids),
        "is_new": not boards and not any(figure.value for figure in figures),
        "several": principal.is_staff or len(principal.company_ids) > 1,
    }


def _list_of(name: str, **narrowed: Any) -> str:
    """Return the address of a list of the admin, narrowed."""
    url = reverse(f"admin:{name}_changelist")
    return f"{url}?{urlencode(narrowed)}" if narrowed else url


def _system_needs(principal: Principal) -> Iterator[Need]:
    """Yield what is wrong with the clock, the workers and the schedules, and what is paused."""
    if not principal.is_staff:
        return
    found = alarms.troubles()
    for trouble in found[:MOST_TROUBLES]:
        url = _list_of("runs_queue")
        if trouble.schedule:
            url = reverse("admin:runs_schedule_change", args=[trouble.schedule])
        level = "warn" if trouble.what in ("long", "silent") else "bad"
        yield Need(1, trouble.text, url, level)
    if len(found) > MOST_TROUBLES:
        rest = len(found) - MOST_TROUBLES
        yield Need(rest, "more troubles with schedules", _list_of("runs_schedule"))
    yield from _source_needs()
    for line in lines() if paused() else ():
        if line.queue.is_paused:
            why = f": {line.queue.why}" if line.queue.why else ""
            text = f"waiting in the queue {line.queue.name}, which is paused{why}"
            yield Need(line.waiting, text, _list_of("runs_queue"), "warn")


def _alert_needs(principal: Principal) -> Iterator[Need]:
    """Yield what was told of the pipeline: to members, of their own companies' sources."""
    pages = _list_of("ingestion_sourceday") + "#alerts", _list_of("ingestion_upload")
    for alert in [one for one in open_alerts(principal) if one.told_at][:MOST_TROUBLES]:
        yield Need(1, alert.text, pages[0 if principal.is_staff else 1])


def _source_needs() -> Iterator[Need]:
    """Yield what sources lost, who is read against robots.txt, and what may stand twice."""
    if held := Absence.objects.held().count():
        text = "sources lost most of their jobs at once: say what it means"
        yield Need(held, text, _list_of("ingestion_absence", status__exact="held"))
    if aside := Acknowledgement.objects.without_robots().count():
        text = "sources are collected without obeying robots.txt"
        yield Need(aside, text, _list_of("ingestion_acknowledgement"), "warn")
    if pairs := Likeness.objects.all().to_review().count():
        text = "pairs of postings may be one job: say which" if pairs > 1 else "pair may be one job"
        yield Need(pairs, text, reverse("admin:ingestion_likeness_review"), "warn")


def _needs(principal: Principal) -> Iterator[Need]:
    """Yield what needs a person, worst first."""
    since = now() - WEEK
    lately = {"created_at__gte": since.isoformat(timespec="seconds")}
    yield from _distribution_needs(principal)
    yield from _upkeep_needs(principal)
    uploads = Upload.objects.visible_to(principal).filter(created_at__gte=since)
    yield from _draft_needs(uploads, lately)
    if count := uploads.filter(status=Upload.Status.REFUSED).count():
        url = _list_of("ingestion_upload", status__exact="refused", **lately)
        word = "file was" if count == 1 else "files were"
        yield Need(count, f"{word} refused in the last 7 days", url)
    if count := uploads.with_rejects().filter(status=Upload.Status.LOADED).count():
        url = _list_of("ingestion_upload", rejects="yes", status__exact="loaded", **lately)
        word = "file has" if count == 1 else "files have"
        yield Need(count, f"{word} rejected rows, sent in the last 7 days", url, "warn")
    # a publication that ended badly is told above, by itself
    failed = Run.objects.visible_to(principal).filter(status="failed", created_at__gte=since)
    if count := failed.exclude(kind="distribution.publish").count():
        url = _list_of(
            "runs_run", status="failed", kind="-distribution.publish", since=since.isoformat()
        )
        word = "piece of work" if count == 1 else "pieces of work"
        yield Need(count, f"{word} failed in the last 7 days", url, "warn")
    yield from _hook_needs(principal)
    yield from _key_needs(principal)


def _draft_needs(uploads: QuerySet[Upload], lately: dict[str, str]) -> Iterator[Need]:
    """Yield the files on whose way a person is to decide something."""
    waiting = {
        Upload.Status.DRAFT: (
            "file waits for you to say what its columns hold",
            "files wait for you to say what their columns hold",
        ),
        Upload.Status.CHECKED: (
            "checked file waits for you to import it",
            "checked files wait for you to import them",
        ),
    }
    for status, (one, several) in waiting.items():
        if count := uploads.filter(status=status).count():
            text = one if count == 1 else several
            url = _list_of("ingestion_upload", status__exact=str(status), **lately)
            yield Need(count, text, url, "warn")


# status → what to say of one, and of several
BAD_ENDS = {
    "needs_attention": (
        "publication needs your decision: is the job on the board?",
        "publications need your decision: are the jobs on the board?",
    ),
    "rejected": (
        "publication was turned down by the board or its rules",
        "publications were turned down by the boards or their rules",
    ),
    "failed": (
        "publication did not get through to the board",
        "publications did not get through to the boards",
    ),
}


def _distribution_needs(principal: Principal) -> Iterator[Need]:
    """Yield publications that ended badly, and what boards show otherwise than they should."""
    rows = Distribution.objects.visible_to(principal).filter(status__in=BAD_ENDS)
    counts = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    for status, (one, several) in BAD_ENDS.items():
        if count := counts.get(status, 0):
            url = _list_of("distribution_distribution", status__exact=status)
            yield Need(count, one if count == 1 else several, url)
    mine = Distribution.objects.visible_to(principal)
    if lost := mine.filter(status="published", error_code="drift").count():
        word = "posting is" if lost == 1 else "postings are"
        url = _list_of("distribution_distribution", proof="lost")
        yield Need(lost, f"{word} not shown by the board any more: send again or take down", url)
    if left := leftovers(mine.filter(closed_at__gte=now() - MONTH)).count():
        word = "posting is" if left == 1 else "postings are"
        url = _list_of("distribution_distribution", proof="left")
        yield Need(left, f"{word} still shown by the board after being taken down", url, "warn")


def _upkeep_needs(principal: Principal) -> Iterator[Need]:
    """Yield what is overdue, what ends soon, and which budgets are nearly spent."""
    rows = Distribution.objects.visible_to(principal)
    for delay in overdue.delays(rows):
        url = _list_of("distribution_distribution", upkeep=delay.code)
        yield Need(delay.count, f"publication{'s'[: delay.count > 1]} that {delay.text}", url)
    if count := rows.filter(overdue.expiring()).count():
        word = "publication ends" if count == 1 else "publications end"
        url = _list_of("distribution_distribution", upkeep="expiring")
        yield Need(count, f"{word} within 3 days", url, "warn")
    for one in standings(principal, reached=True)[:MOST_TROUBLES]:
        text = f"budget: {one.percent} % of {one.budget} is spent"
        url = _list_of("distribution_budget")
        yield Need(1, text, url, "bad" if one.level == SPENT else "warn")


def _hook_needs(principal: Principal) -> Iterator[Need]:
    """Yield endpoints that are told no more because they did not take what they were told."""
    if count := HookEndpoint.objects.visible_to(principal).cut_off().count():
        word = "webhook endpoint was" if count == 1 else "webhook endpoints were"
        url = _list_of("distribution_hookendpoint", enabled__exact=0)
        yield Need(count, f"{word} switched off: nothing was taken there", url)


def _key_needs(principal: Principal) -> Iterator[Need]:
    """Yield API keys that end within a week."""
    keys = ApiKey.objects.visible_to(principal).usable()
    count = keys.filter(expires_at__lt=now() + WEEK).count()
    if count:
        word = "API key expires" if count == 1 else "API keys expire"
        url = _list_of("users_apikey", expires="soon")
        yield Need(count, f"{word} within 7 days", url, "warn")


def _channel_needs(boards: list[Board]) -> Iterator[Need]:
    """Yield channels that do not publish as they are."""
    ill = [board for board in boards if board.troubles]
    if len(ill) == 1:
        yield Need(1, f"channel: {ill[0].channel} {ill[0].troubles[0]}", ill[0].url, "warn")
    elif ill:
        url = _list_of("distribution_channel", trouble="yes")
        yield Need(len(ill), "channels are paused, failing or without credentials", url, "warn")


def _boards(channels: list[Channel]) -> Iterator[Board]:
    """Yield the health of channels: one query, and a few words with Valkey for each."""
    rows = Distribution.objects.filter(channel__in=channels).order_by()
    groups = rows.values("channel").annotate(
        last=Max("published_at"), live=Count("pk", filter=Q(status="published"))
    )
    known = {row["channel"]: (row["live"], row["last"]) for row in groups}
    for channel in channels:
        state = health(channel)
        published, last = known.get(channel.pk, (0, None))
        yield Board(
            channel,
            left=state["allowance_left"],
            breaker=state["breaker"].replace("_", " "),
            troubles=troubles(channel),
            published=published,
            last_success=last,
            url=reverse("admin:distribution_channel_change", args=[channel.pk]),
        )


def _live(principal: Principal) -> tuple[list[Work], str]:
    """Return the work that goes on now, and the streams that it and what follows is told on."""
    rows = Run.objects.visible_to(principal).unfinished().filter(available_at__lte=now() + SOON)
    chosen = rows.order_by("-status", "-created_at")  # running before queued
    keys = dict(chosen.values_list("pk", "stream")[:SHOWN_RUNS])
    streams = follow(main_streams([*keys.values(), *lately_told(principal)], principal))
    runs = Run.objects.select_related("company").defer("args", "result", "history", "crashes")
    shown = runs.in_bulk(list(keys))  # as they are after the numbers were read, none before
    return [Work(shown[key], in_words(shown[key].kind)) for key in keys if key in shown], streams


def _figures(principal: Principal) -> list[Figure]:
    """Return the numbers of the last seven days, each with the rows behind it."""
    since = now() - WEEK
    start = since.isoformat(timespec="seconds")
    jobs = _own_jobs(principal).filter(first_seen_at__gte=since).count()
    published = Distribution.objects.visible_to(principal).filter(published_at__gte=since).count()
    loaded = Processing.objects.visible_to(principal).filter(loaded_at__gte=since)
    sums = loaded.aggregate(n=Sum("loaded", default=0) + Sum("updated", default=0))
    files = "ingestion_processing" if principal.is_staff else "ingestion_upload"
    moment = "started_at__gte" if principal.is_staff else "created_at__gte"
    return [
        Figure(
            jobs,
            "new jobs",
            "Jobs first seen in the last 7 days",
            _list_of("ingestion_job", first_seen_at__gte=start),
        ),
        Figure(
            published,
            "published",
            "Publications that went live on a board in the last 7 days",
            _list_of("distribution_distribution", published_at__gte=start),
        ),
        Figure(
            sums["n"],
            "rows loaded",
            "Rows of files that made or changed a job in the last 7 days",
            _list_of(files, **{moment: start}),
        ),
    ]


def _month(principal: Principal) -> list[Figure]:
    """Return what boards brought in the last 30 days, and cost, as on the page of performance."""
    page = reverse("admin:distribution_clickday_performance")
    got = got_since(now().date() - MONTH, principal)
    paid = " + ".join(in_currency(minor, code) for code, minor in sorted(got.costs.items()))
    return [
        Figure(got.clicks, "clicks", "Who followed the links of publications, in 30 days", page),
        Figure(got.applications, "applications", "Applications that came to us in 30 days", page),
        Figure(paid or "0", "paid", "What publishing cost in 30 days, less what came back", page),
    ]


def _own_jobs(principal: Principal) -> QuerySet[Job]:
    """Return the jobs the back office lists: the companies' own, for operators all."""
    rows = Job.objects.all()
    return rows if principal.is_staff else rows.filter(company__in=principal.company_ids)
