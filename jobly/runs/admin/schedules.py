"""Admin of schedules: what the clock starts, and what became of its slots."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django_celery_beat import models as beat
from unfold.decorators import display

from jobly.runs.models import Schedule, ScheduleSlot
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import OperatorsOnly

NO_SLOT = "not due yet"


@admin.register(Schedule)
class ScheduleAdmin(OperatorsOnly):
    """Work by the clock, and what became of its last slots."""

    list_display = ("name", "work", "clock", "timezone", "misfire", "overlap", "enabled", "last")
    list_filter = ("enabled",)
    readonly_fields = ("name", "kind", "periodic_task")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """Fetch the last slot beside each schedule."""
        last = ScheduleSlot.objects.filter(schedule=OuterRef("pk")).order_by("-slot")[:1]
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.annotate(
            last_slot=Subquery(last.values("slot")[:1]),
            last_outcome=Subquery(last.values("outcome")[:1]),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: schedules follow the wiring of the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: one that is not wanted is switched off."""
        return False

    @display(description="Work", ordering="kind")
    def work(self, schedule: Schedule) -> str:
        """Name the kind of work."""
        return in_words(schedule.kind)

    @display(description="Last slot (UTC)")
    def last(self, schedule: Schedule) -> str:
        """Say when it was last due and what came of it."""
        slot = getattr(schedule, "last_slot", None)
        outcome = getattr(schedule, "last_outcome", "")
        return f"{slot:%Y-%m-%d %H:%M} · {outcome}" if slot else NO_SLOT


# beat's own tables in the look of the rest; the solar clock is of no use here
for model in (
    beat.PeriodicTask,
    beat.CrontabSchedule,
    beat.IntervalSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(OperatorsOnly):
    """When beat fires; what then starts is on the schedule of the same name."""

    list_display = ("name", "enabled", "crontab", "interval", "last_run_at", "total_run_count")
    list_filter = ("enabled",)
    list_select_related = ("crontab", "interval")
    fields = ("name", "task", "enabled", "crontab", "interval")
    readonly_fields = ("name", "task")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: tasks follow the wiring of the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: one that is not wanted is switched off."""
        return False


@admin.register(beat.CrontabSchedule)
class CrontabAdmin(OperatorsOnly):
    """Clocks by minute, hour and day."""

    list_display = ("__str__", "timezone")


@admin.register(beat.IntervalSchedule)
class IntervalAdmin(OperatorsOnly):
    """Clocks by distance."""

    list_display = ("__str__",)
