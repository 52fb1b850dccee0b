"""Postings whose time is over, or that stand too long."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from distribution.rules.channels import INDEED, BoardKind
from distribution.rules.content import Content

from .findings import Around, Finding, error, hint, warning

OLD: Final = timedelta(days=90)  # Indeed takes a posting for dead then
STALE: Final = timedelta(days=60)
SOON: Final = timedelta(days=2)


def check(kind: BoardKind, content: Content, around: Around) -> Iterator[Finding]:
    """Check a posting's dates against the moment, where that is known."""
    now = around.now
    if now is None:
        return
    if content.expires_at is not None and content.expires_at <= now:
        message = f"The closing date has passed ({content.expires_at:%-d %B %Y})."
        finding = error("expired", "closes", message, "Boards: open jobs only")
        yield finding.fixed_by("closes", "", "Take the closing date out")
    elif content.expires_at is not None and content.expires_at <= now + SOON:
        message = "It closes within two days; some boards take a day to show it."
        yield hint("closes_soon", "closes", message, "Jobly: time boards take")
    age = now - content.listed_at
    if age > OLD and kind == INDEED:
        message = f"It is {age.days} days old; Indeed shows none that is older than {OLD.days}."
        yield warning("too_old", "listed_at", message, "Indeed: 90 days")
    elif age > STALE:
        message = f"It is {age.days} days old; seekers take it for filled."
        yield hint("stale", "listed_at", message, "Jobly: what seekers trust")
