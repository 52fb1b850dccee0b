"""What is past its time in the ledger."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from jobly.runs.models import Event, Run, RunLog, ScheduleSlot
from jobly.runs.rules.archive import EVENT_DAYS, SLOT_DAYS


def old_records() -> dict[str, int]:
    """Count what the next tidying would let go of; reads all of the events once."""
    kept = Now() - timedelta(days=settings.RUN_KEEP_DAYS)
    return {
        "events": Event.objects.filter(at__lt=Now() - timedelta(days=EVENT_DAYS)).count(),
        "slots": ScheduleSlot.objects.filter(slot__lt=Now() - timedelta(days=SLOT_DAYS)).count(),
        "logs": RunLog.objects.filter(at__lt=Now() - timedelta(days=EVENT_DAYS)).count(),
        "runs": Run.objects.filter(finished_at__lt=kept, parent=None).count(),
    }
