"""Admin of suggestions: look at jobs, see each field beside what it would become, decide."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from ingestion.actions.enriching import KIND, start_enrichment
from ingestion.actions.suggesting import accept_safe, accept_suggestion, reject_suggestion
from ingestion.models import Job, Suggestion, Upload
from ingestion.reports.suggestions import (
    WORDS,
    as_shown,
    estimate,
    jobs_of_upload,
    rows_of,
    server_for,
    waiting,
)
from jobly.ai import configured_server
from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.runs.actions.admission import admit
from jobly.runs.models import Run
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.users.actions import allow_outside_model
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, actor_of, moment, of_one_row
from jobly.users.models import Company, principal_of
from jobly.users.reports import owned_companies

PAGE = 20  # jobs
MOST_JOBS = 200  # named in an address
LATEST = 5  # runs of a company among which the one of a page is looked for
STATUS_COLOURS = {"accepted": "success", "rejected": "secondary", "superseded": "info"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The jobs of one company that a page is about: of a file, or named one by one."""

    company: Company
    jobs: QuerySet[Job]
    name: str
    query: str

    @property
    def url(self) -> str:
        """The address of the page about them."""
        return f"{reverse('admin:ingestion_suggestion_look')}?{self.query}"


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnlyAdmin):
    """What was suggested for the company's jobs, and what was decided about it."""

    company_lookup = "job__company"
    list_display = ("field_name", "job_title", "now", "then", "state", "decided", "company")
    list_filter = (
        "status",
        ("is_safe", admin.BooleanFieldListFilter),
        "field",
        CompanyFilter,
    )
    list_select_related = ("job__company", "decided_by", "enrichment")
    search_fields = ("job__title",)
    search_help_text = "Title of the job"
    ordering = ("-pk",)
    actions = ("accept_selected", "reject_selected")
    intro = "Suggestions come when you look at a file or a job; nothing changes before you say so."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Suggestion]:
        """Keep those of companies' jobs, with what a row shows."""
        rows: QuerySet[Suggestion] = super().get_queryset(request)
        return rows.filter(job__company__isnull=False)

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which they are decided."""
        view = self.admin_site.admin_view(self.look)
        return [path("look/", view, name="ingestion_suggestion_look"), *super().get_urls()]

    @of_one_row
    def change_view(self, request: HttpRequest, suggestion: Suggestion) -> HttpResponse:
        """Show the job of one suggestion with all that waits for it."""
        job = suggestion.job
        if job.company is None:  # the public catalogue gets no suggestions
            raise Http404
        jobs = Job.objects.filter(pk=job.pk)
        choice = Choice(job.company, jobs, job.title, f"job={job.pk}")
        return self.show(request, choice)

    def look(self, request: HttpRequest) -> HttpResponse:
        """Show jobs with what is suggested for them, or carry out what somebody decided."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        choice = choice_of(request)
        if request.method != "POST":
            return self.show(request, choice)
        if not principal_of(request).may_write(choice.company.pk):
            raise PermissionDenied
        try:
            return self.carry_out(request, choice)
        except JoblyError as wrong:
            self.tell(request, wrong.message, ok=False)
            return redirect(choice.url)

    def carry_out(self, request: HttpRequest, choice: Choice) -> HttpResponseRedirect:
        """Do what a button says. Raises: JoblyError, after which nothing was changed."""
        verbs: dict[str, Callable[[HttpRequest, Choice, str], str]] = {
            "start": self.start,
            "accept": self.accept,
            "reject": self.reject,
            "accept_safe": self.accept_all_safe,
            "allow": self.allow,
        }
        for name, verb in verbs.items():
            if name in request.POST:
                return redirect(choice.url + verb(request, choice, request.POST[name]))
        raise Http404

    def start(self, request: HttpRequest, choice: Choice, _: str) -> str:
        """Start to look at the jobs."""
        admit(KIND, company_id=choice.company.pk)
        ids = list(choice.jobs.values_list("pk", flat=True))
        start_enrichment(choice.company, ids, actor=actor_of(request))
        return ""

    def accept(self, request: HttpRequest, choice: Choice, value: str) -> str:
        """Take one over and lead to the next."""
        suggestion = one_of(choice, value)
        accept_suggestion(suggestion, actor=actor_of(request))
        return following(choice, suggestion)

    def reject(self, request: HttpRequest, choice: Choice, value: str) -> str:
        """Turn one down and lead to the next."""
        suggestion = one_of(choice, value)
        reject_suggestion(suggestion, actor=actor_of(request))
        return following(choice, suggestion)

    def accept_all_safe(self, request: HttpRequest, choice: Choice, value: str) -> str:
        """Take over all safe ones: of one job, or of all of the page's choice."""
        jobs = choice.jobs
        if value.isdigit():
            jobs = jobs.filter(pk=int(value))
        done = accept_safe(jobs.values_list("pk", flat=True), actor=actor_of(request))
        self.tell(request, f"{done.accepted} suggestions taken over for {done.jobs} jobs.")
        if done.stale:
            words = "left, because their jobs changed since: look at those again."
            self.tell(request, f"{done.stale} were {words}", ok=False)
        return ""

    def allow(self, request: HttpRequest, choice: Choice, value: str) -> str:
        """Let texts go to the model server, or no longer; an owner's decision."""
        if choice.company not in owned_companies(principal_of(request)):
            raise PermissionDenied
        allow_outside_model(choice.company, allowed=value == "yes")
        return ""

    def show(self, request: HttpRequest, choice: Choice) -> HttpResponse:
        """Show the jobs of a choice, those with something to decide first."""
        company = choice.company
        seq = position(company_stream(company.pk))  # before the rows, so that none is missed
        open_ones = Suggestion.objects.open().filter(job=OuterRef("pk"))
        jobs = choice.jobs.annotate(waits=Exists(open_ones)).order_by("-waits", "pk")
        jobs = jobs.select_related("employer").defer("description_html", "description_text")
        page = Paginator(jobs, PAGE).get_page(request.GET.get("p"))
        run = run_of(choice)
        server = configured_server()
        context = self.page(
            request,
            title=f"Suggestions: {choice.name}",
            choice=choice,
            counts=waiting(choice.jobs),
            page=page,
            rows=rows_of(page.object_list),
            server=server,
            asks_model=server_for(company) is not None,
            estimate=estimate(company, choice.jobs),
            may_write=principal_of(request).may_write(company.pk),
            may_allow=company in owned_companies(principal_of(request)),
            run=run,
            is_moving=run is not None and not run.is_finished,
            live=live_urls(request),
            stream=company_stream(company.pk),
            seq=seq,
        )
        return TemplateResponse(request, "admin/ingestion/suggestions.html", context)

    @admin.action(description="Accept the selected suggestions", permissions=["work"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        """Take each over; one that is out of date or decided stays as it is."""
        self.each(request, queryset, accept_suggestion, done="taken over")

    @admin.action(description="Reject the selected suggestions", permissions=["work"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Suggestion]) -> None:
        """Turn each down."""
        self.each(request, queryset, reject_suggestion, done="turned down")

    @display(description="Field", ordering="field")
    def field_name(self, row: Suggestion) -> str:
        """Name the field in people's words."""
        return WORDS.get(row.field, row.field)

    @display(description="Job", ordering="job__title")
    def job_title(self, row: Suggestion) -> str:
        """Name the job."""
        return row.job.title

    @display(description="Was")
    def now(self, row: Suggestion) -> str:
        """Say what the field held when this was suggested."""
        return as_shown(row).now or "nothing"

    @display(description="Suggested")
    def then(self, row: Suggestion) -> str:
        """Say what was suggested."""
        return as_shown(row).then

    @display(description="Status", label=STATUS_COLOURS | {"safe": "success", "open": "warning"})
    def state(self, row: Suggestion) -> str:
        """Show the status as a badge; of an open one, whether it is safe."""
        return "safe" if row.status == "open" and row.is_safe else row.status

    @display(description="Decided", ordering="decided_at")
    def decided(self, row: Suggestion) -> str:
        """Say when."""
        return moment(row.decided_at, "not yet")

    @display(description="Company", ordering="job__company")
    def company(self, row: Suggestion) -> str:
        """Say whose job it is."""
        return str(row.job.company)


def choice_of(request: HttpRequest) -> Choice:
    """Return the jobs that an address names, as far as the person may see them, or raise Http404.

    Jobs of the public catalogue are nobody's to edit; jobs of two companies are two choices.
    """
    principal = principal_of(request)
    if found := request.GET.get("upload"):
        try:
            rows = Upload.objects.visible_to(principal).select_related("company", "collection")
            upload = get_object_or_404(rows, pk=UUID(found))
        except (ValueError, ValidationError) as exc:
            raise Http404 from exc
        query = urlencode({"upload": str(upload.pk)})
        return Choice(upload.company, jobs_of_upload(upload), str(upload), query)
    ids = [int(pk) for pk in request.GET.getlist("job")[:MOST_JOBS] if pk.isdigit()][:MOST_JOBS]
    jobs = Job.objects.filter(pk__in=[pk for pk in ids if pk < 1 << 63])
    if not principal.is_staff:
        jobs = jobs.filter(company__in=principal.company_ids)
    first = jobs.filter(company__isnull=False).select_related("company").order_by("pk").first()
    if first is None or first.company is None:
        raise Http404
    jobs = jobs.filter(company=first.company)
    name = first.title if len(ids) == 1 else f"{len(ids)} jobs"
    return Choice(first.company, jobs, name, urlencode({"job": ids}, doseq=True))


def one_of(choice: Choice, value: str) -> Suggestion:
    """Return one suggestion for the jobs of a choice, or raise Http404."""
    if not value.isdigit() or len(value) > 18:  # noqa: PLR2004 # digits of a bigint
        raise Http404
    rows = Suggestion.objects.filter(job__in=choice.jobs.values("pk"))
    return get_object_or_404(rows, pk=int(value))


def following(choice: Choice, suggestion: Suggestion) -> str:
    """Return the fragment of what is decided next: of the same job, or of the next one."""
    rows = Suggestion.objects.open().filter(job__in=choice.jobs.values("pk"))
    later = rows.filter(job__gte=suggestion.job_id).order_by("job", "pk")
    found = later.first() or rows.order_by("job", "pk").first()
    return f"#s{found.pk}" if found else ""


def run_of(choice: Choice) -> Run | None:
    """Return the latest run that looked at jobs of this choice."""
    rows = Run.objects.filter(kind=KIND, company=choice.company).order_by("-created_at")
    first = choice.jobs.order_by("pk").values_list("pk", flat=True).first()
    return next((run for run in rows[:LATEST] if first in run.args.get("job_ids", ())), None)
