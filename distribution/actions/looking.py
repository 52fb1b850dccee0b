"""Look at postings as job seekers find them: politely, now and then, and at once when asked."""

import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from distribution.actions import boards, drift, fate, ledger, leftovers
from distribution.actions.follow import see_today
from distribution.actions.publish import locked
from distribution.clients import seeing as client
from distribution.models import Channel, Distribution, LiveLook
from distribution.reports.content import site_url
from distribution.rules import seeing as rules
from distribution.rules import states
from distribution.rules.channels import placed
from ingestion.rules.pages import is_guarded
from jobly import limits
from jobly.errors import JoblyError
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.users.models import User

Status = Distribution.Status
MOST = 300  # postings of a channel a night
LONGEST = timedelta(minutes=20)  # of one run
FRESH = timedelta(hours=20)  # a posting seen since is not looked at again
LEFT = timedelta(days=3)  # so long what was taken down is looked for
GAP = timedelta(seconds=1)  # between two looks at a host that is not ours
NAP = 0.1
NOTHING = timedelta(0)


def look_at_boards() -> dict[str, Any]:
    """Start one round of looks for each channel that has something to look at."""
    channels = list(Channel.objects.usable())
    for channel in channels:
        args = {"channel_id": str(channel.pk)}
        start("distribution.look_round", args, actor=None, company=channel.company_id)
    return {"channels": len(channels)}


def due(channel_id: UUID, now: datetime, most: int = MOST) -> QuerySet[Distribution]:
    """Return what should be seen live and was not lately, then what should be gone: oldest first.

    What was never looked at comes before all.
    """
    looks = LiveLook.objects.filter(distribution=OuterRef("pk"))
    rows = Distribution.objects.filter(channel_id=channel_id).annotate(
        seen_at=Subquery(looks.order_by("-id").values("at")[:1])
    )
    live = Q(status=Status.PUBLISHED) & (Q(seen_at=None) | Q(seen_at__lte=now - FRESH))
    down = Q(
        status__in=["closed", "expired"], published_at__isnull=False, closed_at__gt=now - LEFT
    ) & (Q(seen_at=None) | Q(seen_at__lte=F("closed_at")))
    chosen = rows.filter(live | down).order_by(F("seen_at").asc(nulls_first=True), "id")
    return chosen.select_related("channel", "job")[:most]


def look_round(progress: Progress, channel_id: UUID) -> dict[str, Any]:
    """Look at the postings of a channel that are due, each host at its pace.

    Emits: DistributionDrifted.
    """
    counts = {"live": 0, "gone": 0, "unsure": 0}
    waiting = deque(due(channel_id, clock()))
    progress.tell(total=len(waiting), step="Looking at postings")
    until = time.monotonic() + LONGEST.total_seconds()
    while waiting and time.monotonic() < until:
        progress.checkpoint()
        if _rests(waiting[0]):
            time.sleep(NAP)
            continue
        row = waiting.popleft()
        counts[look_at(progress, row).verdict] += 1
        progress.tell(done=counts["live"] + counts["unsure"], failed=counts["gone"])
    return {**counts, "left": len(waiting)}


def look_once(progress: Progress, distribution_id: UUID) -> dict[str, Any]:
    """Look at one posting now. Emits: DistributionDrifted."""
    rows = Distribution.everything.select_related("channel", "job")
    row = rows.get(pk=distribution_id)
    progress.tell(step=f"Looking for {row.job.title}")
    found = look_at(progress, row)
    return {"verdict": found.verdict, "why": found.why, "distribution_id": str(row.pk)}


@transaction
def look_now(distribution: Distribution, *, actor: User | None) -> Run:
    """Start a look at one posting on a person's word."""
    args = {"distribution_id": str(distribution.pk)}
    return start("distribution.look", args, actor=actor, company=distribution.company_id)


def look_at(progress: Progress, row: Distribution) -> LiveLook:
    """Look at the posting's page, else ask its board, and write down what was seen.

    Emits: DistributionDrifted when it should be there and is not.
    """
    sight = _look(row)
    with progress.transaction():
        return note(locked(row.pk), sight, progress.run)


def note(row: Distribution, sight: rules.Sight, run: Run) -> LiveLook:
    """Write down what a look came to; the caller holds the row's lock.

    What the board turned down after all is rejected, in its words; what it shows after its end is
    asked for again. Emits: DistributionDrifted when it should be there and is not,
    DistributionFailed, DistributionLeftOver.
    """
    look = LiveLook.objects.create(
        distribution=row,
        at=clock(),
        way=sight.way,
        verdict=sight.verdict,
        url=sight.url,
        http_status=sight.status or None,
        why=sight.why,
        evidence=ledger.capped(sight.evidence),
        run_id=run.pk,
    )
    if row.status in states.ENDED and sight.verdict != "unsure":
        (leftovers.found if sight.verdict == "live" else leftovers.gone)(row)
    elif sight.refused and row.status == Status.PUBLISHED:
        fate.end(row, Status.REJECTED, "board_refused", sight.refused)
    elif sight.verdict == "gone":
        drift.tell(row, "gone")
    elif sight.verdict == "live":
        drift.clear(row)
    return look


def _look(row: Distribution) -> rules.Sight:
    """Look where job seekers would; where that proves nothing, ask the board."""
    page = _page(row)
    if page.verdict == "live" or (page.verdict == "gone" and row.status in states.ENDED):
        return page
    said = _board_says(row)
    # a page that is gone does not say why; the board may
    return said if said and (page.verdict == "unsure" or said.refused) else page


def _page(row: Distribution) -> rules.Sight:
    """Read the posting's public page, unless its host lets no program look."""
    url = row.post_url
    host = urlsplit(url).hostname or ""
    if not host:
        return rules.Sight("unsure", "it has no public address")
    if is_guarded(host):
        return rules.Sight("unsure", f"{host} does not let programs look at its pages", url=url)
    seen = client.look(url, known=_known(row.channel))
    ids = {row.external_id, row.post_id, row.job.reference} - {""}
    sight = rules.of_public_page(seen, title=row.job.title, ids=ids, now=clock())
    return replace(sight, url=url, status=seen.status)


def _board_says(row: Distribution) -> rules.Sight | None:
    """Ask the board itself, where it can be asked and answers."""
    channel = row.channel
    if not channel.is_called or not (channel.lookup or row.task_id):
        return None
    try:
        boards.admit(row, submits=False)
        seen = see_today(row)
    except JoblyError as exc:
        return rules.Sight("unsure", exc.message[: rules.WORDS])
    sight = rules.of_board(seen)
    return sight if sight.verdict != "unsure" else None


def _known(channel: Channel) -> frozenset[str]:
    """Return the origins an operator configured: the board's own, the practice boards', ours.

    What people gave is none of them: neither a board's address of theirs nor where it is viewed.
    """
    sandbox = settings.SANDBOX_URL
    board = "" if channel.is_supplied else placed(channel.base_url, sandbox)
    parts = [urlsplit(one) for one in (board, sandbox, site_url()) if one]
    return frozenset(f"{one.scheme}://{one.netloc}" for one in parts)


def _rests(row: Distribution) -> bool:
    """Whether the host of a posting was asked a moment ago; ours needs no rest."""
    parts = urlsplit(row.post_url)
    if not parts.hostname or f"{parts.scheme}://{parts.netloc}" in _known(row.channel):
        return False
    return limits.take(f"host:{parts.hostname}", limit=1, window=GAP) != NOTHING
