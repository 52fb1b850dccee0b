"""Pages on which recruiters write postings, change and copy them, and look at their history."""

from typing import Any, Protocol

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from ingestion.actions import editing as actions
from ingestion.errors import NewerVersion
from ingestion.forms.postings import (
    CloseForm,
    CompanyForm,
    CopiesForm,
    PostingForm,
    TemplateForm,
)
from ingestion.models import Job, PostingTemplate
from ingestion.reports import versions as reports
from ingestion.reports.postings import CELLS, posting_of, understood
from ingestion.rules.normalise import Issue, RowRejected, normalise
from ingestion.rules.writing import raw_posting, written_of
from jobly.errors import JoblyError
from jobly.users.admin.scoped import actor_of
from jobly.users.models import Company, User, principal_of

Understood = tuple[list[tuple[str, str]], list[Issue]]


class Pages(Protocol):
    """The admin of jobs, as these pages use it."""

    def mine(self, request: HttpRequest, pk: int) -> Job:
        """Return a job of the person's companies."""

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person may change it."""

    def page(self, request: HttpRequest, **shown: Any) -> dict[str, Any]:
        """Return what every page shows."""

    def tell(self, request: HttpRequest, text: str, *, ok: bool = True) -> None:
        """Show one line about what happened."""


def write(pages: Pages, request: HttpRequest) -> HttpResponse:
    """Write a new posting: empty, from a template, or like another job."""
    companies = writable_companies(request)
    company = _company(request, companies)
    initial = _beginning(pages, request, company)
    sent = request.POST if request.method == "POST" else None
    form = PostingForm(sent, initial=initial, people=people_of(company))
    read: Understood | None = None
    if form.is_valid():
        read = read_back(form, company)
        if "check" not in request.POST and (job := _made(request, company, form)):
            return _saved(pages, request, job, read)
    context = pages.page(
        request,
        title="Write a posting",
        form=form,
        company=company,
        company_form=CompanyForm(companies=companies, initial={"company": company}),
        has_choice=companies.count() > 1,
        templates=PostingTemplate.objects.filter(company=company),
        read=read,
        kept=request.GET.urlencode(),
    )
    return TemplateResponse(request, "admin/ingestion/write_job.html", context)


def _made(request: HttpRequest, company: Company, form: PostingForm) -> Job | None:
    try:
        return actions.write_posting(
            company,
            form.text,
            form.desk,
            actor=actor_of(request),
            is_live="draft" not in request.POST,
        )
    except JoblyError as wrong:
        _add_errors(form, wrong)
        return None


def edit(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Change a job; who saved meanwhile is named, and nothing typed is lost."""
    job = _writable(pages, request, pk)
    initial = written_of(posting_of(job)).to_dict() | _desk_values(job)
    sent = request.POST if request.method == "POST" else None
    base = _number(request.POST.get("base")) if sent else actions.newest_version(job)
    form = PostingForm(sent, initial=initial, people=people_of(job.company))
    read: Understood | None = None
    newer: NewerVersion | None = None
    if form.is_valid():
        read = read_back(form, job.company)
        if "check" not in request.POST:
            try:
                changed = actions.Edit(
                    form.text, form.desk, form.touched, base, request.POST.get("why", "")[:500]
                )
                job = actions.edit_posting(job, changed, actor=actor_of(request))
                return _saved(pages, request, job, read)
            except NewerVersion as wrong:
                newer, base = wrong, wrong.context["newest"]
            except JoblyError as wrong:
                _add_errors(form, wrong)
    context = pages.page(
        request,
        title=f"Edit {job.title}",
        original=job,
        form=form,
        base=base,
        newer=newer,
        conflicts=_conflicts(form, initial) if newer else [],
        read=read,
        why=request.POST.get("why", ""),
    )
    return TemplateResponse(request, "admin/ingestion/write_job.html", context)


def _conflicts(form: PostingForm, now: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (field, what it says now, what was typed) where a person's change meets another's."""
    found = []
    for bound in form.texts():
        typed, current = str(bound.value() or ""), str(now.get(bound.name) or "")
        before = str(form.data.get(form.add_initial_prefix(bound.name)) or "")
        meets = bound.name in form.touched and current.splitlines() != before.splitlines()
        if meets and typed.splitlines() != current.splitlines():
            found.append((str(bound.label), current, typed))
    return found


def _saved(pages: Pages, request: HttpRequest, job: Job, read: Understood) -> HttpResponse:
    """Lead to the job, or to where the form says, and name what could not be understood."""
    for issue in read[1]:
        messages.warning(request, f"Saved without it: {issue.message}")
    pages.tell(request, f"“{job.title}” is saved.")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("admin:ingestion_job_change", job.pk)


def history(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the versions of a job, and what lies between any two of them."""
    job = pages.mine(request, pk)
    lines = reports.history(job)
    newest = lines[0].version.number if lines else 0
    second = _number(request.GET.get("to")) or newest
    first = _number(request.GET.get("from")) or max(1, second - 1)
    context = pages.page(
        request,
        title=f"History of {job.title}",
        original=job,
        lines=lines,
        first=first,
        second=second,
        found=reports.compared(job, first, second) if lines else None,
        may_write=pages.may_write(request, job),
    )
    return TemplateResponse(request, "admin/ingestion/show_history.html", context)


def restore(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Bring back an earlier version."""
    job = _posted(pages, request, pk)
    number = _number(request.POST.get("number"))
    try:
        actions.restore_version(job, number, actor=actor_of(request))
        pages.tell(request, f"Version {number} is back. What was there before is a version too.")
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
    return redirect("admin:ingestion_job_versions", job.pk)


def copies(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Copy a job to places: first shown as understood, then made, all or none."""
    job = _writable(pages, request, pk)
    form = CopiesForm(request.POST if request.method == "POST" else None)
    planned: list[dict[str, str]] = []
    if form.is_valid():
        wanted = form.cleaned_data["places"]
        own = posting_of(job)
        planned = [
            {"typed": place, **understood(actions.placed(own, place, language, number))}
            for number, (place, language) in enumerate(wanted, start=1)
        ]
        if "make" in request.POST:
            try:
                made = actions.replicate(
                    job, wanted, actor=actor_of(request), is_live=form.cleaned_data["is_live"]
                )
                pages.tell(request, f"{len(made)} cop{'y' if len(made) == 1 else 'ies'} made.")
                return redirect("admin:ingestion_job_changelist")
            except JoblyError as wrong:
                _add_errors(form, wrong)
    context = pages.page(
        request, title=f"Copy {job.title}", original=job, form=form, planned=planned
    )
    return TemplateResponse(request, "admin/ingestion/copy_job.html", context)


def close(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Close a job for a reason."""
    job = _posted(pages, request, pk)
    form = CloseForm(request.POST)
    why = form.cleaned_data["why"] if form.is_valid() else ""
    return _moved(
        pages, request, job, lambda: actions.close_posting(job, actor=actor_of(request), why=why)
    )


def reopen(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Open a draft, or a job that was closed."""
    job = _posted(pages, request, pk)
    return _moved(pages, request, job, lambda: actions.open_posting(job, actor=actor_of(request)))


def _moved(pages: Pages, request: HttpRequest, job: Job, change: Any) -> HttpResponse:
    try:
        change()
        pages.tell(request, f"“{job.title}” is {job.status} now.")
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
    return redirect("admin:ingestion_job_change", job.pk)


def keep_template(pages: Pages, request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a job's words as the beginning of new postings."""
    job = _posted(pages, request, pk)
    form = TemplateForm(request.POST)
    if form.is_valid() and job.company is not None:
        fields = written_of(posting_of(job)).to_dict() | {"reference": "", "closes": ""}
        name = form.cleaned_data["name"]
        actions.save_template(job.company, name, fields, actor=actor_of(request))
        pages.tell(request, f"The template “{name}” is kept; new postings may begin with it.")
    else:
        pages.tell(request, "Name the template; nothing was kept.", ok=False)
    return redirect("admin:ingestion_job_change", job.pk)


def drop_template(pages: Pages, request: HttpRequest, template_id: int) -> HttpResponse:
    """Forget a template."""
    companies = writable_companies(request)
    rows = PostingTemplate.objects.filter(company__in=companies, pk=template_id)
    template = rows.first() if request.method == "POST" else None
    if template is None:
        raise Http404
    actions.delete_template(template)
    pages.tell(request, f"The template “{template}” is gone; jobs made of it stay.")
    return redirect(f"{reverse('admin:ingestion_job_add')}?company={template.company_id}")


def read_back(form: PostingForm, company: Company | None) -> Understood:
    """Return what the rules make of a form: fields in words, and what they could not read."""
    name = company.name if company else ""
    try:
        posting, issues = normalise(
            raw_posting(form.text), now=timezone.now(), default_employer=name
        )
    except RowRejected as wrong:
        return [], [Issue(wrong.field, wrong.code, wrong.message)]
    told = [(label, text) for label, text in understood(posting).items() if label in CELLS]
    once = {issue.message: issue for issue in issues if issue.field != "employer"}
    return told, list(once.values())


def writable_companies(request: HttpRequest) -> QuerySet[Company]:
    """Return the companies a person may write for."""
    principal = principal_of(request)
    rows = Company.objects.order_by("name")
    return rows if principal.is_staff else rows.filter(pk__in=principal.writable_ids)


def people_of(company: Company | None) -> QuerySet[User]:
    """Return who works for a company."""
    return User.objects.filter(memberships__company=company, is_active=True).order_by("name")


def _company(request: HttpRequest, companies: QuerySet[Company]) -> Company:
    """Return whose posting it will be: the one asked for, else the person's first."""
    form = CompanyForm({"company": request.GET.get("company", "")}, companies=companies)
    if form.is_valid():
        chosen: Company = form.cleaned_data["company"]
        return chosen
    company = companies.first()
    if company is None or request.GET.get("company"):
        raise Http404
    return company


def _beginning(pages: Pages, request: HttpRequest, company: Company) -> dict[str, Any]:
    """Return what the form of a new posting begins with."""
    actor = actor_of(request)
    mine = actor if actor and people_of(company).filter(pk=actor.pk).exists() else None
    known: dict[str, Any] = {"openings": 1, "is_public": True, "owner": mine, "recruiter": mine}
    if number := _number(request.GET.get("like")):
        job = pages.mine(request, number)
        text = written_of(posting_of(job)).to_dict()
        return known | text | {"reference": "", "closes": ""}
    if number := _number(request.GET.get("template")):
        template = PostingTemplate.objects.filter(company=company, pk=number).first()
        return known | (template.fields if template else {})
    return known


def _desk_values(job: Job) -> dict[str, Any]:
    desk = actions.desk_of(job)
    return {
        "owner": desk.owner_id,
        "recruiter": desk.recruiter_id,
        "openings": desk.openings,
        "is_hot": desk.is_hot,
        "is_public": desk.is_public,
        "notes": desk.notes,
    }


def _add_errors(form: Any, wrong: JoblyError) -> None:
    """Put what an action refused beside the fields it is about."""
    form.add_error(None, wrong.message)
    for name, texts in wrong.fields.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


def _writable(pages: Pages, request: HttpRequest, pk: int) -> Job:
    """Return a company's own job that the person may change."""
    job = pages.mine(request, pk)
    if job.company_id is None or not pages.may_write(request, job):
        raise PermissionDenied
    return job


def _posted(pages: Pages, request: HttpRequest, pk: int) -> Job:
    """Return a job that a form of its page changes; a bare link changes nothing."""
    if request.method != "POST":
        raise Http404
    return _writable(pages, request, pk)


def _number(text: str | None) -> int:
    """Read a number that a page sent; 0 for what is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else 0  # noqa: PLR2004 # digits
