"""What becomes of due times of a schedule that are not accounted for yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

CATCH_UP = 24  # slots that `run_all` makes good at most


@dataclass(frozen=True, slots=True)
class Rules:
    """A schedule's own: about slots that nobody fired in time, and about runs in each other's way.

    `misfire`: `run_once` lets the latest do the work of all, `run_all` makes each good, `skip`
    leaves out what is older than the grace. `overlap`: while the run before still goes on, a slot
    is left out (`skip`), waits (`queue`) or starts beside it (`allow`). Unless runs may overlap,
    `run_all` makes good one after the other.
    """

    misfire: str
    overlap: str
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """When a run of the schedule was under way, counted from its row on; None = it still is."""

    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Fate:
    """What a slot gets: a run, or not and why; the words are those of the slot's row."""

    slot: datetime
    outcome: Literal["run", "coalesced", "skipped"]
    why: Literal["", "missed", "late", "busy", "too_many"] = ""


def decide(
    slots: Sequence[datetime], spans: Sequence[Span], rules: Rules, now: datetime
) -> list[Fate]:
    """Decide the fate of open slots, the earliest first; those behind the last stay open."""
    if not slots:
        return []
    running = [span for span in spans if span.ended is None]
    if running and rules.overlap != "allow":
        return _while_busy(slots, running[0], rules)
    if rules.misfire == "run_all":
        return _make_good(slots, spans, rules)
    *earlier, latest = slots
    if rules.misfire == "skip" and now - _free_since(latest, spans) > rules.grace:
        return [Fate(slot, "skipped", "late") for slot in slots]
    taken_along = [
        Fate(slot, "coalesced", "busy" if _within(slot, spans) else "missed") for slot in earlier
    ]
    return [*taken_along, Fate(latest, "run")]


def _while_busy(slots: Sequence[datetime], running: Span, rules: Rules) -> list[Fate]:
    """Leave out what fell due while the run before goes on, or leave it open."""
    # a slot missed before that run began is still to be made good, and those behind it wait
    waits = rules.misfire == "run_all" and slots[0] < running.began
    if rules.overlap == "queue" or waits:
        return []
    return [Fate(slot, "skipped", "busy") for slot in slots]


def _make_good(slots: Sequence[datetime], spans: Sequence[Span], rules: Rules) -> list[Fate]:
    """Give each slot its run: all at once if they may overlap, else the first one only."""
    in_the_way = {slot for slot in slots if rules.overlap == "skip" and _within(slot, spans)}
    wanted = [slot for slot in slots if slot not in in_the_way][-CATCH_UP:]
    if rules.overlap != "allow":
        wanted = wanted[:1]
    fates = []
    for slot in slots:
        if wanted and slot > wanted[-1]:
            break
        if slot in wanted:
            fates.append(Fate(slot, "run"))
        else:
            fates.append(Fate(slot, "skipped", "busy" if slot in in_the_way else "too_many"))
    return fates


def _within(slot: datetime, spans: Sequence[Span]) -> bool:
    return any(span.began <= slot <= (span.ended or slot) for span in spans)


def _free_since(slot: datetime, spans: Sequence[Span]) -> datetime:
    """Return from when a slot could have started: since the end of the run in its way, if any."""
    ends = [span.ended for span in spans if span.ended and span.began <= slot <= span.ended]
    return max([slot, *ends])
