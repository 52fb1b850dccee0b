"""What search engines ask for: the sitemap and its files, and robots.txt."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from distribution.actions import sitemaps as keeping
from distribution.models import SitemapPart
from distribution.reports import sitemaps
from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many

XML = "application/xml; charset=utf-8"
FETCHES = 60  # a minute from one address


@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """Name the files of the sitemap."""
    if wait := _wait(request):
        return wait
    parts = [(part.number, part.changed_at) for part in keeping.parts()]
    return HttpResponse(sitemaps.index(parts), content_type=XML)


@require_safe
def jobs(request: HttpRequest, number: int) -> HttpResponseBase:
    """Stream one file of job pages; unchanged ones are not written again."""
    if wait := _wait(request):
        return wait
    keeping.present()
    part = get_object_or_404(SitemapPart, pk=number)
    etag, modified = f'"{part.digest[:32]}"', int(part.changed_at.timestamp())
    known: HttpResponseBase | None = get_conditional_response(
        request, etag=etag, last_modified=modified
    )
    body = iter(()) if request.method == "HEAD" else sitemaps.urls(number)
    answer: HttpResponseBase = known or StreamingHttpResponse(body, content_type=XML)
    answer["ETag"], answer["Last-Modified"] = etag, http_date(modified)
    return answer


@require_safe
def boards(request: HttpRequest) -> HttpResponseBase:
    """Name the boards of companies that show a job."""
    return _wait(request) or HttpResponse(sitemaps.boards(), content_type=XML)


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Say what programs may read."""
    return HttpResponse(sitemaps.robots(), content_type="text/plain; charset=utf-8")


def _wait(request: HttpRequest) -> HttpResponse | None:
    wait = limits.take(f"sitemap:{client_ip(request)}", limit=FETCHES, window=limits.MINUTE)
    return too_many(request, wait) if wait else None
