"""A walk over a source under way: what it is, how the source is asked, how far it may go."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from ingestion.actions import quotas, visiting
from ingestion.clients import SOURCES, Client, walking
from ingestion.clients.walking import Link, Page
from ingestion.errors import SourceRefused
from ingestion.models import Fetch
from ingestion.rules import sources as rules
from ingestion.rules import walks
from ingestion.rules.asking import Wish, address
from ingestion.rules.entries import Entry
from ingestion.rules.walks import Bounds
from jobly import limits
from jobly.errors import Deferred
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress

GONE = "not_there"  # taken down between the list and the question
SHORT_WAIT = timedelta(seconds=10)  # waited for on the spot; for longer the run goes away
NAP = 0.25  # seconds between two looks whether the run may go on


@dataclass(frozen=True, slots=True)
class Trip:
    """One walk under way: what it is, how its source is asked, how far it may go.

    `pages` asks for page after page; `details` for the postings of entries of a list, None for
    one that is gone; `entries` reads what a page lists.
    """

    progress: Progress
    fetch: Fetch
    pages: Callable[[Wish], Iterator[Page]]
    details: Callable[[Wish, list[Entry]], Iterator[Page | None]]
    entries: Callable[[bytes, str], list[Entry]]
    wish: Wish
    bounds: Bounds


def prepare(progress: Progress, fetch: Fetch) -> Trip:
    """Make ready what a walk needs. Raises: SourceMisconfigured, AuthExpired."""
    source, search = fetch.source, fetch.search
    cursor = fetch.cursor_before
    settings = {**source.settings, **(search.settings if search else {})}
    settings |= cursor.get("learned") or {}
    supplied = source.adapter == "feed" and not source.base_url
    link = Link(
        base_url=source.base_url or address(rules.base_url(source.adapter, settings), settings),
        timeout=source.figures.call_timeout,
        gate=partial(_gate, progress, fetch),
        credentials=source.credentials or {},
        supplied=supplied,
    )
    backfills = fetch.strategy == Fetch.Strategy.BACKFILL
    wish = Wish(
        query=search.query if search else "",
        location=search.location if search else "",
        country=search.country if search else "",
        settings=settings,
        position=fetch.position.get("next") or {},
        age=walks.age_to_ask(fetch.strategy, cursor, clock()),
        validators={} if backfills else cursor.get("validators") or {},
    )
    asked = fetch.max_pages or (search.pages if search else None)
    bounds = Bounds(
        pages=asked or source.figures.max_pages,
        asked=asked is not None,
        stops_at_known=fetch.strategy == Fetch.Strategy.INCREMENTAL
        and rules.profile_of(source.adapter).newest_first,
    )
    client = SOURCES[source.adapter]
    if visiting.is_visit(source):
        link = visiting.visit(progress, fetch, link)
    pages, details = partial(_pages, client, link), partial(_details, client, link)
    return Trip(progress, fetch, pages, details, client.entries, wish, bounds)


def _pages(client: Client, link: Link, wish: Wish) -> Iterator[Page]:
    """Ask for page after page."""
    for page in client.pages(link, wish):
        yield replace(page, is_list=page.is_list or client.detail is not None)


def _details(client: Client, link: Link, wish: Wish, entries: list[Entry]) -> Iterator[Page | None]:
    """Ask for the posting of each entry; None for one that was taken down meanwhile."""
    if client.each is not None:
        yield from client.each(link, wish, entries)
    ask = client.detail
    if ask is None:
        return
    with walking.opened(link) as session:
        for entry in entries:
            try:
                yield walking.send(session, link, ask(wish, entry.item), {})[1]
            except SourceRefused as refused:
                if refused.code != GONE:
                    raise
                yield None


def heard(fetch: Fetch, page: Page) -> None:
    """Note that the source answered, and what it told about its quota."""
    limits.record(fetch.source.breaker_key, ok=True)
    quotas.learn(fetch.source, page.headers)


def _gate(progress: Progress, fetch: Fetch, cost: int) -> None:
    """Let one call out: while the run is ours, at the source's pace, counted against its quota.

    Raises: Deferred to come back; QuotaSpent.
    """
    source = fetch.source
    progress.hold(source.figures.call_timeout)
    delay = source.figures.call_delay
    while delay and (wait := limits.take(f"source:{source.pk}:calls", limit=1, window=delay)):
        if wait > SHORT_WAIT:
            raise Deferred(f"{source} is asked again in a while.", until=clock() + wait)
        time.sleep(min(wait.total_seconds(), NAP))
        progress.checkpoint()
    if pause := limits.breaker_open(source.breaker_key):
        message = f"{source} does not answer at the moment; it is tried again later."
        raise Deferred(message, until=clock() + pause)
    quotas.count_call(fetch, cost)
