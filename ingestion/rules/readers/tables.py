"""Tables (CSV, TSV, XLSX) to postings: find the header, guess its columns, map each row."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

from ingestion.errors import FileRefused
from ingestion.rules.cells import unguarded
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import columns, values
from ingestion.rules.readers.limits import SAMPLE_ROWS, Limits
from ingestion.rules.readers.lines import Broken, Lines, records
from ingestion.rules.readers.shapes import Shape, too_many_columns
from ingestion.rules.readers.texts import decoded

Row = list[str] | Broken
PREAMBLE = 20  # lines a report may put above its header
FULL_OR_PART = {"f": "Full-time", "p": "Part-time"}
YES_NO = {
    "1": "true",
    "1.0": "true",
    "y": "true",
    "yes": "true",
    "t": "true",
    "0": "false",
    "0.0": "false",
    "n": "false",
    "no": "false",
    "f": "false",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Hold the names of the columns and what each of them means to us."""

    names: tuple[str, ...]
    mapped: columns.Mapped
    sections: tuple[int, ...] = ()

    def named(self) -> dict[str, str]:
        """Map our fields to column names."""
        return {field: self.names[number] for field, number in self.mapped.items()}


def csv_rows(stream: BinaryIO, shape: Shape, limits: Limits) -> tuple[Lines, Iterator[Row]]:
    """Split a CSV stream into records; the lines are given too, to tell them the width wanted."""
    dialect: dict[str, Any] = {"delimiter": shape.delimiter, "escapechar": shape.escape or None}
    lines = Lines(decoded(stream, shape.encoding), limits)
    return lines, records(lines, dialect)


def head_of(rows: Iterator[Row], limits: Limits) -> list[Row]:
    """Take the rows that the header and its columns are found by."""
    head: list[Row] = []
    for row in islice(rows, SAMPLE_ROWS + PREAMBLE):
        if not isinstance(row, Broken) and len(row) > limits.columns:
            raise too_many_columns()
        head.append(row)
    return head


def header_of(
    head: Sequence[Row], mapping: Mapping[str, str] | None = None
) -> tuple[int, Header] | None:
    """Find the row that names the columns, and what they mean; None when no row names a title."""
    for number, row in enumerate(head[:PREAMBLE]):
        if isinstance(row, Broken) or not any(row):
            continue
        samples = [later for later in head[number + 1 :] if not isinstance(later, Broken)]
        header = named_header(row, samples, mapping)
        alone = len(row) == 1 or mapping  # then the title is all there is, or a person chose it
        if columns.tell_of_jobs(header.names, header.mapped) or (
            alone and "title" in header.mapped
        ):
            return number, header
    return None


def named_header(
    row: Sequence[str], samples: Sequence[Sequence[str]], mapping: Mapping[str, str] | None
) -> Header:
    """Say what the columns of this header mean; a mapping made by a person beats every guess."""
    width = _width(row, samples)
    names = _unique([name.strip() for name in row[:width]])
    mapped = columns.guess(row[:width], samples)
    if mapping:
        try:
            chosen = columns.explicit(mapping, names)
        except FileRefused as refused:
            if refused.code == "unknown_field":
                raise
            return Header(names, {})
        mapped = {f: n for f, n in mapped.items() if f not in mapping and n not in chosen.values()}
        mapped |= chosen
    return Header(names, mapped, columns.sections(names, mapped))


def _width(row: Sequence[str], samples: Sequence[Sequence[str]]) -> int:
    """Count the columns, without those at the end that have neither a name nor a value."""
    width = len(row)
    while width > 1 and not row[width - 1]:
        if any(len(cells) >= width and cells[width - 1] for cells in samples):
            break
        width -= 1
    return width


def refused_header(head: Sequence[Row], mapping: Mapping[str, str] | None = None) -> FileRefused:
    """Say which columns were seen instead of a title."""
    tables = [row for row in head[:PREAMBLE] if not isinstance(row, Broken)]
    header = max(tables, key=lambda row: sum(map(bool, row)), default=[])
    if mapping:
        try:
            columns.explicit(mapping, header)
        except FileRefused as refused:
            return refused
    return columns.no_title(header)


def read_table(
    rows: Iterator[Row],
    limits: Limits,
    mapping: Mapping[str, str] | None = None,
    lines: Lines | None = None,
) -> Iterator[RawPosting | RowProblem]:
    """Map every row under the header to a posting; rows that cannot be read become problems.

    Raises: FileRefused for a table without a title column, too wide or too long.
    """
    head = head_of(rows, limits)
    found = header_of(head, mapping)
    if found is None:
        raise refused_header(head, mapping)
    above, header = found
    if lines:
        lines.width = len(header.names)
    body: Iterator[Row] = chain(head[above + 1 :], rows)
    if columns.is_rejects(header.names):
        body = map(_as_sent, body)
    yield from _postings(body, header, limits)


def _as_sent(row: Row) -> Row:
    return row if isinstance(row, Broken) else [unguarded(cell) for cell in row]


def _postings(
    rows: Iterable[Row], header: Header, limits: Limits
) -> Iterator[RawPosting | RowProblem]:
    mapper = _mapper(header)
    width, names, number = len(header.names), list(header.names), 0
    for row in rows:
        if isinstance(row, Broken):
            number += 1
            yield RowProblem(number, {"text": row.text}, "", row.code, row.message)
            continue
        if row == names:
            continue  # files glued together repeat the header
        number += 1
        if number > limits.rows:
            raise FileRefused(
                "too_many_rows",
                f"The file has more than {limits.rows:,} rows. Split it and upload the parts.",
            )
        extra = [cell for cell in row[width:] if cell.strip()]
        raw = dict(zip(names, row, strict=False))
        if extra:
            yield RowProblem(
                number,
                raw | {"": extra[:20]},
                "",
                "too_many_cells",
                f"The row has "
                f"{len(row)} cells but the header names {width}. Put cells with a "
                "delimiter in them in quotation marks.",
            )
            continue
        if max(map(len, row)) > limits.cell:
            yield _too_long(number, raw, limits)
            continue
        yield values.posting(number, raw, mapper(row))


def _too_long(number: int, raw: dict[str, str], limits: Limits) -> RowProblem:
    name = max(raw, key=lambda key: len(raw[key]))
    short = {key: value[:200] for key, value in raw.items()}
    return RowProblem(
        number,
        short,
        name,
        "cell_too_long",
        f"The cell “{name}” is longer than {limits.cell:,} characters.",
    )


def _mapper(header: Header) -> Callable[[list[str]], dict[str, Any]]:
    """Compile the header into a function from cells to our fields."""
    pairs = tuple(header.mapped.items())
    turned = {field: turn for field, turn in TURNS.items() if field in header.mapped}
    extra = tuple((header.names[number], number) for number in header.sections)
    full_or_part = _tells_full_or_part(header)

    def fields(cells: list[str]) -> dict[str, Any]:
        width = len(cells)
        found: dict[str, Any] = {field: cells[n].strip() for field, n in pairs if n < width}
        for field, turn in turned.items():
            if field in found:
                found[field] = turn(found[field])
        if full_or_part and "employment_type" in found:
            found["employment_type"] = FULL_OR_PART.get(
                found["employment_type"].lower(), found["employment_type"]
            )
        if extra:
            parts = [
                (name, cells[n].strip()) for name, n in extra if n < width and cells[n].strip()
            ]
            found["description"] = with_sections(found.get("description", ""), parts)
        return found

    return fields


TURNS: dict[str, Callable[[str], Any]] = {
    "skills": values.skills,
    "remote": lambda value: YES_NO.get(value.lower(), value),
}


def _tells_full_or_part(header: Header) -> bool:
    number = header.mapped.get("employment_type")
    return number is not None and {"full", "part"} <= set(columns.words(header.names[number]))


def with_sections(description: str, parts: Sequence[tuple[str, str]]) -> str:
    """Put prose of other columns under the description, each piece with its column's name."""
    new = [(name, body) for name, body in parts if body not in description]
    if not new:
        return description
    if values.format_of(description or new[0][1]) == "html":
        return values.with_headings([("", description), *new])
    return "\n\n".join([description, *(f"{name}\n{body}" for name, body in new)]).strip()


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for number, name in enumerate(names, 1):
        known = name or f"column {number}"
        seen[known] = seen.get(known, 0) + 1
        unique.append(known if seen[known] == 1 else f"{known} ({seen[known]})")
    return tuple(unique)


def cleaned(row: Iterable[Any]) -> list[str]:
    """Turn the cells of a sheet into text."""
    return [
        re.sub(r"_x000D_", "", cell).strip() if isinstance(cell, str) else values.text(cell)
        for cell in row
    ]
