"""Admin of runs and schedules: what goes on, what failed, do it again."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin
from unfold.decorators import display

from jobly.errors import JoblyError
from jobly.users.admin import CompanyScopedAdmin
from jobly.users.models import User

from . import actions
from .models import Run, Schedule, ScheduleSlot

STATUS_COLOURS = {
    "queued": "info",
    "running": "warning",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "secondary",
}


class ReadOnlyAdmin(CompanyScopedAdmin):
    """Rows that only the ledger writes: looked at here, changed by actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: rows come from the work itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Say no: rows are changed by the work itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Say no: the record stays."""
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Background work; a line leads to the live page of the run."""

    list_display = ("work", "state", "bar", "step", "company", "attempt", "created_at")
    list_filter = ("status", "kind", "queue", ("created_at", admin.DateFieldListFilter))
    list_select_related = ("company",)
    search_fields = ("id", "kind", "error")
    ordering = ("-created_at",)
    actions = ("retry_selected", "cancel_selected")
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what no column shows."""
        return super().get_queryset(request).defer("args", "result", "history", "crashes")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the live page."""
        return redirect("run", pk=object_id)

    @display(description="Work", ordering="kind")
    def work(self, run: Run) -> str:
        """Name the kind of work."""
        return run.kind

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, run: Run) -> str:
        """Show the status as a badge."""
        return run.status

    @display(description="Progress", ordering="progress")
    def bar(self, run: Run) -> str:
        """Show the bar and the counts."""
        failed = f", {run.failed} failed" if run.failed else ""
        return format_html(
            '<progress max="100" value="{}" aria-label="{} %"></progress> {} of {}{}',
            run.progress,
            run.progress,
            run.done,
            run.total or "?",
            failed,
        )

    @admin.action(description="Do the selected failed runs again")
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Start each failed or cancelled run anew and say which could not be."""
        self._each(request, queryset, actions.retry, "started again")

    @admin.action(description="Cancel the selected runs")
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Cancel each run that has not ended."""
        self._each(request, queryset, actions.cancel, "cancelled")

    def _each(self, request: HttpRequest, rows: QuerySet[Run], change: Any, done: str) -> None:
        """Apply one action to each run; one that cannot be changed does not stop the others."""
        actor = request.user if isinstance(request.user, User) else None
        count = 0
        for run in rows:
            try:
                change(run, actor=actor)
                count += 1
            except JoblyError as wrong:
                self.tell(request, f"{run.kind}: {wrong.message}", ok=False)
        self.tell(request, f"{count} of {rows.count()} runs {done}.")


class OperatorsOnly(ModelAdmin):
    """Pages of the system itself."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show them to operators."""
        return bool(getattr(request.user, "is_staff", False))


@admin.register(Schedule)
class ScheduleAdmin(OperatorsOnly):
    """Work by the clock, and what became of its last slots."""

    list_display = ("name", "kind", "clock", "timezone", "misfire", "overlap", "enabled", "last")
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

    @display(description="Last slot")
    def last(self, schedule: Schedule) -> str:
        """Say when it was last due and what came of it."""
        slot = getattr(schedule, "last_slot", None)
        return f"{slot:%Y-%m-%d %H:%M} {getattr(schedule, 'last_outcome', '')}" if slot else "never"


# beat's own tables in the look of the rest; the solar clock is of no use here
for model in (beat.PeriodicTask, beat.CrontabSchedule, beat.IntervalSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
for model in (beat.SolarSchedule, beat.ClockedSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(OperatorsOnly):
    """When beat fires; what then starts is on the schedule."""

    list_display = ("name", "enabled", "crontab", "interval", "last_run_at", "total_run_count")
    list_filter = ("enabled",)


@admin.register(beat.CrontabSchedule)
class CrontabAdmin(OperatorsOnly):
    """Clocks by minute, hour and day."""

    list_display = ("__str__", "timezone")


@admin.register(beat.IntervalSchedule)
class IntervalAdmin(OperatorsOnly):
    """Clocks by distance."""

    list_display = ("__str__",)
