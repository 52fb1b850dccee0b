"""Admin of recruiters' files: send one, see what became of each row, publish what was good."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.actions.collections import Arrival, store_upload
from ingestion.forms.uploads import UploadForm
from ingestion.models import Upload
from ingestion.reports.books import upload_books, upload_counts
from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.runs.actions.admission import admit
from jobly.runs.models import Run
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, actor_of, moment, of_one_row
from jobly.users.models import Company, principal_of

from . import intake

STATUS_COLOURS = {
    "draft": "warning",
    "checking": "info",
    "checked": "warning",
    "queued": "info",
    "loaded": "success",
    "refused": "danger",
    "discarded": "secondary",
}


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
    intro = "A file becomes jobs when you have seen its rows and say so; bad rows stay out."
    add_words = "Upload a file"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        """Fetch the books in one more query for all rows."""
        return super().get_queryset(request).prefetch_related("collection__processings")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let everybody upload who may write to a company."""
        return self.has_work_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of a draft."""
        pages: dict[str, Callable[..., HttpResponse]] = {
            "columns": intake.columns,
            "rows": intake.rows,
            "likes": intake.likes,
            "import": intake.let_in,
            "discard": intake.put_away,
            "resume": intake.take_up,
        }
        own = [
            path(
                f"<uuid:pk>/{name}/",
                self.admin_site.admin_view(partial(view, self)),
                name=f"ingestion_upload_{name}",
            )
            for name, view in pages.items()
        ]
        return [*own, *super().get_urls()]

    def mine(self, request: HttpRequest, pk: UUID) -> Upload:
        """Return a file the person may see; a foreign one is as unknown as a missing one."""
        rows = self.get_queryset(request).select_related("company", "collection__artifact")
        upload: Upload | None = rows.filter(pk=pk).first()
        if upload is None or not self.has_view_permission(request, upload):
            raise Http404
        return upload

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take in a file, then ask what its columns hold."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        companies = writable_companies(request)
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*sent, companies=companies)
        upload = None
        if form.is_valid():
            try:
                upload = self._store(request, form.cleaned_data)
            except JoblyError as wrong:
                form.add_error("file", wrong.message)
        if request.headers.get("Accept") == "application/json":  # the script that shows progress
            return _as_json(form, upload)
        if upload is not None:
            return intake.to_step(upload)
        context = self.page(request, title="Upload a file", form=form, step=1)
        return TemplateResponse(request, "admin/ingestion/upload_file.html", context)

    def _store(self, request: HttpRequest, sent: dict[str, Any]) -> Upload:
        """Store the file as a draft; a refused one has a page that says why."""
        admit("ingestion.process", company_id=sent["company"].pk)
        arrival = Arrival(sent["file"].file, sent["file"].name or "", held=True)
        return store_upload(sent["company"], arrival, actor=actor_of(request))

    @of_one_row
    def change_view(self, request: HttpRequest, upload: Upload) -> HttpResponse:
        """Show one file: progress, books, the first rejects, what to do next."""
        if intake.step_of(upload) and self.may_write(request, upload):
            return intake.to_step(upload)
        moving = self.moving(request, upload)
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
            **moving,
        )
        return TemplateResponse(request, "admin/ingestion/show_upload.html", context)

    def moving(self, request: HttpRequest, upload: Upload) -> dict[str, Any]:
        """Return the runs of a file, and where the page hears of them."""
        seq = position(company_stream(upload.company_id))  # before the rows, so that none is missed
        runs = runs_of(upload)
        is_waiting = upload.status in (Upload.Status.QUEUED, Upload.Status.CHECKING)
        broken = [run for run in runs if run.status in (Run.Status.FAILED, Run.Status.CANCELLED)]
        return {
            "runs": runs,
            "works": [(run, in_words(run.kind)) for run in runs],
            "is_moving": any(not run.is_finished for run in runs) or (is_waiting and not broken),
            "broken": broken[0] if broken and is_waiting else None,
            "live": live_urls(request),
            "stream": company_stream(upload.company_id),
            "seq": seq,
        }

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
    """Show one column of the books of a file, from what was prefetched."""
    return f"{upload_counts(upload)[name]:,}"


def writable_companies(request: HttpRequest) -> QuerySet[Company]:
    """Return the companies a person may upload for."""
    principal = principal_of(request)
    rows = Company.objects.order_by("name")
    return rows if principal.is_staff else rows.filter(pk__in=principal.writable_ids)


def runs_of(upload: Upload) -> list[Run]:
    """Return the runs that read, compare and load a file, in the order they were started."""
    mine = Run.objects.filter(company=upload.company_id)
    passes = [str(one.pk) for one in upload.collection.processings.all()]
    loads = mine.filter(kind="ingestion.load", args__processing_id__in=passes)
    family = Q(pk=upload.run_id) | Q(root_id=upload.run_id, kind__startswith="ingestion.")
    wanted = family | Q(pk__in=loads.values("pk")) if passes else family
    return list(mine.filter(wanted).order_by("created_at")[:10]) if upload.run_id else []


def _as_json(form: UploadForm, upload: Upload | None) -> JsonResponse:
    """Say to a script where the file's page is, or what is wrong with the form."""
    if upload is None:
        errors = [str(text) for texts in form.errors.values() for text in texts]
        return JsonResponse({"errors": errors}, status=400)
    name = intake.step_of(upload) or "change"
    return JsonResponse({"url": reverse(f"admin:ingestion_upload_{name}", args=[upload.pk])})
