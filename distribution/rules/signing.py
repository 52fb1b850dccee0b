"""Signatures of webhooks, both ways.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from distribution.errors import SignatureRefused

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE = timedelta(seconds=300)  # how far a signature's time may be from ours, either way
OVERLAP = timedelta(hours=24)  # in which the secret before a change stays valid
MOST_SIGNATURES = 16  # in one header; a sender that turns its keys needs two
ID_SHAPE = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)
MOMENT_SHAPE = re.compile(r"[0-9]{1,12}", re.ASCII)
INDEED_HEADER = "x-indeed-signature"


@dataclass(frozen=True, slots=True)
class Verified:
    """Who a message says it is, once its signature was found good; no time = none was signed."""

    event_id: str
    signed_at: datetime | None


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the key of a secret: `whsec_…` holds base64, any other text is the key itself."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def sign(secret: str, event_id: str, moment: int, body: bytes) -> str:
    """Sign a message of this id at this Unix second: `v1,` and the HMAC-SHA256 in base64."""
    text = f"{event_id}.{moment}.".encode() + body
    digest = hmac.new(key_of(secret), text, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify_standard(
    valid: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Verified:
    """Check a message against each valid secret; header names are in lower case.

    Raises: SignatureRefused, with words that help an honest sender and nobody else.
    """
    event_id = headers.get("webhook-id", "")
    moment = headers.get("webhook-timestamp", "")
    if not ID_SHAPE.fullmatch(event_id) or not MOMENT_SHAPE.fullmatch(moment):
        raise SignatureRefused("webhook-id and webhook-timestamp are missing or malformed.")
    seconds = round(TOLERANCE.total_seconds())
    if abs(now.timestamp() - int(moment)) > seconds:
        raise SignatureRefused(f"webhook-timestamp is more than {seconds} s from our clock.")
    given = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    wanted = [sign(secret, event_id, int(moment), body) for secret in valid]
    if not _any_equal(given, wanted):
        raise SignatureRefused("No signature in webhook-signature fits the body.")
    return Verified(event_id, datetime.fromtimestamp(int(moment), UTC))


def verify_indeed(valid: Sequence[str], headers: Mapping[str, str], body: bytes) -> Verified:
    """Check an application of Indeed Apply: base64 of the body's HMAC-SHA1, without id and time.

    Equal bodies are one message, so a replayed one counts once. Source: contracts, Indeed Apply.
    Raises: SignatureRefused.
    """
    digests = [hmac.new(key_of(secret), body, hashlib.sha1).digest() for secret in valid]
    wanted = [base64.b64encode(digest).decode() for digest in digests]
    if not _any_equal([headers.get(INDEED_HEADER, "")], wanted):
        raise SignatureRefused("X-Indeed-Signature does not fit the body.")
    return Verified(f"sha256-{hashlib.sha256(body).hexdigest()}", None)


def _any_equal(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Compare every pair in constant time, so that no answer tells how close a guess was."""
    found = False
    for one in given:
        for other in wanted:
            found |= hmac.compare_digest(one.encode(), other.encode())
    return found
