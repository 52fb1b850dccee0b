"""The matrix: jobs against boards, filling as the work goes on, with what to do about it."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from distribution.errors import NotDistributable
from distribution.models import Distribution
from distribution.reports.matrix import Scope, matrix, retryable, scope_of, standing_counts
from distribution.rules.selection import Wanted
from jobly.live import live_urls
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.users.models import Company, principal_of

MOST_DIGITS = 6  # of a page's number
MOST_COMPANIES = 200  # offered to those who see several


def show_matrix(request: HttpRequest) -> HttpResponse:
    """Show where the jobs of a run, a file or a filter stand on each board."""
    scope = scope_for(request)
    stream = company_stream(scope.company.pk)
    seq = position(stream)  # before the rows: what happens in between is told again, not lost
    if scope.run is not None:
        scope.run.refresh_from_db()
    text = request.GET.get("page", "")
    page = int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else 1
    found = matrix(scope, page)
    counts = standing_counts(scope)
    may_write = principal_of(request).may_write(scope.company.pk)
    context = framed(
        request,
        title="Matrix",
        scope=scope,
        matrix=found,
        counts=counts,
        narrowed={status: scope.wanted.query(status=status) for status in counts},
        retryable=retryable(scope, timezone.now()).count() if may_write else 0,
        may_write=may_write,
        is_narrow=bool(scope.wanted.to_dict()),
        query=scope.wanted.query(),
        around=_around(scope.wanted, found.page, found.pages),
        companies=_companies(request),
        stream=stream,
        seq=seq,
        live=live_urls(request),
        now=timezone.now(),
    )
    return TemplateResponse(request, "admin/distribution/show_matrix.html", context)


def scope_for(request: HttpRequest) -> Scope:
    """Read what the address means for this person; foreign things do not exist."""
    wanted = Wanted.of(dict(request.GET.lists()))
    try:
        return scope_of(wanted, principal_of(request))
    except NotDistributable as exc:
        raise Http404(exc.message) from exc


def framed(request: HttpRequest, **shown: Any) -> dict[str, Any]:
    """Return what every page of publications shows, and this page's own."""
    frame = admin.site.each_context(request)
    return {**frame, "opts": Distribution._meta, "has_add_permission": False, **shown}  # noqa: SLF001 # Django's documented API


def _around(wanted: Wanted, page: int, pages: int) -> dict[str, str]:
    """Return the addresses of the pages before and after."""
    found = {}
    if page > 1:
        found["before"] = wanted.query(page=page - 1)
    if page < pages:
        found["after"] = wanted.query(page=page + 1)
    return found


def _companies(request: HttpRequest) -> list[Company]:
    """Return the companies a person who sees several may look at."""
    principal = principal_of(request)
    rows = Company.objects.order_by("name")
    if not principal.is_staff:
        rows = rows.filter(pk__in=principal.company_ids)
    found = list(rows[:MOST_COMPANIES])
    return found if len(found) > 1 else []
