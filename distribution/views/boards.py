"""The public board of a company."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from distribution.reports.company_boards import board_of
from distribution.rules.boards import wish_of
from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.live import web_origin
from jobly.users.models import Company

VIEWS = 120  # a minute from one address
FEEDS = (
    ("application/rss+xml", "rss.xml", "RSS"),
    ("application/atom+xml", "atom.xml", "Atom"),
    ("application/feed+json", "jobs.json", "JSON"),
)


@require_safe
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the public live jobs of a company, narrowed by the query string."""
    if wait := limits.take(f"board:{client_ip(request)}", limit=VIEWS, window=limits.MINUTE):
        return too_many(request, wait)
    company = get_object_or_404(Company, slug=slug)
    wish = wish_of(request.GET.dict())
    found = board_of(company, wish)
    if wish.page > 1 and not found.jobs:
        return redirect(f"{request.path}?{wish.query()}")
    told = {
        "company": company,
        "wish": wish,
        "board": found,
        "canonical": f"{web_origin(request)}{request.path}",
        "feeds": FEEDS,
        "is_indexed": bool(found.total) and not wish.is_narrowed and wish.page == 1,
        "previous_query": wish.query(page=wish.page - 1) if wish.page > 1 else "",
        "next_query": wish.query(page=wish.page + 1) if found.has_more else "",
    }
    return render(request, "distribution/show_board.html", told)
