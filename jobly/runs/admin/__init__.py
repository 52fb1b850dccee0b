"""Admin of the ledger: runs, schedules and queues."""

from . import queues, runs, schedules

__all__ = ["queues", "runs", "schedules"]
