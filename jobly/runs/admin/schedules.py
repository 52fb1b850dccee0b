"""Admin of schedules: what the clock starts, when next, and what became of its due times."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django_celery_beat import models as beat

from jobly.errors import JoblyError
from jobly.runs.actions import rescheduling
from jobly.runs.forms import ScheduleForm
from jobly.runs.models import Schedule
from jobly.runs.reports.alarms import Standing, standings, watchdogs
from jobly.runs.reports.queues import paused
from jobly.runs.reports.schedules import next_due, usual_length
from jobly.runs.rules.alarms import long_limit, silence_limit
from jobly.runs.rules.clock import Due, changed_by_clocks
from jobly.runs.rules.clock_words import say_clock
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import OperatorsOnly, actor_of

SLOTS = 50  # of the history on one page
YEAR = 366  # days that are looked through for clock changes
MOST_CHANGES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One schedule as the list shows it."""

    standing: Standing
    work: str
    words: str
    next: Due | None
    held: Any

    @property
    def schedule(self) -> Schedule:
        """Return the row."""
        return self.standing.schedule


@dataclass(frozen=True, slots=True)
class ClockChange:
    """What one clock change does: to how many due times, the first of them, and which way."""

    due: Due
    count: int


@admin.register(Schedule)
class ScheduleAdmin(OperatorsOnly):
    """Work by the clock."""

    form = ScheduleForm
    intro = "What the clock starts, by the clocks of each schedule's own zone and by UTC."
    change_form_outer_before_template = "admin/runs/_schedule_now.html"
    change_form_outer_after_template = "admin/runs/_schedule_slots.html"
    fieldsets = (
        ("When", {"fields": ("enabled", "clock", "timezone")}),
        ("What if", {"fields": ("misfire", "overlap")}),
        ("What is too long", {"fields": ("grace", "long_after", "silent_after")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: schedules follow the wiring of the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: one that is not wanted is switched off."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that the buttons post to."""
        start, switch = map(self.admin_site.admin_view, (self.run_now, self.switch))
        return [
            path("<uuid:pk>/run-now/", start, name="runs_schedule_run_now"),
            path("<uuid:pk>/switch/", switch, name="runs_schedule_switch"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every schedule: when it is due, how its last run went, what is wrong."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        held = paused()
        rows = [row_of(one, held) for one in standings()]
        context = self.page(
            request,
            title="Schedules",
            intro=self.intro,
            rows=rows,
            watchdogs=watchdogs(),
            may_change=self.has_change_permission(request),
        )
        return TemplateResponse(request, "admin/runs/schedules.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        """Show what the schedule does beside what may be changed of it."""
        one = standings(pk=context["original"].pk)[0]
        context |= shown_of(one) | {
            "row": row_of(one, paused()),
            "slots": page_of_slots(one.schedule, request),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            "title": in_words(one.schedule.kind),
            "may_change": self.has_change_permission(request),
        }
        answer: HttpResponse = super().render_change_form(request, context, **kwargs)
        return answer

    def save_model(
        self, request: HttpRequest, obj: Schedule, form: ModelForm[Any], change: bool
    ) -> None:
        """Write through the action, which tells beat and the staff."""
        given = {name: form.cleaned_data[name] for name in form.changed_data}
        rescheduling.change(obj, actor=actor_of(request), **given)

    def run_now(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Start the work of a schedule at once, and lead to its run."""
        row = self._posted(request, pk)
        if isinstance(row, HttpResponse):
            return row
        try:
            run = rescheduling.run_now(row, actor=actor_of(request))
        except JoblyError as wrong:
            self.message_user(request, wrong.message, "ERROR")
            return redirect("admin:runs_schedule_change", pk)
        self.message_user(request, "Started; its next due time comes as planned.", "SUCCESS")
        return redirect("run", pk=run.pk)

    def switch(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Switch a schedule on or off."""
        row = self._posted(request, pk)
        if isinstance(row, HttpResponse):
            return row
        on = request.POST.get("enabled") == "1"
        rescheduling.change(row, actor=actor_of(request), enabled=on)
        told = "is on; what was due while it was off is not made good" if on else "is off"
        self.message_user(request, f"{in_words(row.kind)} {told}.", "SUCCESS")
        return redirect("admin:runs_schedule_changelist")

    def _posted(self, request: HttpRequest, pk: Any) -> Schedule | HttpResponse:
        """Return the schedule that a button is about, or the answer that refuses."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row: Schedule | None = self.get_object(request, str(pk))
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if row is None:
            raise Http404
        return row


def row_of(one: Standing, held: Any) -> Row:
    """Return a schedule as pages show it; `held` are the paused queues."""
    row = one.schedule
    words = say_clock(one.when.clock) if one.when else row.clock
    coming = next_due(one.when, one.now, 1) if one.when and row.enabled else []
    queue = one.last.queue if one.last and one.last.finished_at is None else ""
    return Row(one, in_words(row.kind), words, coming[0] if coming else None, held.get(queue))


def shown_of(one: Standing) -> dict[str, Any]:
    """Return when a schedule is due next, what clock changes do, and what counts as too long."""
    row, when = one.schedule, one.when
    if when is None:
        return {"upcoming": [], "clock_changes": [], "zone": row.timezone}
    usual = usual_length(one.runs)
    far = [due.at for due in next_due(when, one.now, 8)]
    return {
        "upcoming": next_due(when, one.now),
        "clock_changes": grouped(changed_by_clocks(when.clock, when.zone, one.now, YEAR)),
        "zone": when.zone.key,
        "usual": usual,
        "long_limit": long_limit(row.long_after, usual),
        "silence_limit": silence_limit(row.silent_after, far, row.grace),
    }


def grouped(changes: list[Due]) -> list[ClockChange]:
    """Draw together what the same clock change does to several due times."""
    found: list[ClockChange] = []
    for due in changes:
        if found and due.wall - found[-1].due.wall < timedelta(hours=12):
            found[-1] = ClockChange(found[-1].due, found[-1].count + 1)
        else:
            found.append(ClockChange(due, 1))
    return found[:MOST_CHANGES]


def page_of_slots(schedule: Schedule, request: HttpRequest) -> Any:
    """Return one page of what became of due times, the latest first."""
    rows = schedule.slots.select_related("run").defer("run__args", "run__result", "run__history")
    return Paginator(rows.order_by("-slot"), SLOTS).get_page(request.GET.get("slots"))


# beat's own tables follow the schedules: what could be changed there is changed here
for model in (
    beat.PeriodicTask,
    beat.CrontabSchedule,
    beat.IntervalSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
