"""JSON and JSON Lines to items: small files whole, large ones item by item."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain, count
from typing import Any, BinaryIO

import orjson

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import items, values
from ingestion.rules.readers.limits import MEGABYTE, Limits
from ingestion.rules.readers.lines import Lines, RecordTooLong
from ingestion.rules.readers.shapes import Shape
from ingestion.rules.readers.texts import FALLBACK, as_utf8, decoded

WHOLE = 8 * MEGABYTE  # parsed at once; what is larger is cut into its items first
TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
LIST, OBJECT = b"[{"
OVER = 1 << 30  # a depth that nothing has
Numbered = tuple[int, Any, Mapping[str, Any]]


class BrokenJson(Exception):
    """The text is not JSON."""


class TooDeep(Exception):
    """Brackets are nested beyond all measure."""


def loads(data: bytes, limits: Limits) -> Any:
    """Parse JSON as exporters write it: NaN, raw line breaks and wrong bytes in strings are read.

    Raises: BrokenJson, TooDeep
    """
    if _depth(data, limits.depth) > limits.depth:
        raise TooDeep
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            parsed = json.loads(
                data.decode("utf-8", FALLBACK), strict=False, parse_constant=lambda _: None
            )
        except (ValueError, RecursionError) as exc:
            raise BrokenJson from exc
        return values.storable(parsed)
    return values.storable(parsed) if b"\\u0000" in data else parsed


def _depth(data: bytes, most: int) -> int:
    """Count how deep brackets are nested; stop counting when it is too deep anyway."""
    if data.count(b"[") + data.count(b"{") <= most:
        return 0
    depth = deepest = 0
    for token in TOKENS.finditer(data):
        mark = data[token.start()]
        if mark in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > most:
                break
        elif mark in b"]}":
            depth -= 1
    return deepest


def read_json(
    stream: BinaryIO, shape: Shape, limits: Limits, mapping: Mapping[str, str] | None = None
) -> Iterator[RawPosting | RowProblem]:
    """Read the postings of one JSON document.

    Raises: FileRefused when it is no JSON, too deep, or holds no postings.
    """
    chunks = as_utf8(stream, shape.encoding)
    start: list[bytes] = []
    for chunk in chunks:
        start.append(chunk)
        if sum(map(len, start)) > WHOLE:
            cut = Cutter(chain(start, chunks), limits)
            yield from items.postings(_numbered(cut), limits, mapping)
            return
    yield from items.postings(_of_document(b"".join(start), limits), limits, mapping)


def _of_document(data: bytes, limits: Limits) -> Iterator[Numbered]:
    try:
        document = loads(data.removeprefix(b"\xef\xbb\xbf"), limits)
    except BrokenJson as exc:
        if data.count(b"\n") and data.lstrip()[:1] == b"{":
            lines = list(_of_lines(iter(data.splitlines()), limits))
            if sum(isinstance(item, RowProblem) for _, item, _ in lines) * 2 < len(lines):
                yield from lines
                return
        raise broken() from exc
    except TooDeep as exc:
        raise too_deep(limits) from exc
    found = items.find(document)
    if found is None:
        raise no_postings(document)
    numbers = count(1)
    for group in found:
        for item in group.items:
            yield next(numbers), item, group.answer


def read_lines(
    stream: BinaryIO, shape: Shape, limits: Limits, mapping: Mapping[str, str] | None = None
) -> Iterator[RawPosting | RowProblem]:
    """Read JSON Lines: each line is a posting, or a whole answer with postings in it."""
    yield from items.postings(_of_lines(_bounded(stream, shape, limits), limits), limits, mapping)


def _bounded(stream: BinaryIO, shape: Shape, limits: Limits) -> Iterator[bytes]:
    lines = Lines(decoded(stream, shape.encoding), limits)
    while True:
        lines.begin()
        try:
            yield next(lines).encode("utf-8", "replace")
        except StopIteration:
            return
        except RecordTooLong:
            lines.skip_line()
            yield b"..."


def _of_lines(lines: Iterator[bytes], limits: Limits) -> Iterator[Numbered]:
    numbers = count(1)
    known: set[frozenset[str]] = set()  # the keys of postings seen: lines are alike
    for line in lines:
        if not line.strip():
            continue
        try:
            document = loads(line, limits)
        except (BrokenJson, TooDeep):
            number = next(numbers)
            shown = line[:2000].decode("utf-8", "replace")
            yield (
                number,
                RowProblem(
                    number,
                    {"text": shown},
                    "",
                    "broken_json",
                    "This line is not JSON, or too long or deep.",
                ),
                {},
            )
            continue
        groups = _groups(document, known)
        for group in groups:
            for item in group.items:
                yield next(numbers), item, group.answer


def _groups(document: Any, known: set[frozenset[str]]) -> list[items.Found]:
    keys = frozenset(document) if isinstance(document, dict) else None
    if keys in known:
        return [items.Found([document])]
    found = items.find(document)
    if found is None:
        return [items.Found([document])]
    if keys is not None and len(found) == 1 and found[0].items == [document]:
        known.add(keys)
    return found


def _numbered(cut: "Cutter") -> Iterator[Numbered]:
    for number, item in enumerate(cut.items(), 1):
        yield number, item, {}


class Cutter:
    """Cut the elements of the first list of postings out of a stream, holding one at a time."""

    def __init__(self, chunks: Iterator[bytes], limits: Limits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._buffer = b""
        self._open: list[tuple[int, int]] = []  # brackets open: which, and where in the buffer
        self._chosen = 0  # depth of the list that holds the postings, once known

    def items(self) -> Iterator[Any]:
        """Give each element of the list.

        Raises: FileRefused when the JSON is cut off, too deep, or no list holds postings.
        """
        seen = False
        for element in self._elements():
            if not self._chosen and items.is_posting(element):
                self._chosen = len(self._open)
            if self._chosen:
                seen = True
                yield from items.alive([element])
                continue
            for page in items.find(element) or []:
                seen = True
                yield from page.items
        if self._open:
            raise broken()
        if not seen:
            raise no_postings(None)

    def _elements(self) -> Iterator[Any]:
        """Give each object that stands in a list, and in no other such object."""
        for token in self._tokens():
            mark = self._buffer[token]
            if mark in b"[{":
                self._open.append((mark, token))
                if len(self._open) > self._limits.depth:
                    raise too_deep(self._limits)
            elif self._open:
                is_element = self._outermost() == len(self._open) - 1
                _, start = self._open.pop()
                if len(self._open) < self._chosen:
                    self._chosen = OVER
                if is_element:
                    yield self._parsed(self._buffer[start : token + 1])

    def _outermost(self) -> int:
        """Tell at what depth the element being read began; -1 when none is open."""
        for depth in range(1, len(self._open)):
            if self._open[depth][0] == OBJECT and self._open[depth - 1][0] == LIST:
                return depth if self._chosen in (0, depth) else -1
        return -1

    def _parsed(self, data: bytes) -> Any:
        try:
            return loads(data, self._limits)
        except (BrokenJson, TooDeep):
            return data[:200].decode("utf-8", "replace")

    def _tokens(self) -> Iterator[int]:
        """Give the place of each bracket; read on when a string or an element is not whole yet."""
        position = 0
        while True:
            complete = True
            for token in TOKENS.finditer(self._buffer, position):
                if token[0] == b'"':  # a string without its end
                    position, complete = token.start(), False
                    break
                position = token.end()
                if len(token[0]) == 1:
                    yield token.start()
            chunk = next(self._chunks, b"")
            if not chunk:
                return
            if complete:
                position = len(self._buffer)
            position = self._grow(chunk, position)

    def _grow(self, chunk: bytes, position: int) -> int:
        """Drop what is read, keep what an open element still needs, and add the chunk."""
        element = self._outermost()
        keep = position if element < 0 else min(position, self._open[element][1])
        if len(self._buffer) - keep > self._limits.record:
            raise FileRefused(
                "item_too_large",
                "One item of the file is larger than 8 MB. Nothing after it was read.",
            )
        self._buffer = self._buffer[keep:] + chunk
        self._open = [(mark, start - keep) for mark, start in self._open]
        return position - keep


def broken() -> FileRefused:
    """Make the refusal of what is no JSON."""
    return FileRefused(
        "broken_json",
        "The JSON is damaged or cut off. Nothing was loaded; the file itself is kept. "
        "Fetch or export it again.",
    )


def too_deep(limits: Limits) -> FileRefused:
    """Make the refusal of nesting that no posting needs."""
    return FileRefused(
        "too_deep",
        f"The file nests brackets deeper than {limits.depth} levels. "
        "Nothing was loaded; the file itself is kept.",
    )


def no_postings(document: Any) -> FileRefused:
    """Make the refusal of JSON without postings, telling what the source said instead."""
    said = (
        values.first(document, "error.message", "error", "message", "detail", "errors.message")
        if isinstance(document, dict)
        else ""
    )
    told = f" It says: “{said[:200]}”." if said else ""
    return FileRefused(
        "no_postings",
        f"There is no list of jobs in this file.{told} Nothing was changed. "
        "Each job needs a title and something more.",
    )
