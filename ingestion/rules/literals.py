"""Literals: lists as PostgreSQL reads them in a text, made faster than a driver can."""

from collections.abc import Sequence


def array_of(values: Sequence[str] | Sequence[int]) -> str:
    """Return the literal of an array of texts or of whole numbers."""
    return f"{{{','.join(map(_quoted, values))}}}" if values else "{}"


def _quoted(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
