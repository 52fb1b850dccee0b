"""Admin of runs: what goes on, what failed, do it again."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from jobly.runs import actions
from jobly.runs.actions.kinds import kinds
from jobly.runs.models import Run
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, moment
from jobly.users.models import principal_of

STATUS_COLOURS = {
    "queued": "info",
    "running": "warning",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "secondary",
}
BESIDES = "besides-publishing"  # publications that failed have a list of their own


class KindFilter(admin.SimpleListFilter):
    """Narrow runs to one kind of work, in people's words."""

    title = "work"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name every kind there is; asking the table would read all of it."""
        known = sorted(((name, in_words(name)) for name in kinds()), key=lambda pair: pair[1])
        return [(BESIDES, "Everything but publications"), *known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """Keep runs of that kind."""
        if self.value() == BESIDES:
            return queryset.exclude(kind="distribution.publish")
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Background work; a line leads to the live page of the run."""

    list_display = ("work", "state", "bar", "told", "company", "begun")
    list_filter = ("status", KindFilter, CompanyFilter, ("created_at", admin.DateFieldListFilter))
    list_select_related = ("company",)
    search_fields = ("id", "kind", "error")
    search_help_text = "Number of a run, or words of its error"
    ordering = ("-created_at",)
    intro = "All work in the background; open a line to watch it live."
    actions = ("retry_selected", "cancel_selected")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what no column shows."""
        return super().get_queryset(request).defer("args", "result", "history", "crashes")

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

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, run: Run) -> str:
        """Show the status as a badge."""
        return run.status

    @display(description="Progress", ordering="progress")
    def bar(self, run: Run) -> str:
        """Show the bar and the counts."""
        failed = f", {run.failed:,} failed" if run.failed else ""
        counts = f"{run.done:,} of {run.total:,}{failed}" if run.total else ""
        return format_html(
            '<progress class="jb-bar" max="100" value="{}" aria-label="{} %"></progress> {}',
            run.progress,
            run.progress,
            counts,
        )

    @display(description="Begun", ordering="created_at")
    def begun(self, run: Run) -> SafeString | str:
        """Say when it was asked for."""
        return moment(run.created_at)

    @display(description="Step or error")
    def told(self, run: Run) -> str:
        """Say what it does, or what went wrong."""
        return run.error or run.step or "–"

    @admin.action(description="Do the selected failed runs again", permissions=["work"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Start each failed or cancelled run anew and say which could not be."""
        self.each(request, queryset, actions.retry, done="started again")

    @admin.action(description="Cancel the selected runs", permissions=["work"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Cancel each run that has not ended."""
        self.each(request, queryset, actions.cancel, done="cancelled")
