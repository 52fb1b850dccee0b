"""Links to stored bytes: signed, expiring, good for one person and the rights of that moment."""

import base64
import hashlib
import hmac
import struct
from datetime import datetime
from uuid import UUID

from jobly.artifacts.errors import BadLink
from jobly.users.rules import Principal

LINK = struct.Struct(">16sQ")  # artifact id, expiry in epoch seconds
SIGNATURE_BYTES = 32
LONGEST_TOKEN = 100  # characters


def bearer_of(principal: Principal) -> bytes:
    """Say in bytes whose a link is: a person and what the person may see.

    So a link ends with the account, and with a role that is taken away. Raises: BadLink for nobody.
    """
    if principal.user_id is None:
        raise BadLink("Such a link is made for one person, who is signed in.")
    companies = sorted(company.bytes for company in principal.company_ids)
    return b"".join([principal.user_id.bytes, bytes([principal.is_staff]), *companies])


def sign(artifact: UUID, *, bearer: bytes, expires_at: datetime, key: bytes) -> str:
    """Make the token of a link that works for one bearer until a moment."""
    body = LINK.pack(artifact.bytes, int(expires_at.timestamp()))
    return _encoded(body + _signature(body, bearer, key))


def read_token(token: str, *, bearer: bytes, now: datetime, key: bytes) -> UUID:
    """Return the artifact a token opens. Raises: BadLink, the same for every reason."""
    refusal = BadLink("This link does not work (any more).")
    if len(token) > LONGEST_TOKEN:
        raise refusal
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as exc:
        raise refusal from exc
    body, given = raw[: LINK.size], raw[LINK.size :]
    if len(given) != SIGNATURE_BYTES or _encoded(raw) != token:  # one spelling only
        raise refusal
    if not hmac.compare_digest(given, _signature(body, bearer, key)):
        raise refusal
    number, expires = LINK.unpack(body)
    if expires < now.timestamp():
        raise refusal
    return UUID(bytes=number)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(body: bytes, bearer: bytes, key: bytes) -> bytes:
    """Sign a token's body for its bearer."""
    return hmac.new(key, b"artifact\x00" + body + bearer, hashlib.sha256).digest()
