"""Admin of feeds: their addresses, who fetched them, and what is wrong with them."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import feeding
from distribution.models import FeedFetch
from distribution.reports import feed_checks, feed_pages
from distribution.rules.feeds.formats import FORMATS, Format
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, moment
from jobly.users.models import Company, principal_of

MOST_CHECKED = 5000  # jobs of a feed that a page reads back; the command takes any
OUTCOMES = {"all of it": "success", "not changed": "info", "under way": "info", "cut off": "danger"}


@admin.register(FeedFetch)
class FeedFetchAdmin(ReadOnlyAdmin):
    """Who fetched which feed, in which edition, and whether it got all."""

    list_display = ("when", "feed_name", "who", "outcome", "edition", "jobs", "count", "company")
    list_filter = ("format", "who", "status", CompanyFilter)
    list_select_related = ("company",)
    ordering = ("-at",)
    intro = "Boards come for feeds by themselves. Each row is one program in one minute."
    empty_words = "Nobody has fetched a feed of yours yet. Give a board its address."
    more = (("Feeds and their addresses", "admin:distribution_feeds"),)

    def get_urls(self) -> list[Any]:
        """Add the pages of feeds."""
        view = self.admin_site.admin_view
        return [
            path("feeds/", view(self.feeds), name="distribution_feeds"),
            path("feeds/<slug:slug>/", view(self.company_feeds), name="distribution_company_feeds"),
            path("feeds/<slug:slug>/<slug:name>/", view(self.feed), name="distribution_feed"),
            *super().get_urls(),
        ]

    def feeds(self, request: HttpRequest) -> HttpResponse:
        """Lead to the feeds of the person's company, or offer several."""
        companies = feed_pages.companies_of(principal_of(request))
        if len(companies) == 1:
            return redirect("admin:distribution_company_feeds", companies[0].slug)
        shown = self.page(request, title="Feeds", companies=companies)
        return TemplateResponse(request, "admin/distribution/choose_feeds.html", shown)

    def company_feeds(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show every feed of one company."""
        company = _company(request, slug)
        shown = self.page(
            request,
            title="Feeds",
            company=company,
            lines=feed_pages.lines(company),
            live=feed_checks.live_jobs(company),
        )
        return TemplateResponse(request, "admin/distribution/show_feeds.html", shown)

    def feed(self, request: HttpRequest, slug: str, name: str) -> HttpResponse:
        """Show one feed; on POST also what its board would say of it."""
        company, kind = _company(request, slug), FORMATS.get(name)
        if kind is None:
            raise Http404("There is no such feed.")
        line = next(line for line in feed_pages.lines(company) if line.kind is kind)
        shown = self.page(
            request,
            title=f"{kind.file} of {company}",
            company=company,
            kind=kind,
            line=line,
            fetches=feed_pages.fetches(company, kind),
            names=OUTCOMES,
            summed=feed_pages.summed(company, kind),
        )
        if request.method == "POST":
            shown |= _checked(company, kind)
        return TemplateResponse(request, "admin/distribution/show_feed.html", shown)

    @display(description="When", ordering="at")
    def when(self, row: FeedFetch) -> SafeString | str:
        """Say when the last of them ended."""
        return moment(row.at)

    @display(description="Feed")
    def feed_name(self, row: FeedFetch) -> SafeString:
        """Lead to the feed's own page."""
        url = reverse("admin:distribution_feed", args=[row.company.slug, row.format])
        return format_html('<a href="{}">{}</a>', url, FORMATS[row.format].file)

    @display(description="Got", label=OUTCOMES)
    def outcome(self, row: FeedFetch) -> str:
        """Say how far it got."""
        return outcome_of(row)


def outcome_of(row: FeedFetch) -> str:
    """Say how far a fetch got."""
    if row.status == FeedFetch.Status.UNCHANGED:
        return "not changed"
    if row.is_under_way and not row.finished:
        return "under way"
    return "all of it" if row.finished else "cut off"


def _company(request: HttpRequest, slug: str) -> Company:
    """Return a company the person works in; others do not exist."""
    principal = principal_of(request)
    company = Company.objects.filter(slug=slug).first()
    if company is None or not (principal.is_staff or company.pk in principal.company_ids):
        raise Http404("There is no such company.")
    return company


def _checked(company: Company, kind: Format) -> dict[str, Any]:
    """Check a feed, unless it is too long for a page."""
    feed = feeding.present(company, kind)
    if feed.jobs > MOST_CHECKED:
        return {"too_long": feed.jobs, "most": MOST_CHECKED}
    return {"checked": feed_checks.check(feed, company, kind, now=timezone.now())}
