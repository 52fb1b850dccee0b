"""Admin of the pipeline as a whole: how every source stands, what is wrong, when one is told."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.actions.alerts import mute_rule
from ingestion.models import Alert, AlertRule, RawCollection, Source, SourceDay
from ingestion.reports.operations import (
    open_alerts,
    standings,
    waiting_to_be_loaded,
    waiting_to_be_read,
)
from ingestion.reports.quality import weeks
from jobly.live import live_urls
from jobly.runs.models import Run
from jobly.runs.reports.schedules import database_time
from jobly.runs.reports.watching import follow, lately_told
from jobly.runs.rules.following import main_streams
from jobly.runs.rules.timeline import lasting
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import OperatorsLook, OperatorsOnly, actor_of, moment
from jobly.users.models import principal_of

PAGE = 25  # sources
SHOWN_RUNS = 8
LATELY = timedelta(days=14)
SOON = timedelta(minutes=1)  # a run that waits longer is for later, not for now
STAGES = ("ingestion.collect", "ingestion.fetch", "ingestion.process", "ingestion.load")
MUTES = {"1": 1, "24": 24, "168": 168, "0": None}  # hours by what a button sends


@admin.register(SourceDay)
class PipelineAdmin(OperatorsLook):
    """The pipeline on one page: stages, waiting, failures, quotas, quality, and what goes on."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the buttons of an alert post to."""
        mute = self.admin_site.admin_view(self.mute)
        return [path("mute/<str:kind>/", mute, name="ingestion_alert_mute"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how each source stands; a constant number of queries."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        principal, now = principal_of(request), database_time()
        works, streams = live_works(request)
        page = Paginator(shown_sources(), PAGE).get_page(request.GET.get("p"))
        reading, loading = waiting_to_be_read(), waiting_to_be_loaded()
        rows = standings(list(page.object_list), now)
        context = self.page(
            request,
            title="Pipeline",
            page=page,
            rows=rows,
            all=weeks(None, now.date())[None],
            reading=sum(queue.count for queue in reading.values()),
            loading=sum(queue.count for queue in loading.values()),
            alerts=open_alerts(principal),
            rules=AlertRule.objects.all(),
            now=now,
            works=works,
            streams=streams,
            live=live_urls(request),
            principal=principal,
        )
        return TemplateResponse(request, "admin/ingestion/pipeline.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the two weeks of one source, field by field."""
        day = self.get_object(request, object_id)
        if day is None or not self.has_view_permission(request):
            raise Http404
        now = database_time()
        (standing,) = standings([day.source], now)
        context = self.page(
            request,
            title=f"Pipeline: {day.source}",
            standing=standing,
            days=SourceDay.objects.filter(source=day.source, day__gt=now.date() - LATELY),
        )
        return TemplateResponse(request, "admin/ingestion/pipeline_source.html", context)

    def mute(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Be quiet about one rule for a while, or speak again."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_module_permission(request):
            raise PermissionDenied
        rule = get_object_or_404(AlertRule, pk=kind)
        hours = request.POST.get("hours", "")
        if hours not in MUTES:
            raise Http404
        mute_rule(rule, actor=actor_of(request), hours=MUTES[hours])
        told = f"is muted for {MUTES[hours]} h" if MUTES[hours] else "speaks again"
        self.message_user(request, f"{rule} {told}.", "SUCCESS")
        return redirect("admin:ingestion_sourceday_changelist")


def shown_sources() -> QuerySet[Source]:
    """Return the sources that may be asked, or of which anything came lately, by name."""
    since = database_time() - LATELY
    counted = SourceDay.objects.filter(source=OuterRef("pk"), day__gt=since)
    came = RawCollection.objects.filter(source=OuterRef("pk"), collected_at__gt=since)
    asked = Q(enabled=True) & ~Q(adapter="")
    rows = Source.objects.filter(asked | Exists(counted) | Exists(came))
    return rows.select_related("company").order_by("name")


def live_works(request: HttpRequest) -> tuple[list[tuple[Run, str]], str]:
    """Return the pipeline's runs that go on now, and the streams on which they are told."""
    principal, now = principal_of(request), database_time()
    rows = Run.objects.unfinished().filter(kind__in=STAGES, available_at__lte=now + SOON)
    keys = dict(rows.order_by("-status", "-created_at").values_list("pk", "stream")[:SHOWN_RUNS])
    streams = follow(main_streams([*keys.values(), *lately_told(principal)], principal))
    runs = Run.objects.defer("args", "result", "history", "crashes").in_bulk(list(keys))
    return [(runs[key], in_words(runs[key].kind)) for key in keys if key in runs], streams


@admin.register(AlertRule)
class AlertRuleAdmin(OperatorsOnly):
    """When operators are told: the thresholds are theirs to set."""

    list_display = ("kind_words", "bound", "span", "least", "channel", "enabled", "muted", "seen")
    fields = ("kind", "threshold", "window", "least", "channel", "enabled", "muted_until")
    readonly_fields = ("kind",)
    intro = "What is looked at every five minutes. A rule tells once when it is broken, once after."
    more = (("Pipeline", "admin:ingestion_sourceday_changelist"),)
    actions = ("mute_day", "unmute")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no: what can be looked at is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: a rule is switched off, its history stays."""
        return False

    @display(description="Looks at")
    def kind_words(self, rule: AlertRule) -> str:
        """Say what it looks at."""
        return str(rule)

    @display(description="Tells from", ordering="threshold")
    def bound(self, rule: AlertRule) -> str:
        """Say the threshold with its unit."""
        return f"{rule.threshold} {'min' if rule.kind == AlertRule.Kind.WAITING else '%'}"

    @display(description="Looks back", ordering="window")
    def span(self, rule: AlertRule) -> str:
        """Say over how long a share is counted; the others look at what is now."""
        shares = (AlertRule.Kind.PROCESSING, AlertRule.Kind.VALIDATION)
        return lasting(rule.window) if rule.kind in shares else "at what is now"

    @display(description="Muted until", ordering="muted_until")
    def muted(self, rule: AlertRule) -> SafeString | str:
        """Say until when."""
        return moment(rule.muted_until, "not muted")

    @display(description="Looked", ordering="looked_at")
    def seen(self, rule: AlertRule) -> SafeString | str:
        """Say when it was last looked at."""
        return moment(rule.looked_at)

    @admin.action(description="Mute the selected rules for a day", permissions=["change"])
    def mute_day(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Be quiet for a day."""
        for rule in queryset:
            mute_rule(rule, actor=actor_of(request), hours=24)

    @admin.action(description="Let the selected rules speak again", permissions=["change"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Speak again."""
        for rule in queryset:
            mute_rule(rule, actor=actor_of(request), hours=None)


@admin.register(Alert)
class AlertAdmin(OperatorsLook):
    """What was wrong, since when and until when."""

    list_display = ("text", "rule", "state", "worst_words", "began", "ended", "told")
    list_filter = ("rule", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("rule",)
    search_fields = ("text",)
    ordering = ("-began_at",)
    empty_words = "No rule was broken so far."
    more = (("Pipeline", "admin:ingestion_sourceday_changelist"),)
    intro = "Every time a rule was broken. What is wrong now stands on the page of the pipeline."

    @display(description="State", label={"wrong": "danger", "over": "success"})
    def state(self, row: Alert) -> str:
        """Say whether it is over."""
        return "over" if row.ended_at else "wrong"

    @display(description="At its worst", ordering="worst")
    def worst_words(self, row: Alert) -> str:
        """Say how bad it was, beside the threshold."""
        unit = "min" if row.rule_id == AlertRule.Kind.WAITING else "%"
        return f"{row.worst:,.0f} {unit}, told from {row.threshold:,.0f} {unit}"

    @display(description="Began", ordering="began_at")
    def began(self, row: Alert) -> SafeString | str:
        """Say when."""
        return moment(row.began_at)

    @display(description="Ended", ordering="ended_at")
    def ended(self, row: Alert) -> SafeString | str:
        """Say when."""
        return moment(row.ended_at, "not yet")

    @display(description="Told", ordering="told_at")
    def told(self, row: Alert) -> SafeString | str:
        """Say when somebody was told."""
        return moment(row.told_at, "muted")
