"""Rows of the run ledger; Django finds the models here, code imports them from here too."""

from .clock import Schedule, ScheduleSlot
from .loglines import RunLog
from .telling import Event, EventQuerySet, Stream
from .watch import Alarm, Queue, SignOfLife
from .work import CHILDREN, TERMINAL, Run, RunQuerySet

__all__ = [
    "CHILDREN",
    "TERMINAL",
    "Alarm",
    "Event",
    "EventQuerySet",
    "Queue",
    "Run",
    "RunLog",
    "RunQuerySet",
    "Schedule",
    "ScheduleSlot",
    "SignOfLife",
    "Stream",
]
