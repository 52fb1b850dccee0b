"""Admin of webhooks that come in: what boards told, what was done, and their secrets."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import inbound
from distribution.forms.endpoints import HookKeyForm
from distribution.models import Channel, HookKey, InboundHook
from jobly.logs import sanitise
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, moment, of_one_row
from jobly.users.models import User, principal_of

from .distributions import ChannelFilter

MOST_SHOWN = 100_000  # characters of a body on the page; the API has all of it
COLOURS = {
    "received": "info",
    "applied": "success",
    "waiting for its time": "warning",
    "kept, nothing to do": "secondary",
    "could not be applied": "danger",
}


@admin.register(InboundHook)
class InboundHookAdmin(ReadOnlyAdmin):
    """Events that boards sent."""

    company_lookup = "channel__company"
    list_display = ("came", "told", "board", "how", "why", "about")
    list_display_links = ("came", "told")
    list_filter = (
        "state",
        ChannelFilter,
        CompanyFilter,
        ("received_at", admin.DateFieldListFilter),
    )
    list_select_related = ("channel__company", "distribution__job")
    search_fields = ("event_id", "type")
    ordering = ("-id",)
    intro = "What boards told by themselves: kept as it came for 30 days, applied once, in order."
    empty_words = "No board has told anything: give it a channel's address and secret."
    actions = ("again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundHook]:
        """Leave out the bytes, and the long texts of jobs."""
        rows: Any = super().get_queryset(request)
        long = ("distribution__job__description_html", "distribution__job__description_text")
        slim: QuerySet[InboundHook] = rows.defer("body", *long)
        return slim

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the button, and the page of a channel's secret."""
        again, key = map(self.admin_site.admin_view, (self.apply_again, self.key))
        name = "distribution_inboundhook"
        return [
            path("<uuid:pk>/again/", again, name=f"{name}_again"),
            path("key/<uuid:channel>/", key, name=f"{name}_key"),
            *super().get_urls(),
        ]

    @of_one_row
    def change_view(self, request: HttpRequest, row: InboundHook) -> HttpResponse:
        """Show one event: its bytes as they came, and what was done about it."""
        text = bytes(row.body).decode("utf-8", "replace")
        context = self.page(
            request,
            title=f"{row.type or 'Event'} from {row.channel}",
            row=row,
            body=str(sanitise(text[:MOST_SHOWN])),
            is_cut=len(text) > MOST_SHOWN,
            may_write=self.may_write(request, row),
        )
        return TemplateResponse(request, "admin/distribution/show_hook.html", context)

    def apply_again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Apply an event once more, and come back to its page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(pk))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        if not self.may_write(request, row):
            raise PermissionDenied
        inbound.apply_again(row)
        self.tell(request, "It is applied again; what is newer stays as it is.")
        return redirect("admin:distribution_inboundhook_change", row.pk)

    def key(self, request: HttpRequest, channel: UUID) -> HttpResponse:
        """Say where a board is to tell, and make the secret it signs with."""
        rows = Channel.objects.visible_to(principal_of(request)).select_related("company")
        row = rows.filter(pk=channel).first()
        if row is None:
            raise Http404
        may_write = principal_of(request).may_write(row.company_id)
        known = HookKey.objects.filter(channel=row).defer("secret", "before").first()
        form = HookKeyForm(
            request.POST if request.method == "POST" else None,
            initial={"scheme": known.scheme if known else HookKey.Scheme.STANDARD},
        )
        if request.method == "POST":
            if not may_write:
                raise PermissionDenied
            if form.is_valid():
                self._take(request, row, form)
                return redirect("admin:distribution_inboundhook_key", row.pk)
        context = self.page(
            request,
            title=f"What {row} may tell",
            channel=row,
            known=known,
            form=form,
            may_write=may_write,
            address=request.build_absolute_uri(reverse("api:webhook", args=[row.pk])),
        )
        return TemplateResponse(request, "admin/distribution/hook_key.html", context)

    def _take(self, request: HttpRequest, channel: Channel, form: HookKeyForm) -> None:
        """Do what the page's buttons say and tell what came of it."""
        if request.POST.get("verb") == "end":
            inbound.end_overlap(channel)
            self.tell(request, "The earlier secret is not valid any more.")
            return
        given = form.cleaned_data
        text = inbound.new_key(channel, scheme=given["scheme"], secret=given["secret"])
        shown = "" if given["secret"] else f" Copy it now, it is not shown again: {text}"
        said = f"{channel} has a new secret; an earlier one is valid for a day.{shown}"
        self.tell(request, said)

    @admin.action(description="Apply the selected events again", permissions=["work"])
    def again(self, request: HttpRequest, queryset: QuerySet[InboundHook]) -> None:
        """Apply each selected event once more."""

        def change(row: InboundHook, *, actor: User | None) -> None:  # noqa: ARG001 # told to all
            inbound.apply_again(row)

        self.each(request, queryset, change, done="events are applied again")

    @display(description="Came", ordering="received_at")
    def came(self, row: InboundHook) -> SafeString | str:
        """Say when it came."""
        return moment(row.received_at)

    @display(description="Event", ordering="type")
    def told(self, row: InboundHook) -> str:
        """Say what it is, and how often it came again."""
        name = row.type or row.event_id
        return f"{name} (+{row.repeats} repeats)" if row.repeats else name

    @display(description="Board", ordering="channel__name")
    def board(self, row: InboundHook) -> str:
        """Name the channel."""
        return str(row.channel)

    @display(description="State", label=COLOURS, ordering="state")
    def how(self, row: InboundHook) -> str:
        """Say how far it is."""
        return str(row.get_state_display())

    @display(description="About")
    def about(self, row: InboundHook) -> SafeString | str:
        """Link the publication it is about."""
        if row.distribution is None:
            return "–"
        url = reverse("admin:distribution_distribution_change", args=[row.distribution_id])
        return format_html('<a href="{}">{}</a>', url, row.distribution.job.title)
