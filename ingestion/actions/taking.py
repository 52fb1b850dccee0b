"""Take the pages of a walk: each is stored before anything is made of it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from ingestion.actions import details, fetches, spooling
from ingestion.actions.collections import announce, keep, quarantine
from ingestion.actions.trips import Trip, heard, prepare
from ingestion.clients import spool
from ingestion.clients.walking import Page
from ingestion.errors import BadAnswer, FileRefused, SourceRefused
from ingestion.models import Fetch, RawCollection
from ingestion.rules import sources as rules
from ingestion.rules import walks
from ingestion.rules.entries import Entry
from ingestion.rules.walks import Ended, Met
from jobly.errors import JoblyError
from jobly.runs.actions.claims import clock
from jobly.runs.actions.crash import crashpoint

#: of bodies that may come whole the next time; other refusals would come again
CUT = frozenset({"broken_json", "broken_xml", "empty_file", "too_deep"})


def walk(trip: Trip) -> None:
    """Take page after page until the walk has its end; what waits in files comes first.

    Raises: what the source's client raises.
    """
    progress, source = trip.progress, trip.fetch.source
    progress.tell(step=f"Asking {source}")
    for answer, page in spooling.spooled_pages(trip.fetch):
        # its commit may have held though nobody heard so
        is_behind = trip.fetch.position.get("last") == page.key
        ended = not is_behind and take(trip, page)
        spool.drop(answer)
        if ended:
            return
    for page in trip.pages(prepare(progress, trip.fetch).wish):
        heard(trip.fetch, page)
        if take(trip, page):
            return
        progress.tell(step=f"Asking {source}", done=trip.fetch.got, total=trip.fetch.expected or 0)


def take(trip: Trip, page: Page) -> bool:
    """Store a page, note what it lists and move the walk on, in one transaction; True at its end.

    Raises: SourceRefused or BadAnswer when it is no page of postings; its bytes are kept.
    """
    with spooling.spooling(trip.fetch, page):
        if page.unchanged:
            return _take_unchanged(trip, page)
        with trip.progress.transaction():
            trip.fetch.refresh_from_db(fields=["got", "fresh", "pages", "expected", "position"])
            row, refused = _keep(trip.fetch, page)
            entries: list[Entry] = []
            if refused is None:
                entries, refused = _read(trip, page, row)
            met, fresh = Met(frozenset(), 0, settled=False), list[Entry]()
            if refused is None:
                met, fresh = _book(trip, page, row, entries)
                if not fresh:
                    _move_on(trip, page, met)
            crashpoint("ingestion.mid_page")
    if refused is not None:
        raise _bad(refused) from refused
    crashpoint("ingestion.after_page")
    if fresh:
        missing = details.bring(trip, fresh)
        with trip.progress.transaction():
            _move_on(trip, page, met, missing)
    trip.fetch.refresh_from_db()
    return trip.fetch.status != Fetch.Status.RUNNING


def _keep(fetch: Fetch, page: Page) -> tuple[RawCollection | None, FileRefused | None]:
    """Store the bytes, unless they are those that the same question brought the last time."""
    same = RawCollection.objects.filter(source=fetch.source_id, request_key=page.key)
    last = same.order_by("-collected_at").values_list("artifact__sha256", "status").first()
    if (
        last == (page.sha256, RawCollection.Status.QUARANTINED)
        or not last
        or last[0] != page.sha256
    ):
        arrival = spooling.arrival_of(page, fetch=fetch, number=_next_number(fetch))
        return keep(fetch.source, arrival)
    return None, None


def _next_number(fetch: Fetch) -> int:
    return fetch.collections.count() + 1


def _read(
    trip: Trip, page: Page, row: RawCollection | None
) -> tuple[list[Entry], FileRefused | None]:
    """Read what a page lists; one without any postings is set aside."""
    if page.listed is not None:
        return list(page.listed), None
    try:
        return trip.entries(page.body, page.name), None
    except FileRefused as refused:
        if row is not None:
            quarantine(row, refused)
        return [], refused


def _bad(refused: FileRefused) -> JoblyError:
    """Say what an answer without postings means: cut ones may come whole, others come again."""
    if refused.code in CUT:
        return BadAnswer(f"The source's answer is cut or garbled ({refused.code}).")
    return SourceRefused(
        f"The source sent no postings: {refused.message}", code=f"answer_{refused.code}"
    )


def _book(
    trip: Trip, page: Page, row: RawCollection | None, entries: list[Entry]
) -> tuple[Met, list[Entry]]:
    """Note what a page lists; return it and the entries whose postings have yet to be asked for."""
    fetch, in_list = trip.fetch, page.is_list
    marks = {entry.key: entry.mark for entry in entries}
    known = fetches.known_of(fetch, marks)
    everything = fetch.strategy == Fetch.Strategy.BACKFILL
    met = walks.meet(marks, known, everything=everything)
    if row is not None and (in_list or not met.fresh):
        row.status = RawCollection.Status.LIST
        row.save(update_fields=["status"])
    elif row is not None:
        announce(row, actor=None)
    later = [entry for entry in entries if in_list and entry.key in met.fresh]
    now = [entry for entry in entries if not (in_list and entry.key in met.fresh)]
    fetches.note(fetch, now)
    fetches.see_again(fetch.source_id, marks.keys() - met.fresh)
    unmet = sum(entry.key not in known or not known[entry.key].met for entry in now)
    fetches.add(fetch, got=unmet, fresh=0 if in_list else len(met.fresh))
    return met, later


def _move_on(trip: Trip, page: Page, met: Met, missing: int = 0) -> None:
    """Set the walk behind a page that is stored, and end it there if that was the last."""
    fetch, told = trip.fetch, page.told
    fetch.refresh_from_db(fields=["got", "position", "expected", "pages"])
    missing += fetch.position.get("missing", 0)
    position: dict[str, Any] = {"missing": missing, "last": page.key}
    if told.next is not None:
        position["next"] = told.next
    expected = fetch.expected if told.total is None else told.total
    Fetch.objects.filter(pk=fetch.pk).update(
        pages=F("pages") + 1, position=position, expected=expected
    )
    pages, more = fetch.pages + 1, told.next is not None
    stop = walks.stop_after(met, pages=pages, more=more, bounds=trip.bounds)
    if not stop:
        return
    before = fetches.last_whole(fetch)
    ended = walks.ended(
        stop,
        walks.Books(expected, fetch.got, position["missing"]),
        bounds=trip.bounds,
        tolerance=rules.profile_of(fetch.source.adapter).tolerance,
        before=before.got if before else None,
    )
    whole = ended.status == "complete"
    fetches.end(fetch, ended, _cursor(fetch, page, single=pages == 1) if whole else None)


def _cursor(fetch: Fetch, page: Page, *, single: bool) -> Mapping[str, Any]:
    """Return where the next walk goes on, and what it may ask with."""
    learned = {**(fetch.cursor_before.get("learned") or {}), **page.learned}
    cursor = {
        "began": fetch.started_at.isoformat(),
        "walked_at": clock().isoformat(),
        "validators": page.validators if single and page.told.next is None else {},
        "learned": learned,
    }
    return {name: value for name, value in cursor.items() if value}


def _take_unchanged(trip: Trip, page: Page) -> bool:
    """Note that the source says that nothing changed: all that was there still is."""
    with trip.progress.transaction():
        got = fetches.note_unchanged(trip.fetch)
        Fetch.objects.filter(pk=trip.fetch.pk).update(pages=F("pages") + 1)
        fetches.add(trip.fetch, got=got, fresh=0)
        known = trip.fetch.cursor_before.get("validators") or {}
        cursor = {**_cursor(trip.fetch, page, single=True), "validators": known}
        fetches.end(trip.fetch, Ended("complete", "", "The source says: unchanged."), cursor)
    return True
