"""Bytes in pieces, so that a file never has to fit into memory."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

CHUNK = 1 << 18  # bytes


def chunked(source: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file or an iterable in pieces."""
    read = getattr(source, "read", None)
    if read is None:
        yield from source
        return
    while piece := read(CHUNK):
        yield piece
