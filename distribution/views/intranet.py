"""The board for colleagues: a company's jobs, the internal ones too, for its own people only."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from distribution.reports.intranet import company_seen, jobs_for_colleagues
from jobly.users.models import principal_of

PAGE = 25  # jobs


@require_safe
@never_cache
@login_required
def colleagues(request: HttpRequest, slug: str) -> HttpResponse:
    """List what a company shows to its own people; for all others there is no such page."""
    principal = principal_of(request)
    company = company_seen(principal, slug)
    if company is None:
        raise Http404("You have no company of this name.")
    rows = jobs_for_colleagues(principal, company)
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = {
        "company": company,
        "found": found,
        "total": found.paginator.count,
        "may_publish": principal.may_write(company.pk),
        "previous_query": f"page={found.number - 1}" if found.has_previous() else "",
        "next_query": f"page={found.number + 1}" if found.has_next() else "",
    }
    return render(request, "distribution/list_for_colleagues.html", shown)
