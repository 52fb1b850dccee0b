"""The page one applies at: no account, one form; works without scripts."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from distribution.actions import applying as actions
from distribution.forms.applying import ApplyForm
from distribution.reports import applying as reports
from distribution.reports.attribution import visitors_before
from distribution.reports.links import job_behind
from distribution.rules.clicks import MOST_AGENT, reader_of
from ingestion.models import Job
from jobly import limits
from jobly.callers import client_ip
from jobly.errors import JoblyError
from jobly.live import web_origin
from jobly.users.models import principal_of

MOST_SENT = 40 << 20  # bytes of one form with its files; more is not read at all
HOUR = timedelta(hours=1)
SENT, TRIED = 10, 60  # an hour from one address: applications for one job, forms of any
TOO_OFTEN = (
    "From your network many applications came in a short time. Nothing was sent;"
    " what you typed is still here. Please send it again in {} minutes."
)


@csrf_exempt  # only so that a huge body is refused before it is read; see below
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def apply(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """Show the form for one job, or take it."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.method == "POST" and (not length.isdecimal() or int(length) > MOST_SENT):
        shown = {"most": MOST_SENT >> 20}
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return render(request, "distribution/send_less.html", shown, status=status)
    return _guarded(request, pk, slug)


@csrf_protect
def _guarded(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    rows = Job.objects.visible_to(principal_of(request)).select_related("employer", "company")
    job = rows.filter(pk=pk).first() or job_behind(pk, request.GET.get("via", ""))
    if job is None or job.status == Job.Status.DRAFT:
        raise Http404("There is no such job, or nobody can apply for it yet.")
    if slug != job.slug:
        query = request.GET.urlencode()
        page = reverse("apply", args=[job.pk, job.slug])
        return redirect(f"{page}?{query}" if query else page, permanent=True)
    if not job.takes_applications:
        return _ended(request, job)
    target = reports.elsewhere(job)
    if target or job.company_id is None:
        shown = {"job": job, "target": target}
        return render(request, "distribution/apply_elsewhere.html", shown)
    return _form(request, job)


def _ended(request: HttpRequest, job: Job) -> HttpResponse:
    """Say that it is too late, and what else there is."""
    if job.status == Job.Status.REMOVED:
        return render(request, "ingestion/show_removed_job.html", status=HTTPStatus.GONE)
    similar = Job.objects.visible_to(principal_of(request)).like(job)
    shown = {"job": job, "similar": similar}
    return render(request, "distribution/too_late.html", shown, status=HTTPStatus.GONE)


def _form(request: HttpRequest, job: Job) -> HttpResponse:
    questions = reports.questions_of(job)
    if request.method != "POST":
        return _shown(request, job, ApplyForm(questions=questions))
    form = ApplyForm(request.POST, request.FILES, questions=questions)
    if wait := _wait(request, job, form):
        form.add_error(None, TOO_OFTEN.format(max(1, round(wait.total_seconds() / 60))))
        answer = _shown(request, job, form, HTTPStatus.TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(max(1, int(wait.total_seconds())))
        return answer
    if not form.is_valid():
        return _shown(request, job, form, HTTPStatus.BAD_REQUEST)
    sent = form.application(request.GET.get("via", ""), _visitors(request))
    try:
        row, is_new = actions.apply(job, sent, origin=web_origin(request))
    except JoblyError as wrong:
        form.add_error(None, f"{wrong.message} What you typed is still here.")
        return _shown(request, job, form, HTTPStatus(wrong.status))
    page = reverse("application", args=[row.secret])
    return redirect(f"{page}?{'sent' if is_new else 'again'}=1")


def _wait(request: HttpRequest, job: Job, form: ApplyForm) -> timedelta:
    """Count what one address sends; return how long it has to wait, zero = not at all."""
    address = client_ip(request)
    wait = limits.take(f"apply:{address}", limit=TRIED, window=HOUR)
    if wait or not form.is_valid():
        return wait
    return limits.take(f"apply:{address}:{job.pk}", limit=SENT, window=HOUR)


def _visitors(request: HttpRequest) -> list[str]:
    """Return what the sender may have been known by at earlier clicks; who minds is not asked."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if reader_of("GET", headers) != "person":
        return []
    agent = headers.get("user-agent", "")[:MOST_AGENT]
    return visitors_before(timezone.now(), address=client_ip(request), agent=agent)


def _shown(
    request: HttpRequest, job: Job, form: ApplyForm, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    """Show the form with what was typed."""
    shown: dict[str, Any] = {"job": job, "form": form, "terms": reports.terms_of(job)}
    return render(request, "distribution/apply_for_job.html", shown, status=status)
