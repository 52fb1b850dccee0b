"""Bytes in, postings out: every file and answer that can hold jobs, read by what is in it."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain, islice
from typing import Any, BinaryIO

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import values
from ingestion.rules.readers.feeds import read_xml
from ingestion.rules.readers.items import flattened
from ingestion.rules.readers.jsons import read_json, read_lines
from ingestion.rules.readers.limits import HEAD_BYTES, LIMITS, Limits
from ingestion.rules.readers.pages import read_page
from ingestion.rules.readers.shapes import Shape, recognise
from ingestion.rules.readers.sheets import sheets
from ingestion.rules.readers.tables import (
    Row,
    csv_rows,
    head_of,
    header_of,
    named_header,
    read_table,
    refused_header,
)
from ingestion.rules.readers.texts import Unzipped

__all__ = ["HEAD_BYTES", "LIMITS", "Limits", "Preview", "Shape", "describe", "read", "recognise"]

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """Show a person what would be read: columns, the mapping guessed for them, the first rows.

    `mapping` goes from our fields to column names, the same way round as the mapping of read().
    `samples` are the first rows as column → text; `postings` the same rows as they would be read.
    """

    columns: tuple[str, ...]
    mapping: dict[str, str]
    samples: tuple[dict[str, str], ...]
    postings: tuple[RawPosting | RowProblem, ...] = ()


def read(
    stream: BinaryIO,
    shape: Shape,
    *,
    mapping: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
) -> Iterator[RawPosting | RowProblem]:
    """Read every item of a file, in order; what cannot be read of it is a RowProblem in its place.

    `mapping` names the column for some of our fields and beats every guess. Items are numbered
    from 1 without gaps, so the last number is how many there are. Memory does not grow with rows.

    Raises: FileRefused, before the first row, or (damaged end, too many rows) after the last good
        one.
    """
    plain = _opened(stream, shape, limits)
    if shape.kind == "csv":
        lines, rows = csv_rows(plain, shape, limits)
        yield from read_table(rows, limits, mapping, lines)
    elif shape.kind == "xlsx":
        yield from _read_book(plain, mapping, limits)
    elif shape.kind == "json":
        yield from read_json(plain, shape, limits, mapping)
    elif shape.kind == "jsonl":
        yield from read_lines(plain, shape, limits, mapping)
    elif shape.kind == "html":
        yield from read_page(plain, limits, mapping)
    else:
        yield from read_xml(plain, limits, mapping)


def describe(stream: BinaryIO, shape: Shape, *, limits: Limits = LIMITS) -> Preview:
    """Guess the columns of a file for a person to correct; a missing title column is no error here.

    Raises: FileRefused when the file cannot be read at all.
    """
    if shape.kind in ("csv", "xlsx"):
        return _describe_table(stream, shape, limits)
    rows = tuple(islice(read(stream, shape, limits=limits), SAMPLES))
    flat = [
        {name: values.text(value) for name, value in flattened(row.raw).items()} for row in rows
    ]
    names = tuple(dict.fromkeys(name for row in flat for name in row))
    found = [row for row in rows if isinstance(row, RawPosting)]
    return Preview(names, _sources(flat[0], found[0]) if found and flat else {}, tuple(flat), rows)


def _opened(stream: BinaryIO, shape: Shape, limits: Limits) -> BinaryIO:
    if stream.seekable():
        stream.seek(0)
    if not shape.gzipped:
        return stream
    return io.BufferedReader(Unzipped(stream, limits))


def _read_book(
    stream: BinaryIO, mapping: Mapping[str, str] | None, limits: Limits
) -> Iterator[RawPosting | RowProblem]:
    head, _, rows = _sheet_with_jobs(stream, mapping, limits)
    yield from read_table(chain(head, rows), limits, mapping)


def _sheet_with_jobs(
    stream: BinaryIO, mapping: Mapping[str, str] | None, limits: Limits
) -> tuple[list[Row], bool, Iterator[Row]]:
    """Choose the first sheet with a title column, else the first with anything in it."""
    first: tuple[list[Row], bool, Iterator[Row]] | None = None
    for rows in sheets(stream, limits):
        head = head_of(rows, limits)
        if head and header_of(head, mapping):
            return head, True, rows
        first = first or (head, False, rows) if head else first
    if first is None:
        raise FileRefused(
            "empty_file", "No sheet of the workbook has anything in it. Nothing was changed."
        )
    return first


def _describe_table(stream: BinaryIO, shape: Shape, limits: Limits) -> Preview:
    plain = _opened(stream, shape, limits)
    if shape.kind == "csv":
        head = head_of(csv_rows(plain, shape, limits)[1], limits)
    else:
        head = _sheet_with_jobs(plain, None, limits)[0]
    found = header_of(head)
    if found:
        above, header = found
        rows = tuple(islice(read_table(iter(head), limits), SAMPLES))
    else:
        tables = [row for row in head if isinstance(row, list)]
        if not tables:
            raise refused_header(head)
        above, header, rows = head.index(tables[0]), named_header(tables[0], tables[1:], None), ()
    shown = [row for row in head[above + 1 :] if isinstance(row, list)][:SAMPLES]
    samples = tuple(dict(zip(header.names, row, strict=False)) for row in shown)
    return Preview(header.names, header.named(), samples, rows)


def _sources(flat: Mapping[str, str], posting: RawPosting) -> dict[str, str]:
    """Say under which name of the item each of our texts stood, where it stood there unchanged."""
    names: dict[str, Any] = {}
    for name, value in flat.items():
        names.setdefault(value, name)
    ours = {field.name: getattr(posting, field.name) for field in fields(posting)}
    return {
        name: names[value]
        for name, value in ours.items()
        if isinstance(value, str) and value and value in names
    }
