"""The postings of a list, asked for one by one and stored in bundles."""

from ingestion.actions import fetches, spooling
from ingestion.actions.collections import announce, keep
from ingestion.actions.trips import Trip, heard
from ingestion.clients.walking import Page
from ingestion.errors import FileRefused
from ingestion.rules import walks
from ingestion.rules.entries import Entry, postings
from jobly.errors import JoblyError
from jobly.runs.actions.crash import crashpoint

BUNDLE = 25  # postings that are stored together

Came = list[tuple[Entry, Page]]


def bring(trip: Trip, entries: list[Entry]) -> int:
    """Ask for the postings of these entries; return how many did not come.

    What came before something broke is stored. Raises: what the source's client raises.
    """
    missing = 0
    for start in range(0, len(entries), BUNDLE):
        batch, came = entries[start : start + BUNDLE], Came()
        try:
            for entry, page in zip(batch, trip.details(trip.wish, batch), strict=True):
                if page is None:
                    continue
                heard(trip.fetch, page)
                if _holds_posting(page):
                    came.append((entry, page))
                else:
                    missing += 1
        except JoblyError:
            _store(trip, came)
            raise
        _store(trip, came)
        trip.progress.tell(done=trip.fetch.got, total=trip.fetch.expected or 0)
    return missing


def _holds_posting(page: Page) -> bool:
    """Whether an answer is a posting; what else it is comes again with the next walk."""
    if page.listed is not None:
        return bool(page.listed)
    try:
        return bool(postings(page.body, page.name))
    except FileRefused:
        return False


def _store(trip: Trip, came: Came) -> None:
    """Store postings that came as one collection; web pages each as one of its own."""
    if came and came[0][1].is_web_page:
        for entry, page in came:
            _store_as(trip, page, [(entry, page)])
    elif came:
        _store_as(trip, _bundled([page for _, page in came]), came)


def _bundled(pages: list[Page]) -> Page:
    """Lay answers side by side as one."""
    return Page(
        body=walks.bundle([page.body for page in pages]),
        request={"method": "GET", "urls": [page.request["url"] for page in pages]},
        key="",
        status=pages[-1].status,
        headers=pages[-1].headers,
        milliseconds=sum(page.milliseconds for page in pages),
        calls=sum(page.calls for page in pages),
    )


def _store_as(trip: Trip, whole: Page, came: Came) -> None:
    """Store what came as one collection, and note its entries with it."""
    fetch = trip.fetch
    with spooling.spooling(fetch, whole), trip.progress.transaction():
        number = fetch.collections.count() + 1
        row, refused = keep(fetch.source, spooling.arrival_of(whole, fetch=fetch, number=number))
        if refused is None:
            announce(row, actor=None)
        entries = [entry for entry, _ in came]
        known = fetches.known_of(fetch, [entry.key for entry in entries])
        unmet = sum(entry.key not in known or not known[entry.key].met for entry in entries)
        fetches.note(fetch, entries)
        fetches.add(fetch, got=unmet, fresh=len(entries))
        crashpoint("ingestion.mid_details")
    fetch.refresh_from_db()
