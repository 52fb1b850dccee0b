"""The page behind an applicant's own link: how it stands, take it back, have the data erased."""

from datetime import timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from distribution.actions import applicants as actions
from distribution.actions import erasing
from distribution.models import Applicant
from distribution.reports.personal import archive_of, own_view
from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.errors import JoblyError

LOOKS = 60  # a minute from one address
MOST_SECRET = 48  # characters


@require_http_methods(["GET", "HEAD"])
@never_cache
def show(request: HttpRequest, secret: str) -> HttpResponse:
    """Show how an application stands, in words for the person who sent it."""
    if wait := _wait(request):
        return too_many(request, wait)
    row = _row(secret)
    if row.erased_at is not None:
        return render(request, "distribution/erased.html", {"row": row}, status=HTTPStatus.GONE)
    shown = own_view(row) | {"is_new": "sent" in request.GET, "is_again": "again" in request.GET}
    return render(request, "distribution/show_application.html", shown)


@require_POST
@never_cache
def withdraw(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the application back."""
    if wait := _wait(request):
        return too_many(request, wait)
    row = _row(secret)
    try:
        actions.withdraw(row)
    except JoblyError as wrong:
        return _say(request, row, wrong.message)
    return redirect("application", secret)


@require_POST
@never_cache
def erase(request: HttpRequest, secret: str) -> HttpResponse:
    """Have all data of the application erased; asks for a tick, as there is no way back."""
    if wait := _wait(request):
        return too_many(request, wait)
    row = _row(secret)
    if request.POST.get("sure") != "yes":
        return _say(request, row, "Tick the box first: what is erased cannot be brought back.")
    erasing.ask(row, why="asked", actor=None)
    return HttpResponseRedirect(f"{request.path.removesuffix('erase/')}?erasing=1")


@require_safe
@never_cache
def download(request: HttpRequest, secret: str) -> HttpResponse:
    """Give the person a file of all that is kept of the application."""
    if wait := _wait(request):
        return too_many(request, wait)
    row = _row(secret)
    answer = HttpResponse(archive_of(row, whole=False), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="application-{row.pk}.zip"'
    return answer


def _row(secret: str) -> Applicant:
    """Find the application of a link; whoever has the link is the person."""
    rows = Applicant.objects.by_secret(secret[:MOST_SECRET])
    return get_object_or_404(rows.select_related("job__employer", "company"))


def _say(request: HttpRequest, row: Applicant, text: str) -> HttpResponse:
    shown = own_view(row) | {"wrong": text}
    status = HTTPStatus.CONFLICT
    return render(request, "distribution/show_application.html", shown, status=status)


def _wait(request: HttpRequest) -> timedelta:
    return limits.take(f"application:{client_ip(request)}", limit=LOOKS, window=limits.MINUTE)
