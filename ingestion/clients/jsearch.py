"""JSearch at both of its gateways: page numbers at /search, a cursor at /search-v2.

With the setting `details` each new or changed posting of a search is asked for at /job-details,
which costs one call of the quota each; a backfill so reads all of them anew.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ingestion.errors import QuotaSpent, SourceRefused, Throttled
from ingestion.rules import asking, paging
from ingestion.rules.asking import Wish
from ingestion.rules.entries import Entry

from .walking import Ask, Link, Page, document, opened, send, walk

RAPIDAPI = "rapidapi.com"
V1, V2, DETAILS = "search", "search-v2", "job-details"


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/search, or /search-v2 where the first is not there or not wanted.

    Raises: QuotaSpent when the month's calls are used up, Throttled for too many a second,
    SourceRefused also for an answer that says ERROR with status 200.
    """
    in_list = asking.jsearch_details(wish.settings)
    with _quota_told():
        for page in _pages(link, wish):
            yield replace(page, is_list=in_list)


def each(link: Link, wish: Wish, entries: list[Entry]) -> Iterator[Page | None]:
    """GET {base}/job-details for each entry; None for one that is known no more.

    Raises: what `pages` does.
    """
    secrets, known = _signature(link, wish.settings), {"country": (wish.country or "us").lower()}
    with opened(link) as session, _quota_told():
        for entry in entries:
            params = {**known, "job_id": str(entry.item.get("job_id") or entry.key)}
            ask = Ask(f"/{DETAILS}", params, secret_headers=secrets)
            response, page = send(session, link, ask, {})
            answer = document(response)
            if refusal := paging.jsearch({}, answer).refusal:
                raise SourceRefused(f"The source answered with an error: {refusal}.")
            yield None if isinstance(answer, dict) and answer.get("data") == [] else page


def _pages(link: Link, wish: Wish) -> Iterator[Page]:
    """Walk where the wish says; where that is not on the plan, at the other endpoint."""
    first = str(wish.settings.get("endpoint") or V1)
    try:
        yield from _walk(link, wish, first)
    except SourceRefused as refused:
        if refused.code != "not_there" or first != V1 or wish.position:
            raise
        learned = {"endpoint": V2}
        yield from (replace(page, learned=learned) for page in _walk(link, wish, V2))


@contextmanager
def _quota_told() -> Iterator[None]:
    """Tell the 429 of a used-up quota from that of too many calls. Raises: QuotaSpent."""
    try:
        yield
    except Throttled as throttled:
        said = str(throttled.context.get("said") or "")
        if not asking.is_quota(said, throttled.context.get("left")):
            raise
        raise QuotaSpent(
            f"The source says that the quota is used up: {said or 429}."
        ) from throttled


def _walk(link: Link, wish: Wish, endpoint: str) -> Iterator[Page]:
    start = {"endpoint": endpoint} | ({"page": 1} if endpoint == V1 else {})
    count = asking.jsearch_pages(wish.settings)
    known, cost = asking.jsearch(wish), asking.jsearch_cost(count)
    secrets = _signature(link, wish.settings)

    def ask(position: paging.Position) -> Ask:
        place = {name: position[name] for name in ("page", "cursor") if position.get(name)}
        params = {**known, "num_pages": count, **place}
        path = f"/{position.get('endpoint') or endpoint}"
        return Ask(path, params, cost=cost, secret_headers=secrets)

    return walk(link, wish, ask, partial(paging.jsearch, num_pages=count), start=start)


def _signature(link: Link, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that open the gateway the base URL belongs to."""
    key, host = link.secret("api_key"), urlsplit(link.base_url).hostname or ""
    if host.endswith(RAPIDAPI) or settings.get("gateway") == "rapidapi":
        return {"X-RapidAPI-Key": key, "X-RapidAPI-Host": host}
    return {"x-api-key": key}
