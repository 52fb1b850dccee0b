"""Admin of rehearsals: what practice boards did to some jobs, and that nothing is there twice."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.models import Rehearsal
from distribution.reports.rehearsals import pairs_of, standing_of
from distribution.rules.rehearsals import KEEP
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, moment, of_one_row


@admin.register(Rehearsal)
class RehearsalAdmin(ReadOnlyAdmin):
    """Rehearsals of the company, for some days."""

    list_display = ("at", "jobs", "boards", "outcome", "doubles", "company")
    list_filter = (CompanyFilter,)
    ordering = ("-id",)
    intro = (
        "What would happen if boards misbehaved: the same jobs sent to practice boards that do. "
        f"Begin one on the page that publishes jobs; each is kept for {KEEP.days} days."
    )
    empty_words = "Nothing was rehearsed in the last days."

    @of_one_row
    def change_view(self, request: HttpRequest, row: Rehearsal) -> HttpResponse:
        """Show what became of each publication, and the proof."""
        context = self.page(
            request,
            title="Rehearsal",
            row=row,
            pairs=pairs_of(row),
            standing=standing_of(row),
            keep=KEEP.days,
        )
        return TemplateResponse(request, "admin/distribution/show_rehearsal.html", context)

    @display(description="Begun", ordering="id")
    def at(self, row: Rehearsal) -> SafeString | str:
        """Say when it began."""
        return moment(row.created_at)

    @display(description="Jobs")
    def jobs(self, row: Rehearsal) -> int:
        """Count the jobs."""
        return len(row.job_ids)

    @display(description="In place of")
    def boards(self, row: Rehearsal) -> str:
        """Name the channels that were rehearsed."""
        return ", ".join(row.slugs)

    @display(description="How it went")
    def outcome(self, row: Rehearsal) -> str:
        """Say how many came live."""
        told: dict[str, Any] = row.report
        return f"{told['went_live']} of {told['total']} came live" if row.ended_at else "goes on"

    @display(description="There twice")
    def doubles(self, row: Rehearsal) -> str:
        """Count what a board had twice."""
        return str(row.report["doubles"]) if row.ended_at else "–"
