"""What is old in the ledger."""

from datetime import datetime
from uuid import UUID

EVENT_DAYS = 7
SLOT_DAYS = 30
RANDOM_BITS = 80


def first_number_at(time: datetime) -> UUID:
    """Return the lowest number that a run made at this moment or later can have.

    The first 48 bits of a UUIDv7 are milliseconds since 1970 (RFC 9562, section 5.7).
    """
    milliseconds = int(time.timestamp() * 1000)
    return UUID(int=milliseconds << RANDOM_BITS)
