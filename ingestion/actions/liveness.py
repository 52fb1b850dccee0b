"""Whether jobs are still there: a ladder of looks, and two days before a job closes."""

import time
from collections import deque
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from ingestion.actions.catalogue import close_job
from ingestion.actions.robots import rules_at
from ingestion.clients import liveness as client
from ingestion.models import Job, Liveness
from ingestion.rules.liveness import (
    NEXT,
    STRIKES,
    Check,
    Count,
    Finding,
    board_check,
    counted,
    of_board,
    of_list,
    of_page,
)
from ingestion.rules.pages import TOKEN, is_guarded
from ingestion.rules.robots import Robots
from jobly import limits
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress

MOST = 200  # jobs of one run
MOST_OF_A_HOST = 20
LONGEST = timedelta(minutes=4)  # of one run
SEEN_LATELY = timedelta(days=2)  # a job that its source lists is not looked at
GAP = timedelta(seconds=3)  # between two looks at a host
NAP = 0.2
KEPT_LOOKS = 10

Lists = dict[str, client.Look]  # what the boards that list all their postings answered


def due(now: datetime, most: int = MOST) -> list[Job]:
    """Return open public jobs that nobody has seen lately: due ones, then some never looked at."""
    rows = Job.objects.filter(
        status=Job.Status.LIVE,
        company=None,
        is_demo=False,
        last_seen_at__lt=now - SEEN_LATELY,
    ).exclude(url="", apply_url="")
    rows = rows.select_related("liveness").defer("description_html", "description_text")
    again = rows.filter(liveness__next_at__lte=now).order_by("liveness__next_at")
    found = list(again[: most // 2])
    return found + list(rows.filter(liveness=None)[: most - len(found)])


def check_due(progress: Progress, *, gap: timedelta = GAP) -> dict[str, Any]:
    """Look at the jobs that are due, each host every `gap` at most. Emits: JobClosed."""
    counts = {"alive": 0, "gone": 0, "uncertain": 0, "closed": 0}
    waiting = _fair(due(clock()))
    until = time.monotonic() + LONGEST.total_seconds()
    progress.tell(total=len(waiting), step="Looking at postings")
    turns, lists = 0, Lists()
    while waiting and time.monotonic() < until:
        progress.checkpoint()
        job, check = waiting.popleft()
        rests = check.url not in lists and limits.take(
            f"host:{_host(check.url)}", limit=1, window=gap, kept=gap * 200
        )
        if rests:
            waiting.append((job, check))
            turns += 1
            if turns >= len(waiting):  # every host rests
                time.sleep(NAP)
                turns = 0
            continue
        turns = 0
        found = look_at(job, check, lists)
        with progress.transaction():
            counts[found.verdict] += 1
            counts["closed"] += note(job, check.url, found)
        progress.tell(done=counts["alive"] + counts["uncertain"], failed=counts["gone"])
    return counts | {"left": len(waiting)}


def _fair(jobs: list[Job]) -> deque[tuple[Job, Check]]:
    """Return the jobs with where to look for each, so many of a host at most."""
    of_host: dict[str, int] = {}
    found: deque[tuple[Job, Check]] = deque()
    for job in jobs:
        page = job.url or job.apply_url
        check = board_check(page) or Check(page)
        host = _host(check.url)
        of_host[host] = of_host.get(host, 0) + 1
        if host and of_host[host] <= MOST_OF_A_HOST:
            found.append((job, check))
    return found


def look_at(job: Job, check: Check, lists: Lists) -> Finding:
    """Look at one posting: its board's API where there is one, else its page, if it lets us.

    A board that lists all its postings is asked once for as long as `lists` is kept.
    """
    private = frozenset(settings.COLLECTOR_PRIVATE_ORIGINS)
    url, page = check.url, job.url or job.apply_url
    if check.key:
        if url not in lists:
            agent = settings.COLLECTOR_AGENT
            lists[url] = client.look(url, agent=agent, private=private, is_list=True)
        return of_list(lists[url].status, lists[url].body, check.key)
    if url != page:
        return of_board(client.look(url, agent=settings.COLLECTOR_AGENT, private=private).status)
    if is_guarded(_host(url)):
        return Finding("http", "uncertain", "this host is not asked")
    if not settings.COLLECTOR_WEB_ENABLED:
        return Finding("http", "uncertain", "asking for pages is switched off")
    if not _rules(url, private).allows(url, TOKEN):
        return Finding("http", "uncertain", "robots.txt does not allow it")
    seen = client.look(url, agent=settings.COLLECTOR_AGENT, private=private)
    return of_page(seen.status, seen.location, seen.body, job.title, clock())


def note(job: Job, url: str, found: Finding) -> bool:
    """Write down what a look came to; True when it closed the job, gone on a second day.

    Emits: JobClosed.
    """
    now = clock()
    row = Liveness.objects.filter(job=job).first() or Liveness(job=job)
    count = counted(Count(row.strikes, row.struck_on), found.verdict, now.date())
    row.strikes, row.struck_on = count.strikes, count.struck_on
    row.verdict, row.rung, row.checked_at = found.verdict, found.rung, now
    row.next_at = now + NEXT[found.verdict]
    if found.verdict == "alive":
        row.verified_at = now
    told = {"at": now.isoformat(), "url": url, "rung": found.rung}
    told |= {"verdict": found.verdict, "why": found.why}
    row.evidence = [told, *row.evidence][:KEPT_LOOKS]
    closes = count.strikes >= STRIKES and found.verdict == "gone"
    open_now = Job.objects.filter(pk=job.pk, status=Job.Status.LIVE).first() if closes else None
    if open_now is not None:
        close_job(open_now, actor=None)
        row.closed_at = now
    row.save()
    return open_now is not None


def _rules(url: str, private: frozenset[str]) -> Robots:
    """Return what a host's robots.txt says, asked for once a day at most."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"

    def send(address: str) -> Any:
        with client.way(address, private) as session:
            headers = {"User-Agent": settings.COLLECTOR_AGENT}
            return session.get(address, headers=headers, allow_redirects=False)

    return rules_at(origin, send)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
