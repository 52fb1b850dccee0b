"""Read a feed back as its board would, and check all of it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from . import boards, postings
from .findings import GENERIC, RULES, SITEMAPS, Entry, Finding, error, repeated, warning

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
POSTING = "{https://schema.org/JobPosting}posting"
HEAD = ("publisher", "publisherurl", "lastBuildDate")
MOST_URLS = 50_000
MOST_BYTES = 50 * 1024 * 1024
LINKEDIN_MOST = 500_000
SAME_LINE = 120  # characters of a description that make two entries one role


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a format keeps what is checked; "@" before the name of an attribute."""

    root: str
    item: str
    key: str
    check: boards.Check
    head: tuple[str, ...] = ()
    count: str = ""


SHAPES: Mapping[str, Shape] = {
    "indeed": Shape("source", "job", "referencenumber", boards.indeed, HEAD),
    "linkedin": Shape("source", "job", "partnerJobId", boards.linkedin, (), "expectedJobCount"),
    "jooble": Shape("jobs", "job", "@id", boards.jooble),
    "generic": Shape(
        "jobs", "job", "reference", boards.generic, ("publisher",), "expected_entries"
    ),
    "rss": Shape("rss", "item", "guid", boards.rss),
    "atom": Shape(f"{ATOM}feed", f"{ATOM}entry", "id", boards.atom),
    "google": Shape(f"{SITEMAP}urlset", f"{SITEMAP}url", "loc", boards.sitemap),
}


def check_feed(
    name: str, raw: bytes, *, now: datetime, expected: int | None = None
) -> list[Finding]:
    """Return what is wrong with a feed as it was sent.

    `expected`: how many entries the whole site has; boards refuse feeds that hold fewer.
    """
    read = _json if name == "json" else _xml
    try:
        entries, found, head = read(name, raw)
    except (ParseError, DefusedXmlException, ValueError) as wrong:
        return [error("unreadable", "", f"It cannot be read: {wrong}", GENERIC)]
    check = boards.jsonfeed if name == "json" else SHAPES[name].check
    keys = [key for key, _ in entries]
    for key, entry in entries:
        found.extend(check(entry, key, now))
        if name == "google":
            found.extend(_posting(entry, key, now))
    found.extend(repeated(keys, "reference", RULES))
    found.extend(_whole(len(entries), expected, head))
    found.extend(_size(name, len(entries), len(raw)))
    found.extend(_alike(entries))
    return found


def _xml(name: str, raw: bytes) -> tuple[list[tuple[str, Entry]], list[Finding], str]:
    """Read entries as their elements' texts, and what is wrong with the frame around them."""
    shape = SHAPES[name]
    root = ElementTree.fromstring(raw)
    found = []
    if not raw.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'):
        found.append(error("no_declaration", "", "It has to declare UTF-8.", GENERIC))
    if root.tag != shape.root:
        found.append(error("bad_root", root.tag, f"Expected <{shape.root}>.", GENERIC))
    found += [
        error("missing", part, f"<{part}> is required.", GENERIC)
        for part in shape.head
        if not root.findtext(part)
    ]
    entries = [_entry(one, shape.key) for one in root.iter(shape.item)]
    return entries, found, (root.findtext(shape.count) or "" if shape.count else "")


def _entry(element: Element, key: str) -> tuple[str, Entry]:
    texts: dict[str, str] = {}
    for child in element:
        tag = child.tag if child.tag == POSTING else child.tag.rpartition("}")[2]
        texts.setdefault(tag, (child.text or "").strip() or child.get("href", ""))
    return (element.get(key[1:], "") if key[0] == "@" else texts.get(key, "")), texts


def _json(_name: str, raw: bytes) -> tuple[list[tuple[str, Entry]], list[Finding], str]:
    """Read the items of a JSON Feed."""
    told: dict[str, Any] = json.loads(raw)
    found = [
        error("missing", name, f"{name} is required.", "jsonfeed.org/version/1.1")
        for name in ("version", "title", "items")
        if name not in told
    ]
    texts = [
        {name: value for name, value in item.items() if isinstance(value, str)}
        for item in told.get("items", [])
    ]
    count = str(told.get("_jobly", {}).get("expected_jobs", ""))
    return [(item.get("id", ""), item) for item in texts], found, count


def _posting(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    try:
        told = json.loads(entry.get(POSTING, ""))
    except ValueError:
        told = None
    return postings.posting(told, key, now)


def _whole(count: int, expected: int | None, said: str) -> Iterator[Finding]:
    """Tell whether the feed holds the whole site, and as many as it says."""
    if expected is not None and count != expected:
        message = f"{count} entries for {expected} on the site; boards want all of them."
        yield error("incomplete", "", message, RULES)
    if said and said != str(count):
        yield error("bad_count", "expected", f"It says {said} and holds {count}.", GENERIC)


def _size(name: str, count: int, size: int) -> Iterator[Finding]:
    if name == "google" and (count > MOST_URLS or size > MOST_BYTES):
        message = f"{count:,} addresses, {size:,} bytes: give Google /sitemap.xml instead."
        yield error("too_large", "", message, SITEMAPS)
    if name == "linkedin" and count > LINKEDIN_MOST:
        yield error("too_large", "", f"At most {LINKEDIN_MOST:,} jobs a feed.", "linkedin.md §9")


def _alike(entries: Iterable[tuple[str, Entry]]) -> Iterator[Finding]:
    """Tell which entries are one role in one place: boards drop the second."""
    seen: dict[tuple[str, ...], str] = {}
    for key, entry in entries:
        name = entry.get("title") or entry.get("name", "")
        place = entry.get("city") or entry.get("region") or entry.get("location", "")
        told = (name.casefold(), place, entry.get("description", "")[:SAME_LINE])
        if not name or "description" not in entry:
            continue
        if told in seen:
            message = f"The same role in the same place as {seen[told]}."
            yield warning("same_role", "title", message, RULES, key)
        seen.setdefault(told, key)
