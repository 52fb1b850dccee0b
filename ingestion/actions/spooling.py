"""Where an answer goes while it cannot be stored: into a file, and from there back when it can."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from uuid_utils.compat import uuid7

from ingestion.actions.collections import Arrival, announce, keep
from ingestion.clients import spool
from ingestion.clients.walking import Page
from ingestion.events import SpoolImported
from ingestion.models import Fetch, Source
from ingestion.rules.entries import Entry
from ingestion.rules.paging import Told
from jobly.artifacts.errors import StorageFull
from jobly.errors import JoblyError
from jobly.runs.actions import emit, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress
from jobly.runs.errors import Stopped
from jobly.runs.rules.streams import STAFF

log = logging.getLogger(__name__)


def folder() -> Path:
    """Return where such files are."""
    return Path(settings.SPOOL_DIR)


@contextmanager
def spooling(fetch: Fetch, page: Page) -> Iterator[None]:
    """Set a page aside in a file when storing it breaks; the error goes on its way.

    So the call that brought it need not be made again: the walk that goes on takes it from there.
    """
    try:
        yield
    except Stopped:
        raise
    except Exception as wrong:
        if isinstance(wrong, JoblyError) and not isinstance(wrong, StorageFull):
            raise
        _set_aside(fetch, page)
        raise


def _set_aside(fetch: Fetch, page: Page) -> None:
    facts = {
        "source": str(fetch.source_id),
        "fetch": str(fetch.pk),
        "request": page.request,
        "key": page.key,
        "status": page.status,
        "headers": page.headers,
        "milliseconds": page.milliseconds,
        "calls": page.calls,
        "total": page.told.total,
        "next": page.told.next,
        "learned": dict(page.learned),
        "is_list": page.is_list,
        "listed": None if page.listed is None else [asdict(one) for one in page.listed],
    }
    try:
        path = spool.keep(folder(), f"{fetch.pk}-{uuid7().hex}", facts, page.body)
    except OSError:
        log.exception("an answer of %s could neither be stored nor set aside", fetch.source_id)
        return
    log.critical("an answer could not be stored, it waits in %s", path)


def spooled_pages(fetch: Fetch) -> Iterator[tuple[spool.Spooled, Page]]:
    """Yield the pages of a walk that wait in files."""
    for answer in spool.kept(folder(), str(fetch.pk)):
        yield answer, page_of(answer)


def page_of(answer: spool.Spooled) -> Page:
    """Make the page anew that was set aside."""
    facts = answer.facts
    return Page(
        body=answer.body,
        request=facts["request"],
        key=facts["key"],
        status=facts["status"],
        headers=facts["headers"],
        milliseconds=facts["milliseconds"],
        calls=facts["calls"],
        told=Told(facts["total"], facts["next"]),
        learned=facts["learned"],
        is_list=facts.get("is_list", False),
        listed=_listed(facts.get("listed")),
    )


def _listed(rows: list[dict[str, Any]] | None) -> list[Entry] | None:
    return None if rows is None else [Entry(**row) for row in rows]


def import_spool(progress: Progress) -> dict[str, Any]:
    """Store the answers that wait in files and belong to no walk any more, and tell the staff.

    One whose walk goes on is left to it. Emits: CollectionStored, SpoolImported.
    """
    files = refused = 0
    for answer in spool.kept(folder()):
        progress.checkpoint()
        if Fetch.objects.running().filter(pk=answer.facts["fetch"]).exists():
            continue
        with progress.transaction():
            refused += not _store(answer)
            crashpoint("ingestion.mid_spool")
        spool.drop(answer)
        files += 1
    if files:
        with transaction():
            emit(SpoolImported(files, refused), streams=[STAFF])
    return {"files": files, "refused": refused}


def _store(answer: spool.Spooled) -> bool:
    """Store one answer as a collection of its source; False when it turns out unreadable."""
    source = Source.objects.filter(pk=answer.facts["source"]).first()
    if source is None:
        return False
    known = source.collections.filter(response__spooled=answer.path.name)
    if known.exists():  # a death between the commit and the deletion of the file
        return True
    arrival = arrival_of(page_of(answer))
    response = arrival.page["response"] | {"spooled": answer.path.name}
    arrival = replace(arrival, page={**arrival.page, "response": response})
    collection, wrong = keep(source, arrival)
    if wrong is None:
        announce(collection, actor=None)
    return wrong is None


def arrival_of(page: Page, **columns: Any) -> Arrival:
    """Lay a page out as bytes that came in."""
    return Arrival(
        BytesIO(page.body),
        page.name,
        page.request,
        page.milliseconds,
        page.calls,
        page={
            "request_key": page.key,
            "response": {"status": page.status, "headers": page.headers},
            **columns,
        },
    )
