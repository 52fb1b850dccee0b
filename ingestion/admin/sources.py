"""Admin of sources, their search sets and the walks over them, for operators."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from ingestion.actions import collecting, quotas, sources
from ingestion.forms.sources import SECRETS, SourceForm
from ingestion.models import Fetch, Quota, Search, Source
from ingestion.rules.sources import ANSWERED_FOR, period_start
from jobly.errors import JoblyError
from jobly.runs.actions.admission import admit
from jobly.runs.models import Run
from jobly.users.admin.scoped import OperatorsLook, OperatorsOnly, actor_of, moment
from jobly.users.models import principal_of

BEFORE = "admin/ingestion/_before_sources.html"
STATE_COLOURS = {"on": "success", "off": "secondary", "parked": "warning", "files": "info"}
FETCH_COLOURS = {
    "running": "info",
    "complete": "success",
    "partial": "warning",
    "failed": "danger",
}


class SearchInline(TabularInline):
    """The cells of a source's search set."""

    model = Search
    verbose_name_plural = "Searches"
    extra = 0
    fields = ("query", "location", "country", "pages", "settings", "enabled")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to operators."""
        return principal_of(request).is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let operators change them."""
        return principal_of(request).is_staff

    has_change_permission = has_delete_permission = has_view_permission


@admin.register(Source)
class SourceAdmin(OperatorsOnly):
    """Where items come from, how each is asked, and what is left of its quota."""

    form = SourceForm
    list_before_template = BEFORE
    change_form_outer_before_template = "admin/ingestion/_before_source.html"
    list_display = ("name", "adapter", "company", "state", "used", "last_walk", "collections")
    list_filter = ("adapter", "kind", "enabled")
    list_select_related = ("company",)
    search_fields = ("name", "company__name", "adapter")
    inlines = (SearchInline,)
    actions = ("collect_now", "ask_again")
    show_add_link = False
    add_words = "Add a source"
    intro = "Each place that jobs are collected from; nothing is asked of one that is switched off."
    fieldsets = (
        (None, {"fields": ("name", "adapter", "company", "employer", "enabled", "rights")}),
        ("How it is asked", {"fields": ("settings", "base_url", *SECRETS)}),
        ("When", {"fields": ("clock", "strategy", "process_delay", "load_delay")}),
        (
            "How much",
            {
                "fields": (
                    "quota_limit", "quota_period", "alert_share", "backup", "call_delay",
                    "call_timeout", "max_pages", "call_price", "price_currency",
                )
            },
        ),
    )  # fmt: skip

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to operators."""
        return principal_of(request).is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let operators add one."""
        return principal_of(request).is_staff

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let operators change them."""
        return principal_of(request).is_staff

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: what came from it hangs on it; switch it off instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        """Fetch the present quota and the last walk beside each source."""
        quotas_of = Quota.objects.filter(source=OuterRef("pk")).order_by("-starts_at")
        walks = Fetch.objects.filter(source=OuterRef("pk")).order_by("-started_at")
        rows: QuerySet[Source] = super().get_queryset(request)
        return rows.annotate(
            quota_calls=Subquery(quotas_of.values("calls")[:1]),
            quota_since=Subquery(quotas_of.values("starts_at")[:1]),
            walk_status=Subquery(walks.values("status")[:1]),
            walk_at=Subquery(walks.values("started_at")[:1]),
        )

    def save_model(
        self, request: HttpRequest, obj: Source, form: ModelForm[Any], change: bool
    ) -> None:
        """Store the columns, seal the secrets, and put it on its clock."""
        given: SourceForm = form  # type: ignore[assignment] # the form of this class
        obj.credentials = given.secrets()
        if obj.adapter and obj.kind == Source.Kind.FILE:
            obj.kind = sources.kind_of(obj.adapter)
        if not change and obj.adapter in ANSWERED_FOR:
            obj.enabled = False
        super().save_model(request, obj, form, change)
        if "clock" in given.changed_data or "strategy" in given.changed_data:
            sources.set_clock(obj, given.cleaned_data["clock"], actor=actor_of(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the button of a source's page posts to."""
        collect = self.admin_site.admin_view(self.collect)
        own = path("<uuid:pk>/collect/", collect, name="ingestion_source_collect")
        return [own, *super().get_urls()]

    def collect(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Start a walk over one source; lead to its run."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        source = get_object_or_404(Source, pk=pk)
        try:
            return redirect("run", pk=self._begin(request, source).pk)
        except JoblyError as wrong:
            self.message_user(request, wrong.message, messages.ERROR)
        return redirect("admin:ingestion_source_change", pk)

    def _begin(self, request: HttpRequest, source: Source) -> Run:
        """Start a walk over a source for the person who asks."""
        admit("ingestion.collect", company_id=source.company_id)
        return collecting.request_collection(
            source, actor=actor_of(request), strategy="on_demand", pages=None, search=None
        )

    @admin.action(description="Collect now")
    def collect_now(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        """Start a walk over each chosen source."""
        started = 0
        for source in chosen:
            try:
                self._begin(request, source)
            except JoblyError as wrong:
                self.message_user(request, wrong.message, messages.ERROR)
            else:
                started += 1
        if started:
            text = f"{started} started; the pipeline shows how they go."
            self.message_user(request, text, messages.SUCCESS)

    @admin.action(description="Ask again from now on")
    def ask_again(self, request: HttpRequest, chosen: QuerySet[Source]) -> None:
        """End a pause by hand."""
        for source in chosen:
            quotas.unpark(source)
        self.message_user(request, "They are asked again.", messages.SUCCESS)

    @display(description="State", label=STATE_COLOURS)
    def state(self, source: Source) -> str:
        """Say whether it is asked."""
        if not source.enabled:
            return "off"
        if not source.adapter:
            return "files"
        until = source.parked_until
        return "parked" if until and until > timezone.now() else "on"

    @display(description="Calls of this period")
    def used(self, source: Source) -> str:
        """Say how much of the quota is used."""
        figures = source.figures
        since, calls = source.quota_since, source.quota_calls  # type: ignore[attr-defined] # annotated
        current = since == period_start(figures.quota_period, timezone.now())
        if figures.quota_limit is None:
            return f"{calls:,}, no limit" if current and calls else "no limit"
        return f"{calls if current else 0:,} of {figures.quota_limit:,} a {figures.quota_period}"

    @display(description="Last walk")
    def last_walk(self, source: Source) -> SafeString | str:
        """Say how the last walk went, and when."""
        status, at = source.walk_status, source.walk_at  # type: ignore[attr-defined] # annotated
        if status is None:
            return "never"
        url = reverse("admin:ingestion_fetch_changelist")
        return format_html(
            '<a class="jb-link" href="{}?source__id__exact={}">{}</a>, {}',
            url,
            source.pk,
            status,
            moment(at),
        )

    @display(description="Collections")
    def collections(self, source: Source) -> SafeString:
        """Lead to what was collected from it."""
        url = reverse("admin:ingestion_rawcollection_changelist")
        return format_html(
            '<a class="jb-link" href="{}?source__id__exact={}">Show</a>', url, source.pk
        )


@admin.register(Fetch)
class FetchAdmin(OperatorsLook):
    """Walks over sources: what each met, what was new, and how it ended."""

    list_before_template = BEFORE
    list_display = (
        "source", "part", "how", "state", "reason", "listings", "calls_made", "began", "run",
    )  # fmt: skip
    intro = "Each pass over a source, or over one cell of its search set, and how it ended."
    empty_words = "Select sources in their list and collect them now, or give them a clock."
    list_filter = ("status", "strategy", ("source", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("source", "search")
    search_fields = ("source__name", "reason", "search__query", "search__location")

    @display(description="Search")
    def part(self, row: Fetch) -> str:
        """Name the cell of the search set."""
        return str(row.search) if row.search else "all of it"

    @display(description="Asked", ordering="strategy")
    def how(self, row: Fetch) -> str:
        """Say what began it."""
        return row.get_strategy_display().lower()

    @display(description="Listings", ordering="got")
    def listings(self, row: Fetch) -> str:
        """Count what it met, of how many, and what was new."""
        of = f" of {row.expected:,}" if row.expected is not None else ""
        return f"{row.got:,}{of}, {row.fresh:,} new"

    @display(description="Calls", ordering="calls")
    def calls_made(self, row: Fetch) -> str:
        """Count the calls, and the pages they brought."""
        return f"{row.calls:,} for {row.pages:,} page{'' if row.pages == 1 else 's'}"

    @display(description="Status", label=FETCH_COLOURS, ordering="status")
    def state(self, row: Fetch) -> str:
        """Show the status as a badge."""
        return row.status

    @display(description="Began", ordering="started_at")
    def began(self, row: Fetch) -> SafeString | str:
        """Say when it began."""
        return moment(row.started_at)

    @display(description="Run")
    def run(self, row: Fetch) -> SafeString | str:
        """Lead to its run."""
        if row.run_id is None:
            return ""
        return format_html('<a class="jb-link" href="/runs/{}/">Watch</a>', row.run_id)
