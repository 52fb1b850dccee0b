"""Cells of tables that spreadsheet programs open: nothing in them is taken for a formula."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

#: what programs take for the start of a formula, in plain and full width
STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 # the full-width signs are meant
Cell = str | int | float | Decimal | None


def safe(value: Cell) -> Cell:
    """Return a value as a cell: numbers stay numbers, text never begins like a formula."""
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal):
        return value
    return f"'{value}" if value.lstrip(" \u00a0").startswith(STARTS) else value


def sheet(rows: Iterable[Iterable[Cell]]) -> str:
    """Return rows as CSV, all texts in quotes, as RFC 4180 has it."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([safe(value) for value in row] for row in rows)
    return made.getvalue()
