"""Admin of what channels brought: the page of performance, the days behind it, known sites."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.decorators import display

from distribution.forms.performance import PerformanceForm
from distribution.models import Channel, ClickDay, KnownHost
from distribution.reports.durations import durations
from distribution.reports.performance import Line, Performance, Scope, performance
from distribution.rules.costs import in_words
from distribution.rules.landing import plain_host
from distribution.rules.performance import MIN_MEDIAN, MIN_RATE
from ingestion.models import Job
from ingestion.rules.cells import safe_cell
from jobly.users.admin.scoped import CompanyFilter, CompanyScopedAdmin, ReadOnlyAdmin
from jobly.users.models import principal_of

SHOWN = 100  # lines on a page; a file has them all
COUNTS = (
    "views", "clicks", "unseen", "machines", "board_clicks", "known", "matched", "unknown",
    "board_applications", "interviews", "interviews_unknown", "hires", "hires_unknown",
)  # fmt: skip


class OnChannel(admin.SimpleListFilter):
    """Narrow days to one channel the person may see."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the channels."""
        rows = Channel.objects.visible_to(principal_of(request)).order_by("company__name", "slug")
        return [(str(key), name) for key, name in rows.values_list("pk", "name")[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ClickDay]) -> QuerySet[ClickDay]:
        """Keep days of publications on one of the channels offered."""
        value = self.value()
        if value is None:
            return queryset
        known = value in dict(self.lookup_choices)
        return queryset.filter(distribution__channel__pk=UUID(value)) if known else queryset.none()


class OfJob(admin.SimpleListFilter):
    """Narrow days to one job, where a link says so."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the job that was asked for only: there are too many."""
        number = request.GET.get("job", "")
        fits = number.isdecimal() and len(number) < 19  # noqa: PLR2004 # digits of a bigint
        rows = Job.objects.visible_to(principal_of(request)).filter(pk=number if fits else 0)
        return [(number, title) for title in rows.values_list("title", flat=True)]

    def has_output(self) -> bool:
        """Say yes: so that a narrowed list can be widened again."""
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[ClickDay]) -> QuerySet[ClickDay]:
        """Keep days of publications of that job."""
        value = self.value()
        if value is None:
            return queryset
        known = value in dict(self.lookup_choices)
        return queryset.filter(distribution__job__pk=int(value)) if known else queryset.none()


@admin.register(ClickDay)
class ClickDayAdmin(ReadOnlyAdmin):
    """Clicks on the links of publications, day by day, and what they led to."""

    list_display = ("on", "job", "channel", "clicks", "unseen", "machines", "company")
    list_filter = (("on", admin.DateFieldListFilter), OnChannel, OfJob, CompanyFilter)
    list_select_related = ("distribution__job", "distribution__channel", "company")
    search_fields = ("distribution__job__title",)
    intro = (
        "Who followed the links that boards were given, counted once a visitor and day (UTC). "
        "Machines are crawlers, previews and prefetches; they are no clicks."
    )
    empty_words = "They come when somebody follows the link of a publication."
    more = (("Performance", "admin:distribution_clickday_performance"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClickDay]:
        """Add the sum and leave out the long texts of the jobs."""
        rows: QuerySet[ClickDay] = super().get_queryset(request)
        texts = ("description_html", "description_text")
        return rows.with_clicks().defer(*(f"distribution__job__{name}" for name in texts))  # type: ignore[attr-defined] # ClickDayQuerySet

    def get_urls(self) -> list[URLPattern]:
        """Add the page of performance."""
        page = self.admin_site.admin_view(self.performance)
        own = path("performance/", page, name="distribution_clickday_performance")
        return [own, *super().get_urls()]

    def performance(self, request: HttpRequest) -> HttpResponse:
        """Show what each channel or job brought in a period, or hand it out as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        principal = principal_of(request)
        form = PerformanceForm(request.GET, principal=principal)
        scope = form.scope
        found = performance(scope)
        if request.GET.get("as") == "csv":
            return _file(found)
        asked = request.GET.copy()
        asked.pop("as", None)
        context = self.page(
            request,
            title="Performance",
            form=form,
            found=found,
            lines=[(line, Links(scope, line)) for line in found.lines[:SHOWN]],
            more_lines=len(found.lines) - SHOWN,
            all_links=Links(scope, found.total),
            took=durations(scope),
            query=asked.urlencode(),
            api=_api(scope, request),
            several=principal.is_staff or len(principal.company_ids) > 1,
            job=_job(request, scope),
            has_channels=Channel.objects.visible_to(principal).exists(),
            min_rate=MIN_RATE,
            min_median=MIN_MEDIAN,
        )
        return TemplateResponse(request, "admin/distribution/performance.html", context)

    @display(description="Job", ordering="distribution__job__title")
    def job(self, row: ClickDay) -> str:
        """Name the job."""
        return row.distribution.job.title

    @display(description="Channel", ordering="distribution__channel__name")
    def channel(self, row: ClickDay) -> str:
        """Name the board."""
        return str(row.distribution.channel)

    @display(description="Clicks", ordering="clicks")
    def clicks(self, row: Any) -> int:
        """Count visitors and those who asked not to be followed."""
        found: int = row.clicks
        return found


class Links:
    """The lists behind the numbers of one line, narrowed to its channel or job and the period."""

    def __init__(self, scope: Scope, line: Line) -> None:
        self.scope = scope
        self.channel = line.key if scope.by == "channel" and line.key else scope.channel
        self.job = line.key if scope.by == "job" and line.key else scope.job

    @property
    def clicks(self) -> str:
        """The days of clicks."""
        days = {"on__gte": self.scope.period.first, "on__lte": self.scope.period.last}
        return _list("clickday", channel=self.channel, job=self.job, **days)

    @property
    def publications(self) -> str:
        """The publications that boards told of."""
        return _list("distribution", channel=self.channel, job__id__exact=self.job)

    @property
    def applicants(self) -> str:
        """The applications of the period whose way is known."""
        return self._applicants(known__in="token,matched", source=self.channel)

    @property
    def hires(self) -> str:
        """Those of them that are hired."""
        found = {"known__in": "token,matched", "source": self.channel}
        return self._applicants(stage__exact="hired", **found)

    @property
    def unknown(self) -> str:
        """The applications of the period that nobody knows the way of, of all channels."""
        return self._applicants(known__exact="unknown")

    def _applicants(self, **narrowed: Any) -> str:
        period = self.scope.period
        days = {
            "created_at__gte": f"{period.first} 00:00+00:00",
            "created_at__lt": f"{period.last + timedelta(days=1)} 00:00+00:00",
        }
        return _list("applicant", job=self.job, **narrowed, **days)

    @property
    def charges(self) -> str:
        """The charges, whenever they fell due."""
        return _list("charge", channel__id__exact=self.channel)

    @property
    def jobs(self) -> str:
        """The same page, job by job within the line's channel."""
        return self._page(by="job", channel=self.channel)

    @property
    def channels(self) -> str:
        """The same page, channel by channel for the line's job."""
        return self._page(by="channel", job=self.job)

    def _page(self, **narrowed: Any) -> str:
        days = {"from": self.scope.period.first, "to": self.scope.period.last}
        url = reverse("admin:distribution_clickday_performance")
        return f"{url}?{urlencode({**days, **narrowed})}"


def _list(model: str, **narrowed: Any) -> str:
    """Return the address of a list of the admin, narrowed; "" where there is no such list."""
    try:
        url = reverse(f"admin:distribution_{model}_changelist")
    except NoReverseMatch:
        return ""
    known = {name: value for name, value in narrowed.items() if value is not None}
    return f"{url}?{urlencode(known)}" if known else url


def _job(request: HttpRequest, scope: Scope) -> Job | None:
    """Return the job the page is narrowed to, if the person sees it."""
    if scope.job is None:
        return None
    return Job.objects.visible_to(principal_of(request)).only("title").filter(pk=scope.job).first()


def _api(scope: Scope, request: HttpRequest) -> str:
    """Return the address of the same figures for programs."""
    first, last = scope.period.first, scope.period.last
    asked: dict[str, str] = {"by": scope.by, "from": f"{first}", "to": f"{last}"}
    for name in ("company", "channel", "job"):
        if value := request.GET.get(name):
            asked[name] = value
    return f"{reverse('api:distributions-performance')}?{urlencode(asked)}"


def _file(found: Performance) -> HttpResponse:
    """Hand the lines out as a file, each cost in a column of its currency."""
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in _cells(found))
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    period = found.scope.period
    name = f"performance-by-{found.scope.by}-{period.first}-{period.last}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _cells(found: Performance) -> Iterator[list[Any]]:
    currencies = sorted(found.total.costs)
    ranges = ("per_click", "per_application", "per_hire")
    ends = ("at_least", "at_most")
    priced = [f"{what}_{end}_{code}" for code in currencies for what in ranges for end in ends]
    yield ["id", found.scope.by, *COUNTS, *(f"cost_{code}" for code in currencies), *priced]
    for line in [*found.lines, found.total]:
        counts = asdict(line)
        costs = [_plain(line.costs.get(code), code) for code in currencies]
        each = []
        for code in currencies:
            for what in ranges:
                spans = {one.currency: one for one in getattr(line, what)}
                span = spans.get(code)
                each += [_plain(span and span.lower, code), _plain(span and span.upper, code)]
        yield [line.key or "", line.name, *(counts[name] for name in COUNTS), *costs, *each]


def _plain(minor: int | None, currency: str) -> str:
    """Write an amount as programs read it; empty where it is not known."""
    return "" if minor is None else in_words(minor, currency).split(" ")[0].replace(",", "")


class KnownHostForm(ModelForm[KnownHost]):
    """A site by its name or any address on it."""

    class Meta:
        model = KnownHost
        fields: ClassVar = ["company", "host"]

    def clean_host(self) -> str:
        """Take the plain name of the site."""
        host = plain_host(self.cleaned_data["host"])
        if "." not in host:
            raise ValidationError("The name of a site, such as jobs.example.com.", code="no_host")
        return host


@admin.register(KnownHost)
class KnownHostAdmin(CompanyScopedAdmin):
    """Sites that apply links lead to straight away."""

    form = KnownHostForm
    list_display = ("host", "company", "created_at")
    list_filter = (CompanyFilter,)
    search_fields = ("host",)
    intro = (
        "Apply links lead straight to these sites and those below them; before other sites "
        "nobody knows, a page names where one goes. Your employers' own sites and the usual "
        "application systems are known already."
    )
    add_words = "Name a site"
    empty_words = "Name one when your applicants see a page in between."
