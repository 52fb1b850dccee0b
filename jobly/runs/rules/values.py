"""Arguments and results as names and values that a person can read."""

from collections.abc import Iterator
from typing import Any

MOST_PAIRS = 60
MOST_ITEMS = 20  # of one list
MOST_TEXT = 500  # characters of one value


def pairs(value: Any) -> list[tuple[str, str]]:
    """Flatten a JSON value to (path, text); what is left out is said in the last pair."""
    found: list[tuple[str, str]] = []
    for path, text in _walk("", value):
        if len(found) == MOST_PAIRS:
            return [*found, ("…", "more than is shown here; the JSON below has it")]
        found.append((path, text))
    return found


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _walk(f"{path} · {name}" if path else str(name), inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value[:MOST_ITEMS], 1):
            yield from _walk(f"{path} {number}".strip(), inner)
        if len(value) > MOST_ITEMS:
            yield f"{path} …".strip(), f"and {len(value) - MOST_ITEMS:,} more"
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_text(item) for item in value[:MOST_ITEMS]) or "none"
        more = len(value) - MOST_ITEMS
        return f"{shown} … and {more:,} more" if more > 0 else shown
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", {}):
        return "none"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"
