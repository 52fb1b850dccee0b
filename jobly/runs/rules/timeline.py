"""A run's history as its tries: when each began, how long it took, who had it, what ended it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

CLAIMED = "claimed"
UNUSED = frozenset({"deferred", "released"})  # ends that give their try back
BESIDE = frozenset({"hurried", "asked"})  # befalls a run without ending a try
TERMINAL = "terminal:"  # before the holder that is a command
TENTHS_BELOW = 10  # seconds
UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
#: what ends a try or befalls a run between two, in people's words
WORDS = {
    "succeeded": "Done.",
    "failed": "Failed for good.",
    "cancelled": "Cancelled.",
    "retried": "Failed; it is tried again.",
    "deferred": "Put off; no try was used.",
    "released": "Given back because the worker was leaving; no try was used.",
    "crashed": "Its worker died or fell silent; taken back.",
    "hurried": "Was to start at once instead of when it was due.",
    "asked": "Was asked to stop at its next checkpoint.",
    "running": "At work.",
    "children": "Its own part is done; it waits for the parts it started.",
}


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What the timeline is drawn between."""

    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    now: datetime
    waits: bool = False  # for its children, at this moment

    @property
    def end(self) -> datetime:
        """The right edge: when the run ended, else now."""
        return max(self.finished_at or self.now, self.created_at)

    def place(self, moment: datetime) -> float:
        """Return where a moment stands between both edges, in percent."""
        whole = (self.end - self.created_at).total_seconds()
        if whole <= 0:
            return 0.0
        return max(0.0, min(100.0, (moment - self.created_at).total_seconds() * 100 / whole))


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a run, or several alike; without `began` what befell it while it waited.

    `waited` is the time in the queue before; `offset` and `width` are its bar, in percent.
    """

    number: int
    what: str
    began: datetime | None
    ended: datetime | None
    waited: timedelta | None
    by: str
    error: str
    offset: float
    width: float
    times: int = 1  # alike and one after the other, shown as one

    @property
    def words(self) -> str:
        """What came of it, as a sentence."""
        return WORDS.get(self.what, self.what)

    @property
    def lasted(self) -> timedelta | None:
        """How long it took, if it began and ended."""
        return self.ended - self.began if self.began and self.ended else None


def tries(history: Sequence[Mapping[str, Any]], life: Lifetime) -> list[Try]:
    """Pair each claim with what ended it, the oldest first; a try that goes on has no end."""
    found: list[Try] = []
    claim: Mapping[str, Any] | None = None
    free_since = life.created_at
    for entry in history:
        at = _moment(entry)
        if entry.get("what") == CLAIMED:
            if claim is not None:  # its end was dropped from a long history
                found.append(_try(claim, {"what": "…", "at": entry["at"]}, life, free_since))
            claim = entry
            continue
        if entry.get("what") in BESIDE:
            found.append(_try(None, entry, life, free_since))
            continue
        if claim is None and not found and life.started_at and entry.get("attempt"):
            # a command begins its own run without a claim
            claim = {**entry, "at": life.started_at.isoformat()}
        found.append(_try(claim, entry, life, free_since))
        claim, free_since = None, at
    if claim is not None:
        what = "children" if life.waits else "running"
        found.append(_try(claim, {"what": what}, life, free_since))
    return found


def compact(found: Sequence[Try]) -> list[Try]:
    """Fold tries that were put off for the same reason one after the other into one line."""
    shown: list[Try] = []
    for one in found:
        last = shown[-1] if shown else None
        if last and one.what in UNUSED and (last.what, last.error) == (one.what, one.error):
            width = round(max(one.offset + one.width - last.offset, 0.0), 2)
            by = last.by if last.by == one.by else ""
            shown[-1] = replace(last, ended=one.ended, width=width, by=by, times=last.times + 1)
        else:
            shown.append(one)
    return shown


def _try(
    claim: Mapping[str, Any] | None,
    end: Mapping[str, Any],
    life: Lifetime,
    free_since: datetime,
) -> Try:
    began = _moment(claim) if claim else None
    ended = _moment(end) if end.get("at") else None
    left = life.place(began or ended or life.end)
    right = life.place(ended or life.end)
    source = claim or end
    return Try(
        number=int(source.get("attempt") or 0),
        what=str(end["what"]),
        began=began,
        ended=ended,
        waited=began - free_since if began else None,
        by=str(source.get("owner") or ""),
        error=str(end.get("error") or ""),
        offset=round(left, 2),
        width=round(max(right - left, 0.0), 2),
    )


def _moment(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])


def lasting(span: timedelta) -> str:
    """Say a length of time in at most two units, such as `0.4 s` or `3 min 5 s`."""
    seconds = max(0.0, span.total_seconds())
    if seconds < TENTHS_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, name, smaller, word in UNITS:
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {word}" if rest else "")
    return f"{whole} s"


def holder(owner: str) -> str:
    """Name who had a run: `host:process:thread`, with what a claim notes around it."""
    plain = owner.removeprefix(TERMINAL).partition("#")[0]
    host, _, rest = plain.partition(":")
    process = rest.partition(":")[0]
    who = "a command" if owner.startswith(TERMINAL) else "a worker"
    return f"{who} on {host}, process {process}" if process else owner
