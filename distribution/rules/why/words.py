"""The answer as a value, and the words and evidence that all sentences share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from distribution.rules.lint import Finding
from distribution.rules.proof import Evidence, Facts, Row, looked, shows

Level = Literal["good", "note", "warn", "bad"]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
QUOTED = 220  # characters of a board's own words in a sentence


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: a code, one sentence, how bad it is, what shows it, and one next step."""

    code: str
    sentence: str
    level: Level
    evidence: tuple[Evidence, ...] = ()
    next: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the API."""
        shown = [one.to_dict() for one in self.evidence]
        return {
            "code": self.code,
            "sentence": self.sentence,
            "level": self.level,
            "next": self.next,
            "evidence": shown,
        }


def clock(moment: datetime | None, now: datetime) -> str:
    """Say a moment in UTC, with its day unless that is today."""
    if moment is None:
        return "an unknown time"
    here = moment.astimezone(now.tzinfo)
    if here.date() == now.date():
        return f"{here:%H:%M} UTC"
    return f"{here:%H:%M} UTC on {here.day} {here:%b %Y}"


def span(length: timedelta) -> str:
    """Say a length of time in its largest fitting unit."""
    if length < MINUTE:
        return f"{length.total_seconds():g} s"
    if length < HOUR:
        return f"{round(length / MINUTE)} min"
    return f"{round(length / HOUR)} h"


def at_time(moment: datetime | None, now: datetime) -> str:
    """Say “at” a moment."""
    return f"at {clock(moment, now)}"


def times(count: int) -> str:
    """Say how often."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def by(row: Row) -> str:
    """Say who moved it, if that is known."""
    return f" by {row.by}" if row.by else ""


def reason(row: Row) -> str:
    """Say for what reason it moved, if one was given."""
    return f" ({row.because})" if row.because else ""


def short(text: str) -> str:
    """Cut long words of a board."""
    return text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()}…"


def quiet(text: str) -> str:
    """Leave out the full stop, where a sentence goes on."""
    return text.strip().rstrip(".")


def field_of(finding: Finding) -> str:
    """Name the field of a finding."""
    return finding.field.replace("_", " ") or "job"


def lint_shown(finding: Finding) -> Evidence:
    """Return a finding as evidence."""
    return Evidence("lint", finding.code, f"{finding.message} (rule: {finding.source})")


def job_shown(facts: Facts) -> Evidence:
    """Return the job as evidence."""
    return Evidence("job", str(facts.job.id), f"the job, {facts.job.status}")


def board_shown(facts: Facts) -> Evidence:
    """Return the channel as evidence."""
    return Evidence("channel", facts.board.id, f"{facts.board.name} as it is now")


def move_shown(row: Row) -> Evidence:
    """Return the last move as evidence."""
    return Evidence("move", row.id, f"the move to {row.status}{by(row)}")


def work_shown(facts: Facts) -> tuple[Evidence, ...]:
    """Return the run as evidence, if there is one."""
    work = facts.work
    return (Evidence("run", work.ref, f"the work, {work.status}"),) if work is not None else ()


def last_shown(facts: Facts) -> tuple[Evidence, ...]:
    """Return the newest exchange of all."""
    newest = max(facts.exchanges, key=lambda one: one.number, default=None)
    return (shows(newest),) if newest is not None else ()


def seen_shown(facts: Facts) -> tuple[Evidence, ...]:
    """Return the newest look that proves something."""
    newest = facts.look("live", "gone")
    return (looked(newest),) if newest is not None else ()
