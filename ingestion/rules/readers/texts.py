"""Bytes of unknown encoding to text, and text to lines of bounded length."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ingestion.errors import FileRefused
from ingestion.rules.readers.limits import LIMITS, MEGABYTE, Limits

CHUNK = MEGABYTE
FALLBACK = "jobly-cp1252"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HIGH = re.compile(rb"[\x80-\xff]")
LETTERS = re.compile(rb"[A-Za-z]")
# Western text carries few accented letters; other scripts in a code page are nearly all high.
MOST_HIGH = 0.3


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252: one bad byte must not cost a whole file."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(bytes([b]).decode("cp1252", "replace") for b in wrong), error.end


codecs.register_error(FALLBACK, _one_by_one)


def encoding_of(head: bytes) -> str:
    """Name the encoding of a text file by its first bytes.

    Raises: FileRefused for binary data and for scripts of an unknown 8-bit code page.
    """
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "")
    if encoding:
        if "\0" in head.decode(encoding, "replace"):
            raise refused_nul()
        return encoding
    if b"\0" in head:
        raise refused_nul()
    if len(CONTROLS.findall(head)) > len(head) // 100:
        raise FileRefused(
            "unknown_type",
            "This is not a text file. Nothing was changed. Upload CSV, XLSX, JSON or RSS/XML.",
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _code_page(head)
    return "utf-8"


def _code_page(head: bytes) -> str:
    read = head.decode("utf-8", "replace")
    wrong = read.count("\ufffd")
    if sum(char > "\x7f" for char in read) >= 2 * wrong:  # the wrong ones count in both
        return "utf-8"  # a few broken bytes: the fallback reads those alone
    high, letters = len(HIGH.findall(head)), len(LETTERS.findall(head))
    if high > MOST_HIGH * (high + letters):
        raise FileRefused(
            "unknown_encoding",
            "The text is in an encoding that cannot be told "
            "apart. Nothing was changed. Save the file as UTF-8 and try again.",
        )
    return "cp1252"


def refused_nul() -> FileRefused:
    """Make the refusal of a text file with NUL bytes in it."""
    return FileRefused(
        "nul_bytes",
        "The file contains NUL bytes, so it is not plain text. Nothing "
        "was loaded. Export it again as UTF-8 CSV or as XLSX.",
    )


def decoded(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Wrap a byte stream as text that never fails to decode; line ends stay as they are."""
    errors = FALLBACK if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")


def as_utf8(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Give the text of a stream as chunks of UTF-8 without a byte order mark."""
    errors = FALLBACK if encoding.startswith("utf-8") else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    while chunk := stream.read(CHUNK):
        yield checked(decoder.decode(chunk).encode("utf-8", "replace"))
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def checked(chunk: bytes) -> bytes:
    """Give the chunk back unless a NUL byte is in it."""
    if b"\0" in chunk:
        raise refused_nul()
    return chunk


class Unzipped(io.RawIOBase):
    """Read a gzip stream that may not grow beyond all measure."""

    def __init__(self, stream: BinaryIO, limits: Limits = LIMITS) -> None:
        self._packed = stream
        self._plain = gzip.GzipFile(fileobj=stream)
        self._limits = limits
        self._read = 0

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def seekable(self) -> bool:
        """Say that this can be read once more."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go back to the beginning, or to another place by reading up to it."""
        self._read = self._plain.seek(offset, whence)
        return self._read

    def tell(self) -> int:
        """Say how many plain bytes were read."""
        return self._read

    def readinto(self, buffer: object) -> int:
        """Fill the buffer with plain bytes.

        Raises: FileRefused when the archive is damaged or a bomb.
        """
        view = memoryview(buffer)  # type: ignore[arg-type]  # the protocol's own buffer type
        try:
            data = self._plain.read(len(view))
        except (OSError, EOFError, zlib.error) as exc:
            raise FileRefused(
                "broken_archive", "The gzip file is damaged or cut off. Fetch it again and retry."
            ) from exc
        self._read += len(data)
        packed = max(self._packed.tell(), 1)
        bomb = self._read > 2 * MEGABYTE and self._read > packed * self._limits.ratio
        if bomb or self._read > self._limits.unpacked_bytes:
            raise FileRefused(
                "archive_bomb",
                "The archive unpacks to far more than it holds. Upload the plain file instead.",
            )
        view[: len(data)] = data
        return len(data)
