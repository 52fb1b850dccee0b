"""Admin of a company's own jobs, and of the whole catalogue for operators."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.timezone import localtime
from unfold.decorators import display

from ingestion.actions.catalogue import close_job
from ingestion.models import Employer, Job
from ingestion.reports.books import lineage
from ingestion.templatetags.jobs import place
from jobly.users.admin.scoped import CompanyFilter, OperatorsLook, ReadOnlyAdmin
from jobly.users.models import principal_of

STATUS_COLOURS = {
    "draft": "info",
    "live": "success",
    "closed": "secondary",
    "expired": "warning",
    "removed": "danger",
}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """The company's jobs; where they stand on boards is added by distribution."""

    list_display = ("title", "employer", "where", "state", "posted", "company")
    list_filter = (
        "status",
        CompanyFilter,
        ("first_seen_at", admin.DateFieldListFilter),
    )
    list_select_related = ("employer", "company")
    search_fields = ("title", "employer__name", "reference")
    search_help_text = "Title, employer or reference"
    ordering = ("-first_seen_at", "-id")
    actions = ("close_selected",)
    intro = "Select jobs to publish or close them; open one to see it as it was understood."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Keep the companies' own jobs: the public catalogue is for search, not for work."""
        rows: QuerySet[Job] = super().get_queryset(request)
        principal = principal_of(request)
        if not principal.is_staff:
            rows = rows.filter(company__in=principal.company_ids)
        return rows.defer("description_html", "description_text")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one job as it was understood, and where it came from."""
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": job.title,
            "original": job,
            "lineage": lineage(job),
            "may_write": self.may_write(request, job) and job.company_id is not None,
        }
        return TemplateResponse(request, "admin/ingestion/show_job.html", context)

    @display(description="Place")
    def where(self, job: Job) -> str:
        """Say where the work is."""
        return place(job) or "not stated"

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, job: Job) -> str:
        """Show the status as a badge."""
        return job.status

    @display(description="Posted", ordering="posted_at")
    def posted(self, job: Job) -> str:
        """Say the day."""
        return f"{localtime(job.posted_at):%-d %b %Y}" if job.posted_at else "not stated"

    @admin.action(description="Close the selected jobs", permissions=["work"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Close each job to applicants; boards are told by the next plan."""
        self.each(request, queryset, close_job, done="closed")


@admin.register(Employer)
class EmployerAdmin(OperatorsLook):
    """The hiring organisations that jobs name."""

    list_display = ("name", "key", "url")
    search_fields = ("name", "key")
