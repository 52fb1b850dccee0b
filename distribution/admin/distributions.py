"""Admin of publications: where each job stands on each board, why, and what to do about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import admitted, changes, drift, looking
from distribution.forms.publishing import ConfirmForm
from distribution.models import Channel, Distribution
from distribution.reports import proof
from distribution.reports.content import TOLD
from distribution.reports.exchanges import timeline
from distribution.reports.health import leftovers
from distribution.reports.history import people
from distribution.rules import states
from distribution.rules.approvals import WAITS
from distribution.rules.proof import chain, next_due
from distribution.rules.why.telling import why
from ingestion.models import Upload
from ingestion.rules.display import outward
from jobly.errors import JoblyError
from jobly.live import live_urls
from jobly.runs.models import Run
from jobly.runs.reports import position
from jobly.runs.rules.streams import company_stream
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, actor_of, moment, of_one_row
from jobly.users.models import principal_of

from .calendar import calendar
from .health import reset_board, show_health
from .ledger import show_ledger
from .matrix import show_matrix
from .previewing import preview
from .publishing import publish
from .retrying import retry_all, retry_matching
from .upkeep import UpkeepFilter, close_selected, relist_selected

STATUS_COLOURS = {
    "pending": "info",
    "scheduled": "info",
    "sending": "info",
    "unknown": "warning",
    "accepted": "primary",
    "published": "success",
    "failed": "danger",
    "rejected": "danger",
    "needs attention": "warning",
    "closed": "secondary",
    "expired": "secondary",
}
SHOWN_LOOKS = 20
NEWEST_FILES = 30  # offered in the filter; links name older ones too
Change = Callable[..., Any]
# what a button on the page of a distribution does, and what is said when it worked
VERBS: dict[str, tuple[Change, str]] = {
    "publish_now": (admitted.publish_now, "It goes out now; this page follows along."),
    "retry": (admitted.retry_distribution, "It is sent again under the same id."),
    "close": (admitted.close_distribution, "It is taken down, or will be when the board answers."),
    "renew": (admitted.renew_distribution, "The board is asked to keep it longer."),
    "update": (admitted.update_distribution, "The board is told the job's present content."),
    "post_again": (admitted.post_again, "It is sent again under the same id."),
    "send_again": (drift.send_again, "It is sent again under the same id."),
    "look": (looking.look_now, "It is being looked for; what is found shows here in a moment."),
}
# where the rows are that an answer's evidence names
PLACES = {
    "run": "run",
    "job": "admin:ingestion_job_change",
    "channel": "admin:distribution_channel_change",
}


class ChannelFilter(admin.SimpleListFilter):
    """Narrow publications to one channel the person may see."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the channels; operators see whose they are."""
        principal = principal_of(request)
        rows = Channel.objects.visible_to(principal).order_by("company__name", "slug")
        many = principal.is_staff or len(principal.company_ids) > 1
        names = rows.values_list("pk", "name", "company__name")[:200]
        return [(str(key), f"{name} · {whose}" if many else name) for key, name, whose in names]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Distribution]
    ) -> QuerySet[Distribution]:
        """Keep what is on one of the channels offered."""
        value = self.value()
        if value is None:
            return queryset
        known = value in dict(self.lookup_choices)
        return queryset.filter(channel__pk=UUID(value)) if known else queryset.none()


class UploadFilter(admin.SimpleListFilter):
    """Narrow publications to those begun from one file."""

    title = "file"
    parameter_name = "upload"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the newest files the person may see."""
        rows = Upload.objects.visible_to(principal_of(request)).order_by("-created_at")
        names = rows.values_list("pk", "collection__file_name", "created_at")[:NEWEST_FILES]
        return [(str(key), f"{name or 'file'} · {at:%-d %b}") for key, name, at in names]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Distribution]
    ) -> QuerySet[Distribution]:
        """Keep what was begun from the file; a foreign one gave no row the person sees."""
        value = self.value()
        if value is None:
            return queryset
        try:
            return queryset.filter(upload_id=UUID(value))
        except ValueError:
            return queryset.none()


class ProofFilter(admin.SimpleListFilter):
    """Narrow publications to those whose board shows something else than it should."""

    title = "proof"
    parameter_name = "proof"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what may differ."""
        return [
            ("lost", "Not shown any more"),
            ("left", "Still shown after it was taken down"),
            ("unseen", "Published, not seen yet"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Distribution]
    ) -> QuerySet[Distribution]:
        """Keep what was chosen."""
        value = self.value()
        if value == "lost":
            return queryset.filter(status="published", error_code=drift.DRIFT)
        if value == "left":
            return leftovers(queryset)
        if value == "unseen":
            return queryset.filter(status="published").exclude(looks__verdict="live")
        return queryset


@admin.register(Distribution)
class DistributionAdmin(ReadOnlyAdmin):
    """Jobs on boards."""

    list_display = ("job_title", "on", "state", "told", "post", "company", "changed")
    list_filter = (
        "status",
        UpkeepFilter,
        ChannelFilter,
        UploadFilter,
        ProofFilter,
        CompanyFilter,
        ("updated_at", admin.DateFieldListFilter),
    )
    list_select_related = ("channel", "job", "company")
    search_fields = ("job__title", "external_id", "post_id")
    search_help_text = "Title of the job, our id or the board's"
    ordering = ("-id",)
    intro = "Each job on each board: where it stands and why. Publish more from Jobs or Uploads."
    actions = ("retry_selected", "retry_matching", close_selected, relist_selected)
    more = (
        ("Calendar", "admin:distribution_distribution_calendar"),
        ("Jobs and boards", "admin:distribution_distribution_matrix"),
        ("Ledger", "admin:distribution_distribution_ledger"),
        ("Board health", "admin:distribution_distribution_health"),
    )
    retry_matching = admin.action(
        description="Retry all that the list shows…", permissions=["work"]
    )(retry_matching)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Distribution]:
        """Leave out the long texts of the jobs."""
        rows = super().get_queryset(request)
        return rows.defer("job__description_html", "job__description_text")

    def get_urls(self) -> list[URLPattern]:
        """Add the address the buttons post to, and the page that puts jobs on their way."""
        decide, choose, look = map(self.admin_site.admin_view, (self.decide, publish, preview))
        pages = {
            "matrix/": ("matrix", show_matrix),
            "retry/": ("retry_all", retry_all),
            "ledger/": ("ledger", show_ledger),
            "health/": ("health", show_health),
            "health/<uuid:pk>/reset/": ("reset_board", reset_board),
        }
        ours = [
            path(route, self.admin_site.admin_view(view), name=f"distribution_distribution_{name}")
            for route, (name, view) in pages.items()
        ]
        return [
            *ours,
            path("preview/<int:pk>/", look, name="distribution_distribution_preview"),
            path("<uuid:pk>/decide/", decide, name="distribution_distribution_decide"),
            path("publish/", choose, name="distribution_distribution_publish"),
            path(
                "calendar/",
                self.admin_site.admin_view(calendar),
                name="distribution_distribution_calendar",
            ),
            *super().get_urls(),
        ]

    @of_one_row
    def change_view(self, request: HttpRequest, row: Distribution) -> HttpResponse:
        """Show one publication: where it stands, each exchange with the board, what to do."""
        return self._page(request, row, ConfirmForm())

    def _page(self, request: HttpRequest, row: Distribution, form: ConfirmForm) -> HttpResponse:
        stream = company_stream(row.company_id)
        seq = position(stream)  # before the rows: what happens in between is told again
        runs = Run.objects.visible_to(principal_of(request))
        row = Distribution.everything.select_related(
            "channel", "company", "job", *(f"job__{name}" for name in TOLD)
        ).get(pk=row.pk)
        run = runs.filter(pk=row.run_id).first() if row.run_id else None
        facts = proof.facts_about(row)
        told, moves = why(facts), list(row.moves.order_by("id"))
        context = self.page(
            request,
            title=f"{row.job.title} on {row.channel}",
            row=row,
            post_url=outward(row.post_url),
            attempts=timeline(row),
            run=run,
            live=live_urls(request),
            stream=stream,
            seq=seq,
            why=told,
            shown=[(one, _place(one.kind, one.ref, row)) for one in told.evidence],
            chain=chain(facts),
            next=next_due(facts),
            moves=moves,
            people=people(moves),
            looks=row.looks.order_by("-id")[:SHOWN_LOOKS],
            buttons=buttons(row) if self.may_write(request, row) else frozenset(),
            confirm=form,
        )
        return TemplateResponse(request, "admin/distribution/show_distribution.html", context)

    def decide(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Do what a button says, and come back to the page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(pk))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        if not self.may_write(request, row):
            raise PermissionDenied
        verb = request.POST.get("verb", "")
        form = ConfirmForm(request.POST if verb == "confirm" else None)
        if verb == "confirm" and not form.is_valid():
            return self._page(request, row, form)
        try:
            self.tell(request, carry_out(row, verb, form, request))
        except JoblyError as wrong:
            self.tell(request, wrong.message, ok=False)
        return redirect("admin:distribution_distribution_change", row.pk)

    @display(description="Job", ordering="job__title")
    def job_title(self, row: Distribution) -> str:
        """Name the job."""
        return row.job.title

    @display(description="Channel", ordering="channel__name")
    def on(self, row: Distribution) -> str:
        """Name the board."""
        return str(row.channel)

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, row: Distribution) -> str:
        """Show the status as a badge."""
        return row.status.replace("_", " ")

    @display(description="Changed", ordering="updated_at")
    def changed(self, row: Distribution) -> SafeString | str:
        """Say when it moved last."""
        return moment(row.updated_at)

    @display(description="What happened")
    def told(self, row: Distribution) -> SafeString | str:
        """Say what went wrong, or when it goes out."""
        if row.status == Distribution.Status.SCHEDULED and row.scheduled_publish_at:
            return format_html("goes out {}", moment(row.scheduled_publish_at))
        if row.channel.is_mirrored and not row.error and row.status in states.ON_BOARD:
            return "expected through Indeed"
        return row.error or "–"

    @display(description="Posting")
    def post(self, row: Distribution) -> SafeString | str:
        """Lead to the posting on the board."""
        url = outward(row.post_url)
        if not url:
            return row.post_id or "–"
        return format_html(
            '<a class="jb-link" href="{}" target="_blank" rel="noopener">Open</a>', url
        )

    @admin.action(description="Retry the selected", permissions=["work"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Distribution]) -> None:
        """Send each failed or rejected one again."""
        self.each(request, queryset, admitted.retry_distribution, done="sent again")


def carry_out(row: Distribution, verb: str, form: ConfirmForm, request: HttpRequest) -> str:
    """Do what a button says; return what to tell. Raises: JoblyError."""
    actor = actor_of(request)
    if verb == "confirm":
        changes.confirm_posted(row, actor=actor, **form.cleaned_data)
        return "Noted: the board has it."
    if verb not in VERBS:
        return "Nothing was chosen; nothing was changed."
    change, told = VERBS[verb]
    change(row, actor=actor)
    return told


def _place(kind: str, ref: str, row: Distribution) -> str:
    """Return the address of what evidence names; of rows on this page, where they are."""
    name = PLACES.get(kind)
    if name:
        return reverse(name, args=[ref])
    if kind == "lint":  # where the finding can be mended
        page = reverse("admin:distribution_distribution_preview", args=[row.job_id])
        return f"{page}#{row.channel.slug}"
    if kind == "approval":
        return reverse("admin:distribution_approval_changelist")
    if kind == "move":
        return "#moves"
    return f"#{kind}-{ref}" if kind in ("attempt", "look") else ""


def buttons(row: Distribution) -> frozenset[str]:
    """Name what may be done with a publication in its state."""
    status = row.status
    found = set()
    if status in states.MAY_RETRY and row.retry_count < row.max_retries:
        found.add("retry")
    if status == Distribution.Status.SCHEDULED and row.error_code != WAITS:
        found.add("publish_now")
    if status == Distribution.Status.NEEDS_ATTENTION:
        found |= {"confirm", "post_again"}
    if status == Distribution.Status.PUBLISHED:
        found |= {"update"} if row.channel.is_internal else {"update", "renew"}
        found |= {"send_again"} if row.error_code == drift.DRIFT else set()
    if row.published_at is not None:
        found.add("look")
    settled = states.ON_BOARD | states.BAD_ENDS | {"pending", "scheduled"}
    return frozenset(found | {"close"} if status in settled else found)
