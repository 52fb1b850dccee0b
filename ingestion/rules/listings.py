"""What one page of a site lists, and where the next one is, by its plan."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from selectolax.lexbor import LexborHTMLParser

from ingestion.errors import FileRefused
from ingestion.rules.asking import Wish
from ingestion.rules.entries import Entry, mark_of
from ingestion.rules.pages import LINKEDIN_PAGE, LINKEDIN_START, Plan, numbered, within
from ingestion.rules.readers import linkedin
from ingestion.rules.readers.limits import LIMITS
from ingestion.rules.readers.pages import items_of, links, parsed

GUEST_SEARCH = "/jobs-guest/jobs/api/seeMoreJobPostings/search"
GUEST_DETAIL = "/jobs-guest/jobs/api/jobPosting/"
LINKEDIN_PASSED_ON = (
    "geoId", "distance", "sortBy", "f_TPR", "f_JT", "f_WT", "f_E", "f_SB2", "f_AL", "f_C",
)  # fmt: skip
NUMBER = re.compile(r"\d{6,20}")
MOST_MAPS = 50  # sitemaps of an index
MOST_ENTRIES = 50_000  # of one sitemap, by its own standard

Position = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its entries, the position of the next page (None = the last), how it is stored.

    `is_list`: the entries' postings have to be asked for one by one.
    """

    entries: list[Entry] = field(default_factory=list)
    next: dict[str, Any] | None = None
    is_list: bool = True


def address_of(plan: Plan, position: Position, wish: Wish) -> str:
    """Return the address of the page at a position; nothing and {} mean the first."""
    if plan.guest:
        return _guest_address(plan, position, wish)
    if url := position.get("url"):
        return str(url)
    if plan.paging in {"page", "offset"}:
        return numbered(plan, int(position.get("number", plan.first)))
    return plan.url


@dataclass(frozen=True, slots=True)
class At:
    """Which page was read: its position and address, and when (epoch seconds)."""

    position: Position
    url: str
    now: float


def parse_job_listings(plan: Plan, body: bytes, at: At) -> Listed:
    """Read what a page lists; an entry's mark changes with it, and each time it is to be read anew.

    Raises: FileRefused when the page cannot be read, or is no page of postings.
    """
    if plan.paging == "sitemap":
        return _dated(plan, _sitemap(plan, body, at.position), at)
    page = parsed(body)
    if plan.guest:
        cards, count = linkedin.cards(page), linkedin.card_count(page)
        return _dated(plan, _guest_listed(cards, count, at.position), at)
    entries = _linked(plan, page, at.url) if plan.link else _standing(plan, page)
    following = links(page, plan.next_link) if plan.next_link else []
    target = within(plan, at.url, following[0]) if following else ""
    listed = Listed(entries, _following(plan, at.position, entries, target), bool(plan.link))
    return _dated(plan, listed, at) if plan.link else listed


def _linked(plan: Plan, page: LexborHTMLParser, base: str) -> list[Entry]:
    """Return the postings a page links to."""
    found = (within(plan, base, link) for link in links(page, plan.link))
    return [Entry(url, mark_of({"url": url}), {"url": url}) for url in dict.fromkeys(found) if url]


def _standing(plan: Plan, page: LexborHTMLParser) -> list[Entry]:
    """Return the postings that stand on a page itself."""
    found: dict[str, Entry] = {}
    for item in items_of(page, plan.fields, LIMITS):
        mark = mark_of(item.raw)
        key = str(item.fields.get("external_id") or item.fields.get("url") or mark)
        found.setdefault(key, Entry(key, mark, item.raw))
    return list(found.values())


def _dated(plan: Plan, listed: Listed, at: At) -> Listed:
    """Have each entry read anew once in the plan's time, each at a moment of its own."""
    span = plan.refresh.total_seconds()

    def era(key: str) -> str:
        phase = int(mark_of({"key": key})[:8], 16) / 0x100000000
        return str(int(at.now / span + phase)) if span else str(at.now)

    entries = [
        Entry(one.key, mark_of({"mark": one.mark, "era": era(one.key)}), one.item)
        for one in listed.entries
    ]
    return replace(listed, entries=entries)


def extract_job_data(plan: Plan, body: bytes) -> list[dict[str, Any]]:
    """Return our fields of each posting of a page; empty when it has none.

    Raises: FileRefused when the page cannot be read.
    """
    return [item.fields for item in items_of(parsed(body), plan.fields, LIMITS)]


def _following(
    plan: Plan, position: Position, entries: list[Entry], target: str
) -> dict[str, Any] | None:
    if plan.paging == "next":
        return {"url": target} if target and target != position.get("url", plan.url) else None
    if plan.paging not in {"page", "offset"} or not entries:
        return None
    step = len(entries) if plan.paging == "offset" else plan.step
    return {"number": int(position.get("number", plan.first)) + step}


def _guest_address(plan: Plan, position: Position, wish: Wish) -> str:
    asked = {"keywords": wish.query, "location": wish.location}
    asked |= {k: str(v) for k in LINKEDIN_PASSED_ON if (v := wish.settings.get(k))}
    if wish.age is not None:
        asked["f_TPR"] = f"r{max(3600, int(wish.age.total_seconds()))}"
    asked["start"] = str(int(position.get("start", 0)))
    parts = urlsplit(plan.url)
    query = urlencode({k: v for k, v in asked.items() if v})
    return f"{parts.scheme}://{parts.netloc}{GUEST_SEARCH}?{query}"


def _guest_listed(cards: list[dict[str, Any]], count: int, position: Position) -> Listed:
    """Advance by the cards received; a short page, or one behind the last offset, is the end."""
    entries = [Entry(card["external_id"], mark_of(card), card) for card in cards]
    start = int(position.get("start", 0)) + count
    more = count >= LINKEDIN_PAGE and start < LINKEDIN_START
    return Listed(entries, {"start": start} if more else None)


def detail_address(plan: Plan, entry: Mapping[str, Any]) -> str:
    """Return the address of one entry's own page; empty where it names none of this site."""
    if not plan.guest:
        return within(plan, plan.url, str(entry.get("url") or ""))
    number = str(entry.get("external_id") or "")
    parts = urlsplit(plan.url)
    whole = f"{parts.scheme}://{parts.netloc}{GUEST_DETAIL}{number}"
    return whole if NUMBER.fullmatch(number) else ""


def _sitemap(plan: Plan, body: bytes, position: Position) -> Listed:
    """Read a sitemap, or an index of them, whose maps are gone through one after the other."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise FileRefused("broken_sitemap", "The sitemap is no XML that can be read.") from exc
    rows = [_row(element) for element in list(root)[:MOST_ENTRIES]]
    waiting = list(position.get("maps") or [])
    if root.tag.endswith("sitemapindex"):
        maps = filter(None, (within(plan, plan.url, row["loc"]) for row in rows))
        waiting, rows = [*waiting, *maps][:MOST_MAPS], []
    following = {"url": waiting[0], "maps": waiting[1:]} if waiting else None
    entries = [
        Entry(url, mark_of({"url": url, "at": row["lastmod"]}), {"url": url})
        for row in rows
        if (url := within(plan, plan.url, row["loc"])) and _fits(plan.link, url)
    ]
    return Listed(entries, following)


def _row(element: Any) -> dict[str, str]:
    found = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
    return {"loc": found.get("loc", ""), "lastmod": found.get("lastmod", "")}


def _fits(pattern: str, url: str) -> bool:
    """Whether a path begins as the pattern says; a star stands for one piece of a path."""
    if not pattern:
        return True
    wanted, had = pattern.strip("/").split("/"), urlsplit(url).path.strip("/").split("/")
    pairs = zip(wanted, had, strict=False)
    return len(had) >= len(wanted) and all(w in ("*", h) for w, h in pairs)
