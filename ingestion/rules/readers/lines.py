"""CSV records from lines of text: quotes may be broken, yet nothing is swallowed in silence."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.rules.readers.limits import Limits
from ingestion.rules.readers.texts import refused_nul

# A quote that never closes makes the reader look ahead; looking twice at the same text has an end.
RESCUE_CHARS = 64 * 1024 * 1024
PER_LINE = 100  # what a line costs beside its characters
SHOWN = 2000

# The csv module has one limit for the whole process; its default (128 KB) is too small for adverts.
csv.field_size_limit(1 << 20)


@dataclass(frozen=True, slots=True)
class Broken:
    """Hold the text of a record that could not be split into cells."""

    text: str
    code: str
    message: str


class RecordTooLong(Exception):
    """A record grew beyond all measure."""


class Lines:
    """Give the csv reader its lines and remember those of the record being read."""

    def __init__(self, stream: io.TextIOWrapper, limits: Limits) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._most = limits.record
        self.record: list[str] = []
        self.length = 0
        self.reread = 0  # characters read more than once, to look for the end of a quote
        self.width = 0  # cells a record should have; set by who knows the header

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
            self.reread += len(line) + PER_LINE
        else:
            line = self._stream.readline(self._most)
        if not line:
            raise StopIteration
        if "\0" in line:
            raise refused_nul()
        self.record.append(line)
        self.length += len(line)
        if self.length >= self._most:
            raise RecordTooLong
        return line

    def begin(self) -> None:
        """Forget the lines read so far: a new record begins."""
        self.record = []
        self.length = 0

    def rewind(self, keep: int = 0) -> None:
        """Read the lines of this record once more, but for the first `keep`."""
        self._again.extendleft(reversed(self.record[keep:]))
        self.begin()

    def skip_line(self) -> None:
        """Read to the end of a line that is too long to keep."""
        while self.record and not self.record[-1].endswith(("\n", "\r")):
            rest = self._stream.readline(self._most)
            if not rest:
                return
            self.record = [rest]


def records(lines: Lines, dialect: dict[str, Any]) -> Iterator[list[str] | Broken]:
    """Split lines into the cells of records; blank records are left out."""
    reader = csv.reader(lines, strict=True, **dialect)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, RecordTooLong) as why:
            if lines.reread > RESCUE_CHARS:
                yield _given_up(lines)
            else:
                yield _rescued(lines, dialect, at_end="end of data" in str(why))
        else:
            if any(cells):
                lines.width = lines.width or len(cells)
                yield cells


def _given_up(lines: Lines) -> Broken:
    lines.skip_line()
    text = "".join(lines.record)[:SHOWN]
    return Broken(
        text,
        "broken_quotes",
        "Quotes are broken all over the file, so this part of it was left out.",
    )


def _rescued(lines: Lines, dialect: dict[str, Any], *, at_end: bool) -> list[str] | Broken:
    """Read a record with wrong quotes leniently, or give up its first line and go on after it."""
    begun = lines.record[0]
    if not at_end and len(cells := _lenient(lines, dialect)) == lines.width:
        return cells
    lines.skip_line() if len(lines.record) == 1 else lines.rewind(keep=1)
    alone = [] if len(begun) > csv.field_size_limit() else next(csv.reader([begun], **dialect), [])
    if len(alone) == lines.width:
        return alone
    return Broken(
        begun[:SHOWN],
        "broken_quotes",
        "A quotation mark opens in this line and never closes properly, "
        "so its cells cannot be told apart. Double the quotation marks inside a cell.",
    )


def _lenient(lines: Lines, dialect: dict[str, Any]) -> list[str]:
    lines.rewind()
    try:
        return next(csv.reader(lines, **dialect), [])
    except (csv.Error, RecordTooLong):
        return []
