"""Admin of a company's own jobs, and of the whole catalogue for operators."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.timezone import localtime
from unfold.decorators import display

from ingestion.actions.editing import HAND, desk_of, drop_draft, open_posting
from ingestion.forms.postings import CloseForm
from ingestion.models import Job
from ingestion.reports.books import lineage
from ingestion.templatetags.jobs import place
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, of_one_row
from jobly.users.models import principal_of

from . import postings
from .closing import ask_or_close

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
        "desk__is_hot",
        CompanyFilter,
        ("first_seen_at", admin.DateFieldListFilter),
    )
    list_select_related = ("employer", "company")
    search_fields = ("title", "employer__name", "reference")
    search_help_text = "Title, employer or reference"
    ordering = ("-first_seen_at", "-id")
    actions = ("close_selected", "open_selected", "drop_selected")
    intro = "Select jobs to publish or close them; open one to see it as it was understood."
    add_words = "Write a posting"

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which a job is written and changed."""
        pages: dict[str, Callable[..., HttpResponse]] = {
            "edit": postings.edit,
            "versions": postings.history,
            "restore": postings.restore,
            "copies": postings.copies,
            "close": postings.close,
            "open": postings.reopen,
            "template": postings.keep_template,
        }
        own = [self._page(f"<int:pk>/{name}/", view, name) for name, view in pages.items()]
        forget = "template/<int:template_id>/delete/"
        own.append(self._page(forget, postings.drop_template, "drop_template"))
        return [*own, *super().get_urls()]

    def _page(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        guarded = self.admin_site.admin_view(partial(view, self))
        return path(route, guarded, name=f"ingestion_job_{name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody write who may change a company's jobs."""
        return self.has_work_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Write a posting by hand."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return postings.write(self, request)

    def mine(self, request: HttpRequest, pk: int) -> Job:
        """Return a job the person may see; a foreign one is as unknown as a missing one."""
        rows = self.get_queryset(request).select_related("employer", "company").defer(None)
        job: Job | None = rows.filter(pk=pk).first()
        if job is None or not self.has_view_permission(request, job):
            raise Http404
        return job

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Keep the companies' own jobs: the public catalogue is for search, not for work."""
        rows: QuerySet[Job] = super().get_queryset(request)
        principal = principal_of(request)
        if not principal.is_staff:
            rows = rows.filter(company__in=principal.company_ids)
        return rows.defer("description_html", "description_text")

    @of_one_row
    def change_view(self, request: HttpRequest, job: Job) -> HttpResponse:
        """Show one job as it was understood, and where it came from."""
        is_own = job.company_id is not None
        context = self.page(
            request,
            title=job.title,
            original=job,
            lineage=lineage(job),
            desk=desk_of(job) if is_own else None,
            people={str(user.pk): user for user in postings.people_of(job.company)},
            reasons=[word for word, _ in CloseForm.base_fields["why"].choices],  # type: ignore[attr-defined] # a ChoiceField
            is_own=is_own,
            by_hand=HAND,
            may_write=self.may_write(request, job) and is_own,
        )
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

    @admin.action(description="Close the selected jobs…", permissions=["work"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """Say which would close and where they stand; then close them and take them down."""
        return ask_or_close(self, request, queryset)

    @admin.action(description="Open the selected jobs again", permissions=["work"])
    def open_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Open drafts, and jobs that were closed or have expired."""
        self.each(request, queryset, open_posting, done="open")

    @admin.action(description="Delete the selected drafts", permissions=["work"])
    def drop_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Take drafts out of the lists; what was open once is closed instead."""
        self.each(request, queryset, drop_draft, done="deleted")
