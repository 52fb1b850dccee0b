"""Cells of files we hand out: a spreadsheet must not take text for a formula."""

from typing import Any

FORMULA_STARTS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")  # full-width forms too


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would run."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
