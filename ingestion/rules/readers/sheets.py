"""XLSX to rows of text, after a look at what it would unpack to."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from ingestion.errors import FileRefused
from ingestion.rules.readers.limits import MEGABYTE, Limits
from ingestion.rules.readers.shapes import too_many_columns
from ingestion.rules.readers.tables import Row, cleaned
from ingestion.rules.readers.texts import CHUNK

MOST_ENTRIES = 5000
SHARED_TEXT = 192 * MEGABYTE  # held in memory whole, unlike the sheets
SHEET_COLUMNS = 16_384  # Excel's own limit
UNREADABLE = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    DefusedXmlException,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    AssertionError,
    OverflowError,
)


def sheets(stream: BinaryIO, limits: Limits) -> Iterator[Iterator[Row]]:
    """Give the rows of each visible sheet.

    Raises: FileRefused for a damaged workbook, one with a password, and for bombs.
    """
    check_archive(stream, limits)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except UNREADABLE as exc:
        raise _damaged() from exc
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield _rows(sheet)


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the file says of its size is often wrong
    try:
        for row in sheet.iter_rows(values_only=True):
            cells = cleaned(row)
            if any(cells):
                while not cells[-1]:
                    cells.pop()
                yield cells
    except UNREADABLE as exc:
        raise _damaged() from exc


def check_archive(stream: BinaryIO, limits: Limits) -> None:
    """Look at the entries of a workbook before anything unpacks it.

    Raises: FileRefused
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            _check_sizes(entries, limits)
            if "xl/workbook.xml" not in archive.namelist():
                raise FileRefused(
                    "wrong_type",
                    "This ZIP archive is not an Excel workbook. Nothing was "
                    "changed. Save the table as .xlsx or .csv.",
                )
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    _check_part(archive, entry)
    except UNREADABLE as exc:
        raise _damaged() from exc
    stream.seek(0)


def _check_sizes(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    plain = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    shared = sum(entry.file_size for entry in entries if entry.filename == "xl/sharedStrings.xml")
    bomb = plain > 4 * MEGABYTE and plain > limits.ratio * max(packed, 1)
    if bomb or plain > limits.unpacked_bytes or shared > SHARED_TEXT or len(entries) > MOST_ENTRIES:
        raise FileRefused(
            "archive_bomb",
            "The workbook unpacks to far more than a table of jobs needs. "
            "Nothing was changed. Save it as CSV, or split it.",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(
            "encrypted",
            "The workbook is protected by a password. Nothing was changed. "
            "Save it without one and try again.",
        )


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse document types (entity bombs), and rows wider than a sheet can be."""
    cells, is_sheet = 0, entry.filename.startswith("xl/worksheets/")
    with archive.open(entry) as part:
        chunk = part.read(CHUNK)
        if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
            raise FileRefused(
                "xml_dtd",
                "The workbook holds XML entities, which no export needs. Nothing "
                "was changed. Save it again as .xlsx or .csv.",
            )
        while is_sheet and chunk:
            rows = chunk.split(b"</row>")
            counts = [len(re.findall(rb"<(?:\w+:)?c[ >/]", row)) for row in rows]
            counts[0] += cells
            if max(counts) > SHEET_COLUMNS:
                raise too_many_columns()
            cells = counts[-1]
            chunk = part.read(CHUNK)


def _damaged() -> FileRefused:
    return FileRefused(
        "broken_workbook",
        "The workbook is damaged and cannot be opened. Nothing was loaded; "
        "the file itself is kept. Save it again as .xlsx or as CSV and retry.",
    )
