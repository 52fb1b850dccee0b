"""Admin of the boards a company publishes to."""

from typing import Any

from django.contrib import admin
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import boards, channels, connecting
from distribution.forms.channels import SECRETS, ChannelForm, NewChannelForm
from distribution.models import Channel, Distribution
from distribution.reports.channels import troubles
from distribution.reports.connections import connected
from jobly import limits
from jobly.users.admin.scoped import (
    CompanyFilter,
    CompanyScopedAdmin,
    actor_of,
    moment,
    scoped_choices,
)
from jobly.users.models import Company, User, principal_of

ANSWERS = {"closed": "answers", "open": "does not answer", "half_open": "is tried again"}
ANSWER_COLOURS = {
    "answers": "success",
    "does not answer": "danger",
    "is tried again": "warning",
    "refuses us": "danger",
}
SECRET_NAMES = ("client_id", "client_secret", "partner_id", "api_key", "signing_secret")


class TroubleFilter(admin.SimpleListFilter):
    """Narrow channels to those that need a look."""

    title = "trouble"
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the one question."""
        return [("yes", "Needs a look")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Channel]) -> QuerySet[Channel]:
        """Keep channels that are paused, failing or without credentials."""
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=[row.pk for row in queryset if troubles(row)])


@admin.register(Channel)
class ChannelAdmin(CompanyScopedAdmin):
    """Boards with their health; credentials are written here and never shown."""

    form = ChannelForm
    list_display = ("name", "kind", "enabled", "allowance", "breaker", "said", "last", "company")
    list_filter = ("kind", "enabled", TroubleFilter, CompanyFilter)
    list_select_related = ("company",)
    search_fields = ("name", "slug")
    ordering = ("company__name", "slug")
    actions = ("test_connections", "reset_breakers")
    change_form_outer_before_template = "admin/distribution/_channel_health.html"
    intro = "The boards you publish to, with what each may take right now."
    add_words = "Connect a board"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        """Fetch the last success beside each channel."""
        done = Distribution.objects.filter(channel=OuterRef("pk")).order_by()
        last = done.values("channel").annotate(last=Max("published_at")).values("last")
        return super().get_queryset(request).annotate(last_success=Subquery(last))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no: what was published through a channel stays on record; switch it off instead."""
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how the board is right now above its settings."""
        channel = self.get_object(request, object_id)
        if channel is not None:
            known = {
                "health": boards.health(channel),
                "troubles": troubles(channel),
                "connected": connected(channel),
            }
            extra_context = {**(extra_context or {}), **known}
        shown: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return shown

    def get_form(
        self, request: HttpRequest, obj: Channel | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Ask little of a new channel, everything of a known one."""
        kwargs["form"] = NewChannelForm if obj is None else ChannelForm
        form: type[ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        if "company" in form.base_fields:
            companies = scoped_choices(Company, request) or Company.objects.none()
            form.base_fields["company"].initial = companies.first()
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> list[Any]:
        """Group the columns by what they are about."""
        if obj is None:
            names = ("company", "kind", "name", "slug", "base_url", "options")
            return [
                ("The board", {"fields": names}),
                ("Credentials", {"fields": SECRET_NAMES, "description": WHICH}),
            ]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ("company", "kind", "slug", "name", *FIGURES)})]
        secrets = SECRETS[obj.kind]
        groups: list[Any] = [
            ("The board", {"fields": ("company", "kind", "slug", "name", "enabled", "base_url")})
        ]
        if secrets:
            known = {"fields": (*secrets, "credentials_end_on"), "description": KEPT}
            groups.append(("Credentials", known))
        groups.append(("Limits and patience", {"fields": FIGURES}))
        groups.append(("What it costs", {"fields": COSTS}))
        groups.append(("How long a posting stays", {"fields": STAYS}))
        groups.append(("Settings of this kind of board", {"fields": ("options",)}))
        return groups

    def get_readonly_fields(
        self, request: HttpRequest, obj: Channel | None = None
    ) -> tuple[str, ...]:
        """Fix what other rows rely on."""
        return () if obj is None else ("company", "kind", "slug")

    def save_model(
        self, request: HttpRequest, obj: Channel, form: ModelForm[Any], change: bool
    ) -> None:
        """Write through the actions, which drop an old token when its base changes."""
        typed = form.secrets()  # type: ignore[attr-defined] # a ChannelForm
        given = form.cleaned_data
        operator = principal_of(request).is_staff
        if change:
            columns = {name: given[name] for name in form.changed_data if name not in SECRET_NAMES}
            # the same amount in another currency is another number of its minor units
            if columns.keys() & {"price", "currency"}:
                columns.pop("price", None)
                columns["price_minor"] = form.price_minor()  # type: ignore[attr-defined]
            if typed:
                known = Channel.objects.get(pk=obj.pk).credentials or {}
                columns["credentials"] = {**known, **typed}
            actor = actor_of(request)
            channels.change_channel(obj, actor=actor, by_operator=operator, **columns)
            return
        if given["kind"] == Channel.Kind.WEBHOOK and not typed:
            typed = {"signing_secret": channels.new_signing_secret()}
            self.tell(request, SHOWN_ONCE.format(typed["signing_secret"]))
        columns = {name: given[name] for name in ("name", "base_url", "options") if given[name]}
        columns["credentials"] = typed
        row = channels.create_channel(
            given["company"],
            slug=given["slug"],
            kind=given["kind"],
            by_operator=operator,
            **columns,
        )
        obj.pk = row.pk

    @display(description="Left this minute")
    def allowance(self, channel: Channel) -> str:
        """Say how many submissions the board takes now."""
        if not channel.is_called:
            return "no limit"
        health = boards.health(channel)
        return f"{health['allowance_left']:,} of {channel.limit_per_minute:,}"

    @display(description="Board", label=ANSWER_COLOURS)
    def breaker(self, channel: Channel) -> str:
        """Show whether calls go through: the state of the circuit breaker, in words."""
        if not channel.is_called:
            return "is not called"
        if channel.credentials_refused_at:
            return "refuses us"
        return ANSWERS[limits.breaker_state(channel.breaker_key).state]

    @display(description="Trouble")
    def said(self, channel: Channel) -> str:
        """Say what needs a look."""
        return ", ".join(troubles(channel)) or "–"

    @display(description="Last success", ordering="last_success")
    def last(self, channel: Channel) -> SafeString | str:
        """Say when a job was last published through it."""
        return moment(getattr(channel, "last_success", None))

    @admin.action(description="Test the connection", permissions=["work"])
    def test_connections(
        self, request: HttpRequest, queryset: QuerySet[Channel]
    ) -> HttpResponse | None:
        """Ask each board whether it knows us; one that was refused and is accepted goes on."""
        rows = list(queryset.select_related("company")[:TESTED])
        for channel in rows:
            if self.may_write(request, channel):
                self._test(request, channel)
        if len(rows) == 1:
            return redirect("admin:distribution_channel_change", rows[0].pk)
        return None

    def _test(self, request: HttpRequest, channel: Channel) -> None:
        """Test one channel and say what was found."""
        found = connecting.try_channel(channel, actor=actor_of(request))
        going = f" {found.resumed} that had waited go on now." if found.resumed else ""
        self.tell(request, f"{channel}: {found.said}{going}", ok=found.ok)

    @admin.action(description="Reset the breaker and end a pause", permissions=["work"])
    def reset_breakers(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        """Let calls through again."""

        def reset(channel: Channel, *, actor: User | None) -> None:  # noqa: ARG001 # told to all
            boards.reset_breaker(channel)

        self.each(request, queryset, reset, done="channels may be called again")


WHICH = (
    "LinkedIn and Indeed: client id and secret. REST boards: partner id and API key. "
    "Webhooks: the signing secret you share with the receiver."
)
KEPT = "They are stored encrypted and never shown; type new ones to replace them."
SHOWN_ONCE = "The signing secret, shown this once; give it to the receiver: {}"
TESTED = 5  # channels in one go, each of which may take eight seconds
FIGURES = (
    "limit_per_minute",
    "rate_limit_rule",
    "settle_window",
    "poll_delay",
    "poll_until",
    "call_timeout",
    "idempotent_create",
    "lookup",
    "batch_size",
    "id_max",
)
COSTS = ("cost_model", "price", "currency", "credits_left")
STAYS = ("stay_days", "at_end", "renew_before_days", "renew_most")
