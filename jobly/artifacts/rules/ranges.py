"""Which part of a file a request asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from jobly.artifacts.errors import NoSuchPart

LONGEST_HEADER = 200  # characters; nobody needs more for one range
SPEC = re.compile(r"([0-9]*)-([0-9]*)")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from number `first` to number `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1


def asked_part(header: str, size: int) -> Part | None:
    """Return the part that a Range header asks for of `size` bytes, or None for the whole.

    The whole is also the answer to several ranges, to other units, to what is malformed and to any
    part of an empty file: all of that the standard lets a server ignore. Raises: NoSuchPart.
    """
    unit, _, specs = header.strip(" \t").partition("=")
    wanted = [spec.strip(" \t") for spec in specs.split(",") if spec.strip(" \t")]
    if unit.lower() != "bytes" or len(wanted) != 1 or not size or len(header) > LONGEST_HEADER:
        return None
    found = SPEC.fullmatch(wanted[0])
    if found is None or wanted[0] == "-":
        return None
    first, last = str(found[1]), str(found[2])
    part = _from_start(first, last, size) if first else _from_end(int(last), size)
    if part is not None and (part.first >= size or part.length < 1):
        raise NoSuchPart(f"There are {size} bytes; the part that was asked for begins behind them.")
    return part


def _from_end(length: int, size: int) -> Part:
    return Part(max(size - length, 0), size - 1)


def _from_start(first: str, last: str, size: int) -> Part | None:
    if last and int(last) < int(first):
        return None
    return Part(int(first), max(int(first), min(int(last), size - 1)) if last else size - 1)


def is_still(if_range: str, *, etag: str, modified: datetime) -> bool:
    """Whether an If-Range header names exactly what there is, so that a part of it makes sense."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == etag  # a weak tag never equals our strong one
    try:
        return parsedate_to_datetime(if_range) == modified.replace(microsecond=0)
    except (TypeError, ValueError, OverflowError):
        return False
