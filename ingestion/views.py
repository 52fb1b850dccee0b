"""The public pages of the catalogue: search, and one job."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.http import require_safe

from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.live import web_origin
from jobly.users.models import principal_of
from jobly.users.rules import Principal

from .filtersets import JobFilter
from .forms.search import HIGHEST_PAY, MAX_PAGE, NEWEST, Chip, SearchForm
from .models import Job
from .models.catalogue import JobQuerySet
from .reports.reality import reality
from .rules import display, jsonld
from .rules.html import sanitise

PAGE_SIZE = 20
EXACT_UP_TO = 10_000  # rows that are counted; beyond it a page says "10,000+"
SEARCHES = 120  # a minute from one address; a person leafs slower
DESCRIPTION = 155  # characters that search engines show


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results and where it stands among the others."""

    jobs: list[Job]
    number: int
    has_more: bool
    count: int

    @property
    def is_exact(self) -> bool:
        """Whether every row was counted."""
        return self.count <= EXACT_UP_TO

    @property
    def shown(self) -> int:
        """The number to show; with a plus behind it when it is not exact."""
        return min(self.count, EXACT_UP_TO)

    @property
    def first(self) -> int:
        """The place of the page's first job, from 1."""
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The place of the page's last job."""
        return self.first + len(self.jobs) - 1


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A wider search: where it is, what changes, and how many jobs there are."""

    words: str
    label: str
    query: str
    count: int
    is_exact: bool


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the jobs one can apply to, narrowed by the query string, newest first."""
    if wait := limits.take(f"search:{client_ip(request)}", limit=SEARCHES, window=limits.MINUTE):
        return too_many(request, wait)
    form = _form(request.GET.urlencode())
    live = Job.objects.visible_to(principal_of(request)).live().without_copies()
    found = _page(_narrowed(live.with_sources(), form), form.page_number)
    if found.number > 1 and not found.jobs:
        return redirect(f"/?{form.query()}")
    chips = form.chips(employer=found.jobs[0].employer.name if found.jobs else "")
    told: dict[str, Any] = {"form": form, "found": found, "chips": chips}
    if not found.jobs:
        told |= {"is_first_run": not live.exists(), "relaxations": _relaxations(live, chips)}
    told |= _links(form, found)
    return render(request, "ingestion/search_jobs.html", told)


def _narrowed(rows: JobQuerySet, form: SearchForm) -> QuerySet[Job]:
    """Keep what the filters keep, in the order asked for."""
    if form.order == HIGHEST_PAY:
        rows = rows.order_by(F("salary_annual_max").desc(nulls_last=True), "-pk")
    else:
        rows = rows.newest()
    kept: QuerySet[Job] = JobFilter(form.narrowing(), queryset=rows).qs
    return kept


def _page(rows: QuerySet[Job], number: int) -> Found:
    """Cut out one page; one row more than shown tells whether there is a next one."""
    start = (number - 1) * PAGE_SIZE
    jobs = list(rows[start : start + PAGE_SIZE + 1])
    more = len(jobs) > PAGE_SIZE
    count = _bounded_count(rows) if more or start else len(jobs)
    return Found(jobs[:PAGE_SIZE], number, more, count)


def _bounded_count(rows: QuerySet[Job]) -> int:
    """Count at most one row past the exact limit, whatever the table holds."""
    return rows.order_by()[: EXACT_UP_TO + 1].count()


def _relaxations(live: JobQuerySet, chips: list[Chip]) -> list[Relaxation]:
    """Say which filter leaves jobs when it goes, else which does alone; the most fruitful first."""
    without = [("Without", chip.label, chip.query) for chip in chips]
    alone = [("Only", chip.label, chip.alone) for chip in chips]
    for wider in (without, alone):
        counted = [(*one, _bounded_count(_narrowed(live, _form(one[2])))) for one in wider]
        found = [
            Relaxation(words, label, query, min(count, EXACT_UP_TO), count <= EXACT_UP_TO)
            for words, label, query, count in counted
            if count
        ]
        if found:
            return sorted(found, key=lambda wider: -wider.count)
    return []


def _form(query: str) -> SearchForm:
    """Read the form of a query string; what is wrong in it is named by its field, and unused."""
    form = SearchForm(QueryDict(query))
    form.is_valid()
    return form


def _links(form: SearchForm, found: Found) -> dict[str, str]:
    """Return the query strings of the pages around this one, and of other orders."""
    told = {"newest_query": form.query(ordering=NEWEST)}
    if form.cleaned_data.get("currency"):
        told["pay_query"] = form.query(ordering=HIGHEST_PAY)
    if found.number > 1:
        told["previous_query"] = form.query(page=found.number - 1)
    if found.has_more and found.number < MAX_PAGE:
        told["next_query"] = form.query(page=found.number + 1)
    elif found.has_more:
        told["pager_note"] = "There are more: narrow the search to see them."
    return told


@require_safe
def show_job(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """Show one job, or what is left to say of one that ended."""
    principal = principal_of(request)
    rows = Job.objects.visible_to(principal).with_sources().select_related("liveness")
    job = get_object_or_404(rows, pk=pk)
    if job.status == Job.Status.DRAFT and not _works_on(principal, job):
        raise Http404("A draft is its company's own.")
    if job.status == Job.Status.REMOVED:
        return render(request, "ingestion/show_removed_job.html", status=HTTPStatus.GONE)
    if slug != job.slug:
        query = request.GET.urlencode()  # such as what tells where somebody came from
        return redirect(f"{job.path}?{query}" if query else job.path, permanent=True)
    told = {
        "job": job,
        "target": _target(job),
        "similar": Job.objects.visible_to(principal).like(job),
    }
    told |= {"reality": reality(job)}
    return render(request, "ingestion/show_job.html", told | _for_crawlers(request, job))


def _works_on(principal: Principal, job: Job) -> bool:
    return principal.is_staff or job.company_id in principal.company_ids


def _target(job: Job) -> str:
    """Return where one applies: from the row alone, and only where a link may lead."""
    return display.outward(job.apply_url) or display.outward(job.url)


def _for_crawlers(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Return the canonical address and the markup; what ended or is private has no markup."""
    is_open = job.status == Job.Status.LIVE and (job.company_id is None or job.on_board)
    is_open = is_open and not job.is_copy
    shown = job.cluster.canonical if job.is_copy and job.cluster else job
    posting = jsonld.job_posting(_published(job), now=timezone.now()) if is_open else None
    return {
        "canonical": web_origin(request) + shown.path,
        "shown": shown,
        "summary": Truncator(job.description_text).chars(DESCRIPTION),
        "is_indexed": is_open,
        "json_ld": jsonld.as_script(posting) if posting else "",
    }


def _published(job: Job) -> jsonld.Published:
    """Return what the page of a job shows, for its markup."""
    return jsonld.Published(
        identifier=job.reference or str(job.pk),
        title=job.title,
        description_html=sanitise(job.description_html),
        description_text=job.description_text,
        employer=job.employer.name,
        employer_url=display.outward(job.employer.url),
        posted_at=job.posted_at or job.first_seen_at,
        expires_at=job.expires_at,
        city=job.city,
        region=job.region,
        country=job.country,
        remote=job.remote,
        employment_type=job.employment_type,
        target=_target(job) or (f"{job.path}apply/" if job.company_id else ""),
        direct=not _target(job),
        education=job.education,
        experience_months=job.experience_months,
        more_places=tuple(job.more_places),
        pay_min=job.salary_min,
        pay_max=job.salary_max,
        pay_currency=job.salary_currency,
        pay_period=job.salary_period,
        pay_stated=job.salary_source == "stated",
    )
