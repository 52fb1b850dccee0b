"""Literals: lists as PostgreSQL reads them in a text, made faster than a driver can."""

from collections.abc import Sequence


def array_of(values: Sequence[str | None] | Sequence[int | None]) -> str:
    """Return the literal of an array of texts or of whole numbers, None where one is unknown."""
    return f"{{{','.join(map(_quoted, values))}}}" if values else "{}"


def _quoted(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
