"""The links boards are given: count who follows them, then lead on to where one applies."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from distribution.actions import clicks
from distribution.reports import links
from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.users.models import principal_of

from .visitors import agent_of, reader

FOLLOWED = 120  # links a minute from one address; a person follows fewer


@require_safe
@never_cache
def go(request: HttpRequest, token: str) -> HttpResponse:
    """Count one who follows the link of a publication, and lead on to its stored target."""
    address = client_ip(request)
    if wait := limits.take(f"go:{address}", limit=FOLLOWED, window=limits.MINUTE):
        return too_many(request, wait)
    row = links.publication_of(token)
    if row is None:
        raise Http404("No publication has this link.")
    clicks.count_click(row, reader(request), address=address, agent=agent_of(request))
    landing = links.way_on(row, principal_of(request))
    if landing.way == "ask":
        answer = render(request, "distribution/leave_site.html", {"row": row, "landing": landing})
    else:
        answer = HttpResponseRedirect(landing.url)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
