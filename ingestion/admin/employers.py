"""Admin of employers: what is known of each, and which names are one organisation."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from ingestion.actions import employers as actions
from ingestion.models import Employer, EmployerAlias, Job
from jobly.errors import JoblyError
from jobly.users.admin.scoped import OperatorsLook, actor_of

MOST_MERGED = 50  # employers made one by one click
# counted for the rows that are shown only
OF_IT = Job.objects.filter(employer=OuterRef("pk")).order_by().values("employer")
JOBS = Coalesce(Subquery(OF_IT.annotate(many=Count("pk")).values("many")), 0)


@admin.register(Employer)
class EmployerAdmin(OperatorsLook):
    """The hiring organisations that jobs name; those merged into another stand with it."""

    list_display = ("name", "domain", "size", "agency", "many")
    list_filter = ("is_agency", "size")
    search_fields = ("name", "key", "domain")
    search_help_text = "Name or domain"
    actions = ("merge_selected",)
    intro = (
        "Select the names of one organisation to merge them: the one with most jobs stays, and jobs"
        " that come under the other names later are its own too."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Employer]:
        """Leave out the names that are another's, and count jobs."""
        rows: QuerySet[Employer] = super().get_queryset(request)
        merged = EmployerAlias.objects.filter(former=OuterRef("pk"))
        return rows.filter(~Exists(merged)).annotate(job_count=JOBS)

    @display(description="Agency", boolean=True, ordering="is_agency")
    def agency(self, employer: Employer) -> bool:
        """Say whether it hires for others."""
        return employer.is_agency

    @display(description="Jobs", ordering="job_count")
    def many(self, employer: Any) -> int:
        """Say how many jobs name it."""
        return int(employer.job_count)

    @admin.action(description="Merge the selected into one", permissions=["view"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Employer]) -> None:
        """Make the one with most jobs the employer of all."""
        rows = list(queryset.order_by(F("job_count").desc(), "pk")[: MOST_MERGED + 1])
        if len(rows) > MOST_MERGED:
            text = f"At most {MOST_MERGED} at a time; nothing was changed."
            self.message_user(request, text, messages.ERROR)
            return
        try:
            moved = actions.merge_employers(rows[0], rows[1:], actor=actor_of(request))
        except JoblyError as wrong:
            self.message_user(request, wrong.message, messages.ERROR)
            return
        names = f"{len(rows) - 1} merged into {rows[0].name}, {moved} jobs with them."
        self.message_user(request, f"{names} Employer aliases take it back.", messages.SUCCESS)


@admin.register(EmployerAlias)
class EmployerAliasAdmin(OperatorsLook):
    """Names that a person said are another employer's."""

    list_display = ("former", "employer", "many", "confirmed_by", "created_at")
    list_select_related = ("former", "employer", "confirmed_by")
    search_fields = ("former__name", "employer__name", "key")
    actions = ("part_selected",)
    intro = "Each was said by a person and stays until it is taken back here."

    @display(description="Jobs moved")
    def many(self, alias: EmployerAlias) -> int:
        """Say how many jobs the merge moved."""
        return len(alias.jobs)

    @admin.action(description="Take the selected merges back", permissions=["view"])
    def part_selected(self, request: HttpRequest, queryset: QuerySet[EmployerAlias]) -> None:
        """Give each name back its own employer and the jobs it had."""
        moved = [actions.part_employers(row) for row in queryset]
        text = f"{len(moved)} taken back, {sum(moved)} jobs with them."
        self.message_user(request, text, messages.SUCCESS)
