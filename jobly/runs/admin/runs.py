"""Admin of runs: what goes on, what failed; stop it, do it again, start something."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

from jobly.live import live_urls
from jobly.runs.models import Queue, Run
from jobly.runs.reports.watching import follow
from jobly.runs.rules.following import main_streams
from jobly.runs.rules.selection import LATE, Selection, names
from jobly.runs.rules.timeline import lasting
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import ReadOnlyAdmin, moment
from jobly.users.models import principal_of

from .bulk import ask_or_change
from .narrowing import FILTERS
from .starting import start_work

QUICK: dict[str, dict[str, str]] = {
    "All": {},
    "Not ended": {"status": "unfinished"},
    "Failed": {"status": "failed"},
    "Failed in the last 24 hours": {"status": "failed", "since": "24h"},
    "Late": {"standing": "late"},
    "Due later": {"standing": "later"},
}
HEAVY = ("args", "result", "history", "crashes")  # columns that no list shows


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Background work; a line leads to the live page of the run."""

    list_display = ("work", "state", "bar", "told", "company", "begun")
    list_filter = FILTERS
    list_filter_sheet = True
    list_select_related = ("company",)
    search_fields = ("id", "kind", "error")
    search_help_text = "Number of a run, words of its work or of its error"
    show_full_result_count = False
    ordering = ("-id",)  # numbers grow with time, and their index spares a sort
    list_before_template = "admin/runs/_before_runs.html"
    intro = "All work in the background; open a line to watch it."
    actions = ("again_selected", "cancel_selected", "now_selected")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what no column shows; note what waits in a paused queue."""
        is_paused = Queue.objects.filter(name=OuterRef("queue"), paused_at__isnull=False)
        return super().get_queryset(request).defer(*HEAVY).annotate(in_paused=Exists(is_paused))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that starts work."""
        start = self.admin_site.admin_view(self.start_work)
        return [path("start/", start, name="runs_run_start"), *super().get_urls()]

    def start_work(self, request: HttpRequest) -> HttpResponse:
        """Show the form that starts work, or start it."""
        return start_work(self, request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters' own names: a bulk change must mean just what the list shows."""
        return lookup in names()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """Search as everywhere: by number, or by words of kind and error."""
        rows: Any = queryset
        return rows.selected(Selection(q=search_term), now=timezone.now()), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, and let its rows follow the streams that most of them are told on."""
        answer: HttpResponse = super().changelist_view(request, extra_context)
        shown = getattr(answer, "context_data", None) or {}
        if "cl" in shown:
            rows, principal = shown["cl"].result_list, principal_of(request)
            streams = follow(main_streams([run.stream for run in rows], principal))
            _read_again(rows)
            shown |= {"streams": streams, "live": live_urls(request)}
            shown |= {"may_start": principal.is_staff, "quick_links": quick_links(request)}
        return answer

    def may_write(self, request: HttpRequest, row: Run) -> bool:
        """Whether it is the person's own work, or that of a company they may write to."""
        own = row.company_id is None and row.actor_id == principal_of(request).user_id
        return own or super().may_write(request, row)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the live page."""
        if self.get_object(request, object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect("run", pk=object_id)

    @display(description="Work", ordering="kind")
    def work(self, run: Run) -> str:
        """Name the kind of work."""
        return in_words(run.kind)

    @display(description="Status", ordering="status")
    def state(self, run: Run) -> SafeString:
        """Show the status as a badge, and why a run that waits does so."""
        shape = (
            '<span class="jb-state" data-run="{}"><span class="badge badge--{}"'
            ' data-field="status">{}</span>{}</span>'
        )
        return format_html(shape, run.pk, run.status, run.status, _stands_out(run))

    @display(description="Progress", ordering="progress")
    def bar(self, run: Run) -> SafeString:
        """Show the bar and the counts."""
        shape = (
            '<span class="jb-state" data-run="{}"><progress class="jb-bar" max="100" value="{}"'
            ' data-field="progress" aria-label="Progress"></progress><span class="jb-fine">{}'
            "</span></span>"
        )
        failed = f", {run.failed:,} failed" if run.failed else ""
        counts = f"{run.done:,} of {run.total:,}{failed}" if run.total else ""
        return format_html(shape, run.pk, run.progress, counts)

    @display(description="Step or error")
    def told(self, run: Run) -> SafeString:
        """Say what it does, or what went wrong."""
        shape = (
            '<span data-run="{}"><span data-field="step">{}</span> <span class="jb-bad"'
            ' data-field="error"{}>{}</span></span>'
        )
        hidden = SafeString("" if run.error else " hidden")
        return format_html(shape, run.pk, run.step, hidden, run.error)

    @display(description="Asked for", ordering="created_at")
    def begun(self, run: Run) -> SafeString | str:
        """Say when it was asked for."""
        return moment(run.created_at)

    @admin.action(description="Do again", permissions=["work"])
    def again_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> Any:
        """Start each failed or cancelled run anew, after a page that says what would happen."""
        return ask_or_change(self, request, "again", queryset)

    @admin.action(description="Cancel", permissions=["work"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> Any:
        """Cancel each run that has not ended, after a page that says what would happen."""
        return ask_or_change(self, request, "cancel", queryset)

    @admin.action(description="Start now", permissions=["work"])
    def now_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> Any:
        """Let runs start now that are due later, after a page that says which."""
        return ask_or_change(self, request, "now", queryset)


def quick_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the narrowings that are asked for most, and which of them is in force."""
    now = Selection.of(request.GET.dict()).to_dict()
    return [
        {"words": words, "url": f"?{urlencode(wanted)}", "is_on": now == wanted}
        for words, wanted in QUICK.items()
    ]


def _read_again(rows: Any) -> None:
    """Bring rows up to the numbers that the page follows from, so that nothing falls between."""
    shown = {run.pk: run for run in rows}
    fields = ("status", "progress", "step", "error", "done", "failed", "total")
    for values in Run.objects.filter(pk__in=shown).values("pk", *fields):
        for name in fields:
            setattr(shown[values["pk"]], name, values[name])


def _stands_out(run: Run) -> SafeString:
    """Say in a few words why a run waits, or that it was asked to stop."""
    now, told = timezone.now(), ""
    if run.status == Run.Status.RUNNING:
        told = "asked to stop" if run.cancel_requested_at else ""
    elif run.status == Run.Status.QUEUED:
        later = run.available_at - now
        if getattr(run, "in_paused", False):
            told = "its queue is paused"
        elif later.total_seconds() > 0:
            told = f"{'again' if run.started_at else 'begins'} in {lasting(later)}"
        elif -later > LATE:
            told = f"late by {lasting(-later)}"
    return format_html('<span class="jb-fine">{}</span>', told) if told else SafeString()
