"""RSS, Atom and other XML to items, one element in memory at a time."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import count
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

import feedparser
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import items
from ingestion.rules.readers.columns import squashed
from ingestion.rules.readers.employers import with_employers
from ingestion.rules.readers.limits import HEAD_BYTES, MEGABYTE, Limits

ITEM_TAGS = (
    "item",
    "entry",
    "job",
    "position",
    "vacancy",
    "jobposting",
    "posting",
    "offer",
    "opening",
    "jobad",
    "listing",
    "advert",
    "record",
    "row",
    "ad",
    "stelle",
    "annonce",
    "oferta",
    "jobopening",
    "jobs",
)
TITLES = frozenset(
    {
        "title",
        "jobtitle",
        "positiontitle",
        "name",
        "position",
        "titel",
        "jobname",
        "vacancytitle",
        "headline",
    }
)
HTML_TAGS = frozenset(
    "p div span br ul ol li b i u em strong a h1 h2 h3 h4 h5 h6 table thead tbody tr td th img hr "
    "pre code blockquote "
    "section article font center small sub sup dl dt dd".split()
)
VOID_TAGS = frozenset({"br", "hr", "img"})
OTHER_LINKS = frozenset({"self", "enclosure", "edit", "hub", "replies", "via"})
ATTRIBUTES = ("href", "term", "url", "value", "label", "name")
CORE = frozenset(
    {
        "",
        "http://www.w3.org/2005/Atom",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
    }
)
CHANNEL_DEPTH = 2
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
LOOSE = 16 * MEGABYTE
FEED_KEYS = (
    "title",
    "link",
    "published",
    "updated",
    "author",
    "location",
    "company",
    "region",
    "category",
)


class Measured:
    """Feed a parser from a stream, and refuse one element that takes more than its share."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._most = limits.record
        self._fed = 0
        self._begun = False

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises: FileRefused when no item ended within the last 8 MB.
        """
        chunk = self._stream.read(size)
        if not self._begun:
            chunk, self._begun = chunk.lstrip(b" \t\r\n"), True
        self._fed += len(chunk)
        if self._fed > self._most:
            raise FileRefused(
                "item_too_large",
                "One element of the XML is larger than 8 MB. Nothing after it was read.",
            )
        return chunk

    def ended(self) -> None:
        """Note that an item has ended."""
        self._fed = 0


def read_xml(
    stream: BinaryIO, limits: Limits, mapping: Mapping[str, str] | None = None
) -> Iterator[RawPosting | RowProblem]:
    """Read the postings of a feed or another XML export.

    Raises: FileRefused for a DTD, broken or too deep XML, and XML without postings.
    """
    channel: dict[str, Any] = {}
    numbered = (
        (number, item, channel) for number, item in enumerate(_items(stream, channel, limits), 1)
    )
    found = items.postings(numbered, limits, mapping)
    yield from with_employers(found, channel)


def _items(stream: BinaryIO, channel: dict[str, Any], limits: Limits) -> Iterator[dict[str, Any]]:
    tag = item_tag(stream, limits)
    if not tag:
        stream.seek(0)
        _check_whole(stream, limits)
        raise FileRefused(
            "no_postings",
            "There is no list of jobs in this XML. Nothing was changed. "
            "Upload a feed whose items have titles.",
        )
    stream.seek(0)
    done = count()
    given = 0
    try:
        for item in _strict(stream, tag, channel, limits):
            given = next(done) + 1
            yield item
    except ParseError as exc:
        stream.seek(0)
        loose = _loose(stream)
        if len(loose) < max(given, 1):
            raise _broken() from exc
        yield from loose[given:]


def item_tag(stream: BinaryIO, limits: Limits) -> str:
    """Tell by its beginning which element of the XML is an item; empty when there is none."""
    stream.seek(0)
    names: dict[str, int] = {}
    open_tags: list[str] = []
    titled: list[tuple[int, str]] = []
    try:
        for event, element in _events(_Head(stream), limits):
            tag = local(element.tag)
            if event == "end":
                open_tags.pop()
                continue
            if (
                len(open_tags) > 1
                and squashed(tag) in TITLES
                and squashed(open_tags[-1]) not in ("channel", "feed")
            ):
                titled.append((len(open_tags), open_tags[-1]))
            open_tags.append(tag)
            names.setdefault(tag, len(open_tags))
    except ParseError:
        pass  # the head ends in the middle of an element
    known = [
        name for wanted in ITEM_TAGS for name in names if name.lower() == wanted and names[name] > 1
    ]
    holders = {name for _, name in titled}
    fitting = [name for name in known if name in holders] or known[:1]
    return fitting[0] if fitting else min(titled, default=(0, ""))[1]


class _Head:
    """Show a parser only the beginning of a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = HEAD_BYTES * 4

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(min(size, self._left) if size > 0 else self._left)
        chunk = chunk.lstrip(b" \t\r\n") if self._left == HEAD_BYTES * 4 else chunk
        self._left -= len(chunk)
        return chunk


def _events(source: Any, limits: Limits) -> Iterator[tuple[str, Element]]:
    depth = 0
    try:
        for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > limits.depth:
                raise FileRefused(
                    "too_deep",
                    f"The XML nests elements deeper than {limits.depth} levels. "
                    "Nothing was loaded; the file itself is kept.",
                )
            yield event, element
    except DefusedXmlException as exc:
        raise FileRefused(
            "xml_dtd",
            "The XML declares a document type or entities, which can be an attack. "
            "Nothing was loaded; the file itself is kept. "
            "Export the feed without a DOCTYPE.",
        ) from exc
    except (ValueError, LookupError, UnicodeError) as exc:
        raise _broken() from exc


def _check_whole(stream: BinaryIO, limits: Limits) -> None:
    try:
        for _, element in _events(Measured(stream, limits), limits):
            element.clear()
    except ParseError as exc:
        raise _broken() from exc


def _strict(
    stream: BinaryIO, tag: str, channel: dict[str, Any], limits: Limits
) -> Iterator[dict[str, Any]]:
    source = Measured(stream, limits)
    above: list[Element] = []
    inside = 0
    for event, element in _events(source, limits):
        is_item = local(element.tag) == tag
        if event == "start":
            inside += is_item
            above.append(element)
            continue
        above.pop()
        if is_item:
            inside -= 1
        if is_item and not inside:
            source.ended()
            yield as_dict(element)
        elif not inside and len(above) <= CHANNEL_DEPTH and element.text and element.text.strip():
            channel.setdefault(local(element.tag), element.text.strip()[:500])
        if not inside and above:
            above[-1].remove(element)


def local(tag: Any) -> str:
    """Name an element without its namespace."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def as_dict(element: Element) -> dict[str, Any]:
    """Turn an element into an object: children by local name, repeated ones as a list."""
    core: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for key, value in element.attrib.items():
        other[local(key)] = value
    for child in element:
        name = local(child.tag)
        if name == "link" and child.get("rel") in OTHER_LINKS:
            continue
        value = _value(child)
        if value in ("", {}):
            continue
        namespace = child.tag.rpartition("}")[0].lstrip("{")
        _add(core if namespace in CORE else other, name, value)
    return other | core


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def _value(element: Element) -> Any:
    if not len(element):
        said = (element.text or "").strip()
        return said or next((element.attrib[name] for name in ATTRIBUTES if element.get(name)), "")
    if all(local(child.tag).lower() in HTML_TAGS for child in element):
        return (escape(element.text or "", quote=False) + "".join(map(_markup, element))).strip()
    return as_dict(element)


def _markup(element: Element) -> str:
    """Write HTML that stood unescaped in a feed as text again."""
    tag = local(element.tag).lower()
    link = element.get("href")
    opened = f'<{tag} href="{escape(link)}">' if link else f"<{tag}>"
    inside = escape(element.text or "", quote=False) + "".join(map(_markup, element))
    closed = "" if tag in VOID_TAGS else f"</{tag}>"
    return f"{opened}{inside}{closed}{escape(element.tail or '', quote=False)}"


def _loose(stream: BinaryIO) -> list[dict[str, Any]]:
    """Read a feed that is not well-formed the way browsers do. Bytes only: nothing is fetched."""
    data = stream.read(LOOSE + 1)
    if len(data) > LOOSE or re.search(rb"<!(?:DOCTYPE|ENTITY)", data[:4096], re.IGNORECASE):
        return []
    try:
        parsed = feedparser.parse(data)
    except UNREADABLE:  # it is lenient, not infallible
        return []
    # As plain objects: feedparser answers for keys that are not there, with warnings.
    return [_entry({**entry}) for entry in parsed.entries]


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: entry[key] for key in FEED_KEYS if isinstance(entry.get(key), str) and entry[key]}
    if entry.get("id"):
        found["guid"] = entry["id"]
    bodies = [part.get("value", "") for part in entry.get("content") or []] + [
        entry.get("summary", "")
    ]
    found["description"] = max((body for body in bodies if body), key=len, default="")
    found["category"] = [tag["term"] for tag in entry.get("tags") or [] if tag.get("term")]
    extra = {
        key.rpartition("_")[2]: value
        for key, value in entry.items()
        if isinstance(value, str) and "_" in key
    }
    return {key: value for key, value in (extra | found).items() if value}


def _broken() -> FileRefused:
    return FileRefused(
        "broken_xml",
        "The XML is damaged or cut off. Nothing after the damage was read. "
        "Fetch or export it again.",
    )
