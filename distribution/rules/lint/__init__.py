"""What is wrong with a job for a board, found before anything is sent: S1.6 to S1.10 and laws."""

from collections.abc import Iterator, Mapping
from typing import Any

from distribution.rules.channels import INTERNAL, INTRANET, BoardKind
from distribution.rules.content import Content
from ingestion.rules.sources import RIGHTS, TO_BOARDS

from . import biases, dates, pay, texts, titles
from .boards import check
from .findings import NOTHING, S1, Around, Finding, error

__all__ = ["Around", "Finding"]

HIDDEN = "The job is internal: its company has not ticked “Public posting”."
PRIVATE = "Its source is for the operator's eyes only."


def lint(
    kind: BoardKind, content: Content, options: Mapping[str, Any], around: Around = NOTHING
) -> tuple[Finding, ...]:
    """Check a job against a board's rules and those that hold everywhere, errors first.

    `options` are the channel's, defaults laid under.
    """
    found = [*_leave(kind, content), *check(kind, content, options), *shared(kind, content, around)]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))


LEVELS = ("error", "warning", "info")


def shared(kind: BoardKind, content: Content, around: Around = NOTHING) -> Iterator[Finding]:
    """Check what holds on every board: laws on pay, titles, texts, words, dates."""
    yield from dates.check(kind, content, around)
    yield from pay.check(content, around)
    yield from titles.check(content, around)
    yield from texts.check(content)
    yield from biases.check(content)


def withheld(kind: BoardKind, content: Content) -> str:
    """Say why a job may not go to a board, whatever it is like; empty if it may.

    A company's internal job goes to its colleagues' board only. Our own boards show what sources
    let be seen; the others take only what may be passed on.
    """
    return _kept_back(kind, content) if _may_be_told(kind, content) else HIDDEN


def _may_be_told(kind: BoardKind, content: Content) -> bool:
    return content.is_public or kind == INTRANET


def _kept_back(kind: BoardKind, content: Content) -> str:
    """Say why a job's source keeps it from a board; empty if it does not."""
    if kind in (INTERNAL, INTRANET):
        return PRIVATE if content.rights == "private" else ""
    if content.rights in TO_BOARDS:
        return ""
    return f"Its source does not let it go to other boards ({RIGHTS[content.rights]})."


def _leave(kind: BoardKind, content: Content) -> Iterator[Finding]:
    if not _may_be_told(kind, content):
        yield error("not_public", "is_public", HIDDEN, S1.format("S1.4"))
    if why := _kept_back(kind, content):
        yield error("rights", "source", why, "terms of the source")


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Keep what stops a publication."""
    return tuple(finding for finding in findings if finding.level == "error")


def publishable(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing found stops a publication."""
    return not errors(findings)
