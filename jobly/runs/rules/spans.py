"""Lengths of time as people type them: "5 min", "1 h 30 min"."""

import re
from datetime import timedelta

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_PARTS = re.compile(r"(?:\d{1,6} ?(?:d|h|min|s) ?)+")
_PART = re.compile(r"(\d{1,6}) ?(d|h|min|s)")


def parse_span(text: str) -> timedelta:
    """Read "1 h 30 min" (d, h, min, s), or raise ValueError."""
    wanted = text.strip().lower()
    if not _PARTS.fullmatch(wanted):
        raise ValueError(f"{text!r} is no length of time; write one such as 5 min or 1 h 30 min")
    seconds = dict(UNITS)
    parts = _PART.findall(wanted)
    return timedelta(seconds=sum(int(count) * seconds[unit] for count, unit in parts))


def write_span(length: timedelta) -> str:
    """Write a length of time so that `parse_span` reads it, to the second."""
    left, parts = int(length.total_seconds()), []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"
