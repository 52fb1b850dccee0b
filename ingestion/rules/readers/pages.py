"""A web page to items: JobPosting data in it first, then fields that selectors point at."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import jsons, linkedin, values
from ingestion.rules.readers.limits import MEGABYTE, Limits
from ingestion.rules.readers.schemaorg import schema_org

PAGE_BYTES = 4 * MEGABYTE
DEEPEST = 400  # open elements; the parser's time grows with their square
NESTED = 8  # levels of JSON-LD that are looked through
TAG = re.compile(
    r"<(/?)(div|section|article|main|aside|ul|ol|table|span|nav|form)\b", re.IGNORECASE
)
CHARSET = re.compile(rb"charset=[\"']?([A-Za-z0-9_-]{2,40})")
SCRIPTS = 'script[type^="application/ld+json"]'
HTML_FIELDS = frozenset({"description"})
CONSTANT = "="  # begins a value that stands for itself where the page says nothing


@dataclass(frozen=True, slots=True)
class Item:
    """One posting of a page: our fields, what it was read from, and how."""

    fields: dict[str, Any]
    raw: dict[str, Any]
    how: str


def parsed(body: bytes) -> LexborHTMLParser:
    """Parse a page.

    Raises: FileRefused when it is larger or nested deeper than pages are.
    """
    if len(body) > PAGE_BYTES:
        raise FileRefused(
            "page_too_large", f"The page is larger than {PAGE_BYTES >> 20} MB. Nothing was read."
        )
    text = _decoded(body)
    depth = 0
    for mark in TAG.finditer(text):
        depth = max(0, depth - 1) if mark[1] else depth + 1
        if depth > DEEPEST:
            raise FileRefused(
                "too_deep", f"The page nests more than {DEEPEST} elements. Nothing was read."
            )
    return LexborHTMLParser(text)


def _decoded(body: bytes) -> str:
    """Decode a page: UTF-8 where it is that, else as it says itself, else as browsers guess."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        said = CHARSET.search(body[:2048])
    try:
        return body.decode(said[1].decode() if said else "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def read_page(
    stream: BinaryIO, limits: Limits, mapping: Mapping[str, str] | None = None
) -> Iterator[RawPosting | RowProblem]:
    """Read the postings of one page; `mapping` names a selector for some of our fields.

    Raises: FileRefused when there are none, or too much of the page.
    """
    found = items_of(parsed(stream.read(PAGE_BYTES + 1)), mapping or {}, limits)
    if not found:
        raise FileRefused(
            "no_postings",
            "There is no job in this page: no JobPosting data, and nothing where the selectors "
            "of its source point. The page itself is kept.",
        )
    for number, item in enumerate(found, 1):
        yield values.posting(number, item.raw, item.fields)


def items_of(page: LexborHTMLParser, mapping: Mapping[str, str], limits: Limits) -> list[Item]:
    """Find the postings of a page, by what is surest: its data, a known site, then selectors."""
    found = [Item(schema_org(one, {}), one, "json-ld") for one in job_postings(page, limits)]
    if not found and linkedin.is_linkedin(page):
        one = linkedin.detail(page)
        rows = [one] if one else linkedin.cards(page)
        found = [Item(row, row, "linkedin") for row in rows if row["title"]]
    if not found and "title" in mapping:
        row = selected(page, mapping)
        found = [Item(row, row, "selectors")] if row.get("title") else []
    if len(found) == 1:  # what is said of the page holds for its one posting
        for name, value in constants(mapping).items():
            if not found[0].fields.get(name):
                found[0].fields[name] = value
    return found


def job_postings(page: LexborHTMLParser, limits: Limits) -> list[dict[str, Any]]:
    """Return every schema.org JobPosting of a page's JSON-LD, each once; broken data is no data."""
    found: list[dict[str, Any]] = []
    for node in page.css(SCRIPTS):
        text = (node.text(deep=True) or "").strip().removeprefix("<!--").removesuffix("-->")
        text = text.strip().removeprefix("//<![CDATA[").removesuffix("//]]>").strip("; \n\t")
        try:
            document = jsons.loads(text.encode(), limits)
        except (jsons.BrokenJson, jsons.TooDeep):
            continue
        found += (one for one in _postings_in(document, 0) if one not in found)
    return found


def _postings_in(document: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > NESTED:
        return
    if isinstance(document, list):
        for element in document:
            yield from _postings_in(element, depth + 1)
    elif isinstance(document, dict):
        kind = document.get("@type")
        if "JobPosting" in (kind if isinstance(kind, list) else [kind]):
            yield document
            return
        for name in ("@graph", "itemListElement", "item", "mainEntity", "hasPart"):
            yield from _postings_in(document.get(name), depth + 1)


def selected(page: LexborHTMLParser, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Read our fields where selectors point: `h1.title`, `a.apply@href`, `=text` stands for itself.

    Raises: FileRefused for a selector that is none.
    """
    found: dict[str, Any] = {}
    for name, selector in mapping.items():
        if not selector.startswith(CONSTANT) and (value := pick(page, selector, name)):
            found[name] = value
    return found


def constants(mapping: Mapping[str, str]) -> dict[str, str]:
    """Return what a mapping says outright."""
    return {n: v[1:] for n, v in mapping.items() if v.startswith(CONSTANT)}


def pick(page: LexborHTMLParser, selector: str, name: str = "") -> str:
    """Return the text, attribute or (for a description) markup of what a selector points at."""
    path, _, attribute = selector.partition("@")
    try:
        node = page.css_first(path)
    except SelectolaxError as exc:
        raise FileRefused("bad_selector", f"“{path}” is no CSS selector.") from exc
    return _value(node, attribute, name) if node is not None else ""


def _value(node: LexborNode, attribute: str, name: str) -> str:
    if attribute:
        return (node.attributes.get(attribute) or "").strip()
    if name in HTML_FIELDS:
        return (node.inner_html or "").strip()
    return " ".join(node.text(deep=True, separator=" ").split())


def links(page: LexborHTMLParser, selector: str) -> list[str]:
    """Return the addresses of all links a selector points at, in order, each once.

    Raises: FileRefused for a selector that is none.
    """
    path, _, attribute = selector.partition("@")
    try:
        nodes = page.css(path)
    except SelectolaxError as exc:
        raise FileRefused("bad_selector", f"“{path}” is no CSS selector.") from exc
    found = (node.attributes.get(attribute or "href") or "" for node in nodes)
    return list(dict.fromkeys(link.strip() for link in found if link.strip()))
