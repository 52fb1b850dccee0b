"""Cells of files we hand out: a spreadsheet must not take text for a formula."""

from typing import Any, Final

#: what a rejects file has before the columns of its file
REJECT_COLUMNS: Final = ("row", "field", "code", "reason")
FORMULA_STARTS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")  # full-width forms too


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would run."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def unguarded(text: str) -> str:
    """Return the text of a cell of ours without the apostrophe that `safe_cell` put before it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
