"""Decisions about a walk over a source: when it ends, how it ended, how much it may cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

Stop = Literal["", "end", "known", "page_limit", "page_repeated"]
Status = Literal["complete", "partial", "failed"]
OVERLAP = timedelta(days=1)  # asked for again when a source is narrowed by age: clocks differ


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an entry: its mark, whether this walk met it, whether an ended one did."""

    mark: str
    met: bool
    settled: bool


@dataclass(frozen=True, slots=True)
class Met:
    """What a page brought: keys that are new or changed, keys this walk had not met, and stop.

    `settled`: all of it was known before the last whole walk ended.
    """

    fresh: frozenset[str]
    unmet: int
    settled: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a walk may go: at most so many pages, `asked` by a person or by the source's own."""

    pages: int
    asked: bool
    stops_at_known: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a walk ended: the status of its Fetch, and why in a code and a sentence."""

    status: Status
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """The counts of a walk: said by the source, met by us, and postings that did not come."""

    expected: int | None
    got: int
    missing: int = 0


def meet(marks: Mapping[str, str], known: Mapping[str, Seen], *, everything: bool) -> Met:
    """Compare a page's entries (key → mark) with what is known of them.

    `everything`: a backfill, to which all is new.
    """
    fresh = {
        key
        for key, mark in marks.items()
        if everything or key not in known or known[key].mark != mark
    }
    unmet = sum(key not in known or not known[key].met for key in marks)
    settled = not fresh and all(known[key].settled for key in marks)
    return Met(frozenset(fresh), unmet, settled)


def stop_after(met: Met, *, pages: int, more: bool, bounds: Bounds) -> Stop:
    """Say whether a walk ends behind its page number `pages`, and why; empty to go on."""
    if not more:
        return "end"
    if not met.unmet:
        return "page_repeated"
    if bounds.stops_at_known and met.settled:
        return "known"
    return "page_limit" if pages >= bounds.pages else ""


def ended(
    stop: Stop, books: Books, *, bounds: Bounds, tolerance: float, before: int | None
) -> Ended:
    """Judge a walk that was not broken off.

    `before`: how many listings the last whole walk met. Fewer than the source said it has, a page
    that came again, or an end at our own bound make it partial; so does an empty board that had
    listings before, for its absence proves nothing.
    """
    expected, got = books.expected, books.got
    short = expected is not None and got < expected * (1 - tolerance)
    cases: tuple[tuple[bool, Status, str, str], ...] = (
        (stop == "known", "complete", "known", "It ended where all was known already."),
        (
            stop == "page_limit" and bounds.asked,
            "complete",
            "page_limit",
            f"It was asked for {bounds.pages:,} pages.",
        ),
        (
            bool(books.missing),
            "partial",
            "details_missing",
            f"{books.missing:,} of {got:,} postings did not come.",
        ),
        (short, "partial", "coverage", f"The source said {expected or 0:,} and gave {got:,}."),
        (
            stop == "page_limit",
            "partial",
            "page_limit",
            f"There is more behind page {bounds.pages:,}.",
        ),
        (
            stop == "page_repeated" and expected is None,
            "partial",
            "page_repeated",
            "The source gave the same page again; what followed is open.",
        ),
        (
            not got and bool(before),
            "partial",
            "empty",
            f"Nothing is listed any more, {before or 0:,} were before: look whether it moved.",
        ),
    )
    for holds, status, code, reason in cases:
        if holds:
            return Ended(status, code, reason)
    return Ended("complete")


def age_to_ask(strategy: str, cursor: Mapping[str, Any], now: datetime) -> timedelta | None:
    """Return how old postings may be that an incremental walk asks for; None = of any age."""
    began = cursor.get("began")
    if strategy != "incremental" or not isinstance(began, str):
        return None
    return now - datetime.fromisoformat(began) + OVERLAP


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of a walk, as an estimate sees it: pages it may take and what the last one took."""

    pages: int
    last_calls: int | None
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a walk will take at most: calls, of which so many are left, and their price."""

    calls: int
    quota_left: int | None
    cost: float
    currency: str

    @property
    def fits(self) -> bool:
        """Whether the quota allows it."""
        return self.quota_left is None or self.calls <= self.quota_left


def calls_of(cells: Iterable[Cell], *, asked: bool) -> int:
    """Sum up the calls of cells: the pages that were asked for, else what the last walk took."""
    return sum(
        cell.pages * cell.cost if asked or cell.last_calls is None else cell.last_calls
        for cell in cells
    )


def told_quota(headers: Mapping[str, str]) -> tuple[int | None, int | None, timedelta | None]:
    """Read limit, rest and time to the reset (in seconds) of a quota from an answer's headers."""
    values = [
        _number(headers.get(f"x-ratelimit-requests-{name}"))
        for name in ("limit", "remaining", "reset")
    ]
    limit, left, reset = values
    return limit, left, None if reset is None else timedelta(seconds=reset)


def bundle(bodies: Sequence[bytes]) -> bytes:
    """Lay answers side by side as one JSON array, each byte of them as it came; one stays alone."""
    if len(bodies) == 1:
        return bodies[0]
    return b"[" + b",\n".join(bodies) + b"]"


def _number(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None  # noqa: PLR2004
