"""Where bytes are put, and links to them that expire and serve one person."""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from .errors import BadLink

CHUNK = 1 << 18  # bytes
KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
NOBODY = UUID(int=0)
LINK = struct.Struct(">16sQ")  # artifact id, expiry in epoch seconds
SIGNATURE_BYTES = 32


def place_of(kind: str, number: UUID, at: datetime) -> str:
    """Return the storage name `<kind>/<yyyy>/<mm>/<dd>/<uuid>`; nothing of it comes from users."""
    if not KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of artifact")
    return f"{kind}/{at:%Y/%m/%d}/{number}"


def chunked(source: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file or an iterable in pieces."""
    read = getattr(source, "read", None)
    if read is None:
        yield from source
        return
    while piece := read(CHUNK):
        yield piece


def sign(artifact: UUID, *, user: UUID | None, expires_at: datetime, key: bytes) -> str:
    """Make the token of a link that works for one person until a moment."""
    body = LINK.pack(artifact.bytes, int(expires_at.timestamp()))
    return base64.urlsafe_b64encode(body + _signature(body, user, key)).decode().rstrip("=")


def read_token(token: str, *, user: UUID | None, now: datetime, key: bytes) -> UUID:
    """Return the artifact a token opens. Raises: BadLink, the same for every reason."""
    refusal = BadLink("This link does not work (any more).")
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as exc:
        raise refusal from exc
    body, given = raw[: LINK.size], raw[LINK.size :]
    if len(given) != SIGNATURE_BYTES or not hmac.compare_digest(given, _signature(body, user, key)):
        raise refusal
    number, expires = LINK.unpack(body)
    if expires < now.timestamp():
        raise refusal
    return UUID(bytes=number)


def _signature(body: bytes, user: UUID | None, key: bytes) -> bytes:
    """Sign a token's body for its person."""
    return hmac.new(key, b"artifact\x00" + (user or NOBODY).bytes + body, hashlib.sha256).digest()
