"""Admin of the ledger: runs and schedules."""

from . import runs, schedules

__all__ = ["runs", "schedules"]
