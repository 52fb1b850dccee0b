"""Admin of reprocessings: begin one, see what a shadow would change, approve it or roll it back."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from ingestion.actions import reprocessing as actions
from ingestion.actions.reprocessing import Choice
from ingestion.forms.reprocessing import DifferenceFilter, ReprocessForm
from ingestion.models import Reprocessing
from ingestion.reports.reprocessing import counts_of, differences, has_before_images
from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.runs.actions.admission import admit
from jobly.runs.models import Run
from jobly.runs.reports import position
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import OperatorsLook, actor_of, of_one_row
from jobly.users.models import principal_of

COLOURS = {
    "working": "info",
    "ready": "warning",
    "promoting": "info",
    "done": "success",
    "rolling_back": "info",
    "rolled_back": "secondary",
}
MOVING = ("working", "promoting", "rolling_back")
MOST_RUNS = 20
Status = Reprocessing.Status


@admin.register(Reprocessing)
class ReprocessingAdmin(OperatorsLook):
    """Stored collections read again."""

    list_display = ("__str__", "state", "failed_only", "would_change", "created_by")
    list_filter = ("status", "shadow", ("created_at", admin.DateFieldListFilter))
    list_select_related = ("created_by",)
    intro = (
        "Stored bytes are read again, by a newer transformer say; no source is asked. A shadow "
        "shows first what would change, and what was changed can be put back."
    )
    add_words = "Read again"
    empty_words = "Nothing was read again so far."
    show_add_link = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let operators begin one."""
        return self.has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that the buttons post to."""
        promote, back = map(self.admin_site.admin_view, (self.promote, self.roll_back))
        return [
            path("<uuid:pk>/promote/", promote, name="ingestion_reprocessing_promote"),
            path("<uuid:pk>/rollback/", back, name="ingestion_reprocessing_rollback"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask which collections, and begin."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ReprocessForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                row = _begin(form.cleaned_data, request)
            except JoblyError as wrong:
                form.add_error(None, wrong.message)
            else:
                return redirect("admin:ingestion_reprocessing_change", row.pk)
        context = self.page(request, title="Read stored collections again", form=form)
        return TemplateResponse(request, "admin/ingestion/begin_reprocessing.html", context)

    @of_one_row
    def change_view(self, request: HttpRequest, row: Reprocessing) -> HttpResponse:
        """Show how far it is, what would change or has changed, and what can be decided."""
        chosen = DifferenceFilter(request.GET)
        asked = chosen.cleaned_data if chosen.is_valid() else {}
        context = self.page(
            request,
            **_work(row, request),
            title=str(row),
            original=row,
            counts=counts_of(row),
            found=differences(row, asked),
            asked=asked,
            verdicts=chosen.fields["verdict"].choices,  # type: ignore[attr-defined] # a choice field
            may_promote=row.shadow
            and not row.forgotten_at
            and row.status in (Status.READY, Status.ROLLED_BACK),
            may_roll_back=row.status == Status.DONE
            and not row.forgotten_at
            and has_before_images(row),
        )
        return TemplateResponse(request, "admin/ingestion/show_reprocessing.html", context)

    def promote(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Load what a shadow read."""
        return self._decide(request, pk, actions.promote)

    def roll_back(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Put back what was there."""
        return self._decide(request, pk, actions.roll_back)

    def _decide(self, request: HttpRequest, pk: UUID, change: Callable[..., Any]) -> HttpResponse:
        """Do what a button says and show the page again."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_module_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Reprocessing.objects.visible_to(principal_of(request)), pk=pk)
        try:
            change(row, actor=actor_of(request))
        except JoblyError as wrong:
            self.message_user(request, wrong.message, "ERROR")
        return redirect("admin:ingestion_reprocessing_change", row.pk)

    @display(description="Status", label=COLOURS, ordering="status")
    def state(self, row: Reprocessing) -> str:
        """Show the status as a badge."""
        return row.status

    @display(description="Jobs that differ")
    def would_change(self, row: Reprocessing) -> str:
        """Count what a shadow found."""
        jobs = row.consequences.get("jobs", {})
        return f"{jobs.get('updated', 0):,}" if jobs else "not compared"


def _begin(sent: dict[str, Any], request: HttpRequest) -> Reprocessing:
    """Start what the form says."""
    actor = actor_of(request)
    admit("ingestion.reprocess", user_id=actor.pk if actor else None)
    choice = Choice(
        source=sent["source"],
        companies=(sent["company"].pk,) if sent["company"] else None,
        since=datetime.combine(sent["since"], time(), UTC) if sent["since"] else None,
        failed=sent["failed"],
        transformer=sent["was"],
    )
    row, _ = actions.reprocess(
        choice, shadow=sent["shadow"], transformer=sent["transformer"], actor=actor
    )
    return row


def _work(row: Reprocessing, request: HttpRequest) -> dict[str, Any]:
    """Return the runs of the last thing that was begun, and where their life is told."""
    visible = Run.objects.visible_to(principal_of(request))
    run = visible.filter(pk=row.run_id).first() if row.run_id else None
    if run is None:
        return {"runs": [], "works": [], "is_moving": row.status in MOVING}
    seq = position(run.stream)  # before the rows, so that none is missed
    family = Run.objects.of_family(run.root_id).filter(created_at__gte=run.created_at)
    runs = list(family.order_by("created_at")[:MOST_RUNS])
    return {
        "runs": runs,
        "works": [(one, in_words(one.kind)) for one in runs],
        "is_moving": row.status in MOVING,
        "live": live_urls(request),
        "stream": run.stream,
        "seq": seq,
    }
