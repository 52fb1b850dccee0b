"""Forms of the ledger's pages."""

from .clocks import ScheduleForm
from .starting import InputForm, KindForm, StartForm

__all__ = ["InputForm", "KindForm", "ScheduleForm", "StartForm"]
