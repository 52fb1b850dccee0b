"""Rows of the run ledger; Django finds the models here, code imports them from here too."""

from .clock import Schedule, ScheduleSlot
from .telling import Event, EventQuerySet, Stream
from .work import CHILDREN, TERMINAL, Run, RunQuerySet

__all__ = [
    "CHILDREN",
    "TERMINAL",
    "Event",
    "EventQuerySet",
    "Run",
    "RunQuerySet",
    "Schedule",
    "ScheduleSlot",
    "Stream",
]
