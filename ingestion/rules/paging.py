"""What one page of a source says about the pages behind it: pure decisions on parsed answers.

Each function takes the position that was asked for and the parsed answer (None where it could not
be parsed) and returns what the source told: how many it has, and the next position, None at the
end. A position is a small JSON object; it is stored with the page, so that a walk goes on there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Position = Mapping[str, Any]

LEVER_SIZE = 100
SMARTRECRUITERS_SIZE = 100  # the most it gives
WORKDAY_SIZE = 20  # more is answered with 400
HIMALAYAS_SIZE = 20
ADZUNA_SIZE = 50  # the most it gives
USAJOBS_SIZE = 250
JSEARCH_SIZE = 10  # jobs of one of its pages
JSEARCH_LAST_PAGE = 100
MUSE_LAST_PAGE = 100  # it says more and gives no more


@dataclass(frozen=True, slots=True)
class Told:
    """What a page told: how many listings there are in all, and where the next page is.

    `refusal`: the answer is no page, though its status said so.
    """

    total: int | None = None
    next: dict[str, Any] | None = None
    refusal: str = ""


def whole(_: Position, document: Any) -> Told:
    """Everything came in one answer."""
    return Told(_number(dig(document, "meta", "total")) or _number(dig(document, "job-count")))


def lever(position: Position, document: Any) -> Told:
    """Skip and limit over a bare array; a short page is the last."""
    return Told(None, _further(position, "skip", document, LEVER_SIZE))


def smartrecruiters(position: Position, document: Any) -> Told:
    """Offset and limit, the total on every page."""
    total = _number(dig(document, "totalFound"))
    step = _further(position, "offset", dig(document, "content"), 1)
    return Told(total, _below(step, "offset", total))


def workday(position: Position, document: Any) -> Told:
    """Offset and limit; the total may be on the first page only, so it travels along."""
    total = _number(dig(document, "total")) or _number(position.get("total"))
    step = _further(position, "offset", dig(document, "jobPostings"), WORKDAY_SIZE)
    step = _below(step, "offset", total)
    return Told(total, step if step is None or total is None else step | {"total": total})


def himalayas(position: Position, document: Any) -> Told:
    """Offset and limit."""
    total = _number(dig(document, "totalCount"))
    step = _further(position, "offset", dig(document, "jobs"), 1 if total else HIMALAYAS_SIZE)
    return Told(total, _below(step, "offset", total))


def arbeitnow(position: Position, document: Any) -> Told:
    """Numbered pages; its own link to the next one is only looked at for whether there is one.

    The link can carry a search of somebody else's, so the address is built anew.
    """
    links = dig(document, "links")
    more = dig(links, "next") if isinstance(links, dict) else True
    return Told(None, _next_page(position, dig(document, "data")) if more else None)


def themuse(position: Position, document: Any) -> Told:
    """Numbered pages and how many there are."""
    last = min(_number(dig(document, "page_count")) or 0, MUSE_LAST_PAGE)
    step = _next_page(position, dig(document, "results"))
    total = _number(dig(document, "total"))
    return Told(total, step if step and step["page"] <= last else None)


def adzuna(position: Position, document: Any) -> Told:
    """Numbered pages and how many listings there are."""
    found, total = dig(document, "results"), _number(dig(document, "count"))
    full = isinstance(found, list) and len(found) >= ADZUNA_SIZE
    more = full and (total is None or int(position["page"]) * ADZUNA_SIZE < total)
    return Told(total, _next_page(position, found) if more else None)


def usajobs(position: Position, document: Any) -> Told:
    """Numbered pages and how many listings there are."""
    found = dig(document, "SearchResult", "SearchResultItems")
    total = _number(dig(document, "SearchResult", "SearchResultCountAll"))
    behind = int(position["page"]) * USAJOBS_SIZE
    more = behind < total if total is not None else _full(found, USAJOBS_SIZE)
    return Told(total, _next_page(position, found) if more else None)


def jsearch(position: Position, document: Any, num_pages: int = 1) -> Told:
    """Page numbers at /search, a cursor at /search-v2; a short page is the last."""
    if str(dig(document, "status") or "OK").upper() == "ERROR":
        said = dig(document, "error", "message") or dig(document, "message")
        return Told(refusal=str(said or "it does not say why"))
    data = dig(document, "data")
    if isinstance(data, dict):  # v2, whichever address it came from
        cursor = data.get("cursor")
        if not cursor or not _full(data.get("jobs"), JSEARCH_SIZE):
            return Told()
        return Told(None, {"endpoint": "search-v2", "cursor": str(cursor)})
    page = int(position.get("page") or 1) + num_pages
    if page > JSEARCH_LAST_PAGE or not _full(data, JSEARCH_SIZE * num_pages):
        return Told()
    return Told(None, {"endpoint": str(position.get("endpoint") or "search"), "page": page})


def dig(document: Any, *names: str) -> Any:
    """Follow names through objects; None where one is missing."""
    for name in names:
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def _number(value: Any) -> int | None:
    """Read a count, whatever type it drifted to; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip().replace(",", "")
    is_number = text.replace(".", "", 1).isdecimal() and len(text) < 20  # noqa: PLR2004 # digits
    return int(float(text)) if is_number else None


def _full(found: Any, size: int) -> bool:
    return isinstance(found, list) and len(found) >= size


def _further(position: Position, name: str, found: Any, size: int) -> dict[str, Any] | None:
    """Return the position behind what was found; None when the page was shorter than `size`."""
    if not isinstance(found, list) or len(found) < size:
        return None
    return {name: int(position.get(name) or 0) + len(found)}


def _below(step: dict[str, Any] | None, name: str, total: int | None) -> dict[str, Any] | None:
    return None if step is None or (total is not None and step[name] >= total) else step


def _next_page(position: Position, found: Any) -> dict[str, Any] | None:
    return {"page": int(position["page"]) + 1} if isinstance(found, list) and found else None
