"""Who reads and who is told on which stream."""

import re
from uuid import UUID

from jobly.users.rules import Principal

STAFF = "staff"
SHAPE = re.compile(r"[a-z]{1,20}(:[0-9A-Za-z._-]{1,59})?", re.ASCII)
POSITION = re.compile(r"[0-9]{1,18}", re.ASCII)  # fits a bigint


def company_stream(company_id: UUID) -> str:
    """Name the stream of a company's members."""
    return f"company:{company_id}"


def user_stream(user_id: UUID) -> str:
    """Name one person's own stream."""
    return f"user:{user_id}"


def stream_for(company_id: UUID | None, user_id: UUID | None) -> str:
    """Name the stream a thing is told on: its company's, else its person's, else the staff's."""
    if company_id is not None:
        return company_stream(company_id)
    return STAFF if user_id is None else user_stream(user_id)


def staff_and(company_id: UUID | None) -> list[str]:
    """Name the streams of what concerns the staff, and a company if it is about its own."""
    return [STAFF] if company_id is None else [STAFF, company_stream(company_id)]


def streams_of(principal: Principal) -> list[str]:
    """Name every stream a principal may read, sorted."""
    names = [company_stream(company_id) for company_id in principal.company_ids]
    if principal.user_id is not None:
        names.append(user_stream(principal.user_id))
    if principal.is_staff:
        names.append(STAFF)
    return sorted(names)


def may_read(principal: Principal, stream: str) -> bool:
    """Whether a principal may read a stream; staff read them all."""
    return principal.is_staff or stream in streams_of(principal)


def is_stream(name: str) -> bool:
    """Whether this could name a stream at all; staff may ask for any text."""
    return bool(SHAPE.fullmatch(name))


def read_position(text: str) -> int | None:
    """Read the number of an event out of a header or a query; None when it is not one."""
    return int(text) if POSITION.fullmatch(text) else None
