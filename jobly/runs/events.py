"""The names under which a run's life is told on its stream, and the ledger's own facts."""

from dataclasses import dataclass
from typing import ClassVar

CREATED = "job.created"
PROGRESS = "job.progress"
COMPLETED = "job.completed"
FAILED = "job.failed"  # cancelled runs too: `data.status` tells them apart


@dataclass(frozen=True, slots=True)
class QueuePaused:
    """No worker takes work out of a queue any more."""

    name: ClassVar[str] = "runs.queue_paused"
    queue: str
    why: str


@dataclass(frozen=True, slots=True)
class QueueResumed:
    """Workers take work out of a queue again."""

    name: ClassVar[str] = "runs.queue_resumed"
    queue: str


@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """A person changed a schedule; `changes` names each column with its old and new text."""

    name: ClassVar[str] = "runs.schedule_changed"
    schedule: str
    changes: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Something began to be wrong: `alarm` is what and with whom, `since` when, ISO 8601."""

    name: ClassVar[str] = "runs.alarm_raised"
    alarm: str
    text: str
    since: str


@dataclass(frozen=True, slots=True)
class AlarmEnded:
    """What an alarm told of is over."""

    name: ClassVar[str] = "runs.alarm_ended"
    alarm: str
    text: str
