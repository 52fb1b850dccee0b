"""Admin of recruiters' files: send one, see what became of each row, publish what was good."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.actions.collections import Arrival, store_upload
from ingestion.forms import UploadForm
from ingestion.models import Processing, Upload
from ingestion.reports.books import upload_books
from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.runs.actions.admission import admit
from jobly.runs.models import Run
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, actor_of, moment
from jobly.users.models import Company, principal_of

STATUS_COLOURS = {"queued": "info", "loaded": "success", "refused": "danger"}


class RejectsFilter(admin.SimpleListFilter):
    """Narrow files to those with rows that failed."""

    title = "rejected rows"
    parameter_name = "rejects"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the one question."""
        return [("yes", "Some rows were rejected")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> QuerySet[Upload]:
        """Keep files with failed rows."""
        rows: QuerySet[Upload] = queryset
        return rows.with_rejects() if self.value() == "yes" else rows  # type: ignore[attr-defined] # UploadQuerySet


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Recruiters' files with their books."""

    list_display = (
        "file", "company", "state", "raw", "processed", "failed", "loaded", "updated",
        "duplicates", "rule", "sent",
    )  # fmt: skip
    list_filter = (
        "status",
        RejectsFilter,
        CompanyFilter,
        ("created_at", admin.DateFieldListFilter),
    )
    list_select_related = ("company", "collection")
    search_fields = ("collection__file_name",)
    search_help_text = "Name of the file"
    ordering = ("-created_at",)
    actions = None
    intro = "A file becomes jobs: good rows are loaded, the others are listed with their reasons."
    add_words = "Upload a file"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        """Fetch the books in one more query for all rows."""
        return super().get_queryset(request).prefetch_related("collection__processings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody upload who may write to a company."""
        return self.has_work_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take in a file, then show what becomes of it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        companies = writable_companies(request)
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*sent, companies=companies)
        if form.is_valid():
            try:
                return self._store(request, form.cleaned_data)
            except JoblyError as wrong:
                form.add_error("file", wrong.message)
        context = self.page(request, title="Upload a file", form=form)
        return TemplateResponse(request, "admin/ingestion/upload_file.html", context)

    def _store(self, request: HttpRequest, sent: dict[str, Any]) -> HttpResponseRedirect:
        """Store the file and lead to its page, which says so when it was refused."""
        admit("ingestion.process", company_id=sent["company"].pk)
        arrival = Arrival(sent["file"].file, sent["file"].name or "", {"mode": sent["mode"]})
        upload = store_upload(sent["company"], arrival, actor=actor_of(request))
        return redirect("admin:ingestion_upload_change", upload.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one file: progress, books, the first rejects, what to do next."""
        upload = self.get_object(request, object_id)
        if upload is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        seq = position(company_stream(upload.company_id))  # before the rows, so that none is missed
        runs = runs_of(upload)
        context = self.page(
            request,
            title=str(upload),
            original=upload,
            books=upload_books(upload),
            warnings=sum(p.warnings for p in upload.collection.processings.all()),
            artifact=upload.collection.artifact,
            file_url=upload.collection.artifact.link_for(principal_of(request)),
            rejects_url=reverse("api:uploads-rejects", args=[upload.pk]),
            may_write=self.may_write(request, upload),
            runs=runs,
            works=[(run, in_words(run.kind)) for run in runs],
            is_moving=any(not run.is_finished for run in runs) or upload.status == "queued",
            live=live_urls(request),
            stream=company_stream(upload.company_id),
            seq=seq,
        )
        return TemplateResponse(request, "admin/ingestion/show_upload.html", context)

    def page(self, request: HttpRequest, **shown: Any) -> dict[str, Any]:
        """Return what every page of the admin shows, and this page's own."""
        frame = self.admin_site.each_context(request)
        return {**frame, "opts": self.opts, "has_add_permission": False, **shown}

    @display(description="File")
    def file(self, upload: Upload) -> str:
        """Name the file."""
        return str(upload)

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, upload: Upload) -> str:
        """Show the status as a badge."""
        return upload.status

    @display(description="Rows")
    def raw(self, upload: Upload) -> str:
        """Count the rows of the file."""
        return counted(upload, "raw")

    @display(description="Read")
    def processed(self, upload: Upload) -> str:
        """Count the rows that could be read."""
        return counted(upload, "processed")

    @display(description="Rejected")
    def failed(self, upload: Upload) -> str:
        """Count the rows that failed, so that it catches the eye."""
        text = counted(upload, "failed")
        return format_html('<strong class="jb-bad">{}</strong>', text) if text != "0" else text

    @display(description="New")
    def loaded(self, upload: Upload) -> str:
        """Count the jobs that are new."""
        return counted(upload, "loaded")

    @display(description="Updated")
    def updated(self, upload: Upload) -> str:
        """Count the jobs that changed."""
        return counted(upload, "updated")

    @display(description="Known")
    def duplicates(self, upload: Upload) -> str:
        """Count the rows that say nothing new."""
        return counted(upload, "duplicates")

    @display(description="Sent", ordering="created_at")
    def sent(self, upload: Upload) -> SafeString | str:
        """Say when it came."""
        return moment(upload.created_at)

    @display(description="Bad rows", ordering="mode")
    def rule(self, upload: Upload) -> str:
        """Say what bad rows do to the good ones."""
        return "refuse the file" if upload.mode == Upload.Mode.ALL_OR_NOTHING else "are left out"


def counted(upload: Upload, name: str) -> str:
    """Add up one column of the books of a file, from what was prefetched."""
    passes: list[Processing] = list(upload.collection.processings.all())
    return f"{sum(getattr(one, name) for one in passes):,}"


def writable_companies(request: HttpRequest) -> QuerySet[Company]:
    """Return the companies a person may upload for."""
    principal = principal_of(request)
    rows = Company.objects.order_by("name")
    return rows if principal.is_staff else rows.filter(pk__in=principal.writable_ids)


def runs_of(upload: Upload) -> list[Run]:
    """Return the runs that read and load a file, in the order they were started."""
    by_file = Run.objects.filter(
        company=upload.company_id,
        kind="ingestion.process",
        args__collection_id=str(upload.collection_id),
    )
    first = by_file.order_by("created_at").first()
    if first is None:
        return []
    family = Run.objects.of_family(first.root_id).filter(kind__startswith="ingestion.")
    return list(family.filter(created_at__gte=first.created_at).order_by("created_at")[:10])
