"""How much of a file is read before it is refused."""

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what one file may cost. Sizes in bytes, or in characters once text is decoded."""

    file_bytes: int = 256 * MEGABYTE
    rows: int = 1_000_000
    columns: int = 512
    cell: int = MEGABYTE
    record: int = 8 * MEGABYTE
    unpacked_bytes: int = 512 * MEGABYTE
    ratio: int = 100
    depth: int = 64


LIMITS = Limits()
HEAD_BYTES = 256 * 1024  # what recognise() wants to see of a file
SAMPLE_ROWS = 200  # what columns are guessed from
