"""Admin of collecting pages: who answers for it, what sites gave us, what walks did not meet."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.timezone import now
from unfold.decorators import display

from ingestion.actions import acknowledging, vanishing, visiting
from ingestion.forms.acknowledgements import AcknowledgementForm, CookiesForm
from ingestion.models import Absence, Acknowledgement, CookieJar, RobotsCopy, Takedown
from jobly.errors import Forbidden
from jobly.users.admin.scoped import OperatorsLook, ReadOnlyAdmin, actor_of, moment
from jobly.users.models import User, principal_of

BEFORE = "admin/ingestion/_before_sources.html"
ABSENCE_COLOURS = {
    "counted": "info",
    "held": "danger",
    "approved": "success",
    "dismissed": "secondary",
    "overtaken": "secondary",
}


class PagesLook(ReadOnlyAdmin):
    """Records of collecting pages: looked at by operators, changed by their actions only."""

    list_before_template = BEFORE
    change_form_before_template = BEFORE

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show them to operators."""
        return principal_of(request).is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to operators."""
        return principal_of(request).is_staff

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person is an operator; actions may ask for more."""
        return principal_of(request).is_staff

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Offer actions to operators."""
        return principal_of(request).is_staff


@admin.register(Acknowledgement)
class AcknowledgementAdmin(PagesLook):
    """Who answers for collecting pages of a source, on what ground, until when."""

    form = AcknowledgementForm
    list_display = ("source", "who", "basis", "robots", "state", "since", "until")
    list_filter = ("basis", "respect_robots")
    list_select_related = ("source",)
    search_fields = ("source__name", "who", "evidence")
    empty_words = "No source of pages is collected before one is given."
    actions = ("withdraw", "switch_on", "switch_off", "ask_again")
    add_words = "Answer for a source"
    show_add_link = False
    more = (
        ("Cookies", "admin:ingestion_cookiejar_changelist"),
        ("Copies of robots.txt", "admin:ingestion_robotscopy_changelist"),
    )
    intro = (
        "Pages of a site are collected only while COLLECTOR_WEB_ENABLED is set, the source is "
        "switched on, and a superuser answers for it. That lasts 180 days."
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let superusers answer for a source."""
        return bool(getattr(request.user, "is_superuser", False))

    def save_model(
        self, request: HttpRequest, obj: Acknowledgement, form: ModelForm[Any], change: bool
    ) -> None:
        """Store the word of the person who asks."""
        actor = actor_of(request)
        if actor is None or not isinstance(form, AcknowledgementForm):
            raise Forbidden("Only a superuser answers for collecting pages; nothing was changed.")
        made = acknowledging.acknowledge(obj.source, form.word, actor=actor)
        obj.pk, obj.who, obj.expires_at = made.pk, made.who, made.expires_at
        obj.created_at = made.created_at

    @admin.action(description="Withdraw", permissions=["work"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Acknowledgement]) -> None:
        """End the selected words now."""
        self.each(request, queryset, acknowledging.withdraw, done="withdrawn")

    @admin.action(description="Switch the sources on", permissions=["work"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Acknowledgement]) -> None:
        """Let the sources of the selected words be collected."""

        def turn(row: Acknowledgement, *, actor: User | None) -> None:
            acknowledging.switch(row.source, on=True, actor=actor)

        self.each(request, queryset, turn, done="switched on")

    @admin.action(description="Switch the sources off", permissions=["work"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Acknowledgement]) -> None:
        """Let the sources of the selected words rest."""

        def turn(row: Acknowledgement, *, actor: User | None) -> None:
            acknowledging.switch(row.source, on=False, actor=actor)

        self.each(request, queryset, turn, done="switched off")

    @admin.action(description="Stop leaving the sites alone", permissions=["work"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Acknowledgement]) -> None:
        """Ask sites again that were left alone for a day."""

        def turn(row: Acknowledgement, *, actor: User | None) -> None:
            acknowledging.ask_again(row.source, actor=actor)

        self.each(request, queryset, turn, done="asked again from now on")

    @display(description="robots.txt", label={"kept": "success", "NOT kept": "danger"})
    def robots(self, row: Acknowledgement) -> str:
        """Say whether robots.txt is kept to."""
        return "kept" if row.respect_robots else "NOT kept"

    @display(description="State", label={"holds": "success", "withdrawn": "secondary"})
    def state(self, row: Acknowledgement) -> str:
        """Say whether it holds."""
        if row.withdrawn_at:
            return "withdrawn"
        return "holds" if row.expires_at > now() else "over"

    @display(description="Since", ordering="created_at")
    def since(self, row: Acknowledgement) -> SafeString | str:
        """Say when it was given."""
        return moment(row.created_at)

    @display(description="Until", ordering="expires_at")
    def until(self, row: Acknowledgement) -> SafeString | str:
        """Say when it is over."""
        return moment(row.expires_at)


@admin.register(CookieJar)
class CookieJarAdmin(PagesLook):
    """That sources have cookies, given or entered; what is in them nobody sees."""

    list_display = ("source", "many", "updated_at", "expires_at")
    list_select_related = ("source",)
    empty_words = "They come while pages of a site are collected, or are entered."
    actions = ("wipe",)
    intro = "Cookies of sites, sealed; each goes back to its own host only and is forgotten."
    form = CookiesForm
    exclude = ("cookies",)
    add_words = "Enter cookies"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let superusers enter cookies of an account of ours."""
        return bool(getattr(request.user, "is_superuser", False))

    def get_fields(self, request: HttpRequest, obj: CookieJar | None = None) -> Any:
        """Ask for cookies; of those that are kept show how many there are and until when."""
        return self.list_display if obj else ("source", "typed", "own")

    def save_model(
        self, request: HttpRequest, obj: CookieJar, form: ModelForm[Any], change: bool
    ) -> None:
        """Seal what was typed."""
        typed = form.cleaned_data["typed"]
        made = acknowledging.enter_cookies(obj.source, typed, actor=actor_of(request))
        obj.many, obj.updated_at, obj.expires_at = made.many, made.updated_at, made.expires_at

    @admin.action(description="Wipe the selected cookies", permissions=["work"])
    def wipe(self, request: HttpRequest, queryset: QuerySet[CookieJar]) -> None:
        """Forget the cookies of the selected sources."""

        def forget(row: CookieJar, *, actor: User | None) -> None:  # noqa: ARG001 # told to every change
            visiting.wipe_cookies(row.source)

        self.each(request, queryset.select_related("source"), forget, done="wiped")


@admin.register(Absence)
class AbsenceAdmin(PagesLook):
    """What whole walks did not meet, and what a person said of sudden losses."""

    company_lookup = "fetch__source__company"
    list_display = ("source", "state", "missing", "known", "closed", "back", "judged", "decided_by")
    list_filter = ("status",)
    list_select_related = ("fetch__source", "decided_by")
    search_fields = ("fetch__source__name",)
    empty_words = "Each whole walk over a source is compared with what is known of it."
    actions = ("approve", "dismiss")
    intro = (
        "A source that lost more than half of its jobs at once is more likely broken than empty: "
        "look at it, then say what it means. Nothing is closed before."
    )

    @admin.action(description="They are gone: close them", permissions=["work"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        """Close what the selected walks did not meet."""
        self.each(request, queryset, vanishing.approve, done="approved")

    @admin.action(description="The source is at fault: close nothing", permissions=["work"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        """Take the selected losses for a fault."""
        self.each(request, queryset, vanishing.dismiss, done="dismissed")

    @display(description="Source", ordering="fetch__source__name")
    def source(self, row: Absence) -> str:
        """Name the source."""
        return row.fetch.source.name

    @display(description="Status", label=ABSENCE_COLOURS, ordering="status")
    def state(self, row: Absence) -> str:
        """Show the status as a badge."""
        return row.status

    @display(description="Judged", ordering="judged_at")
    def judged(self, row: Absence) -> SafeString | str:
        """Say when."""
        return moment(row.judged_at)


@admin.register(RobotsCopy)
class RobotsCopyAdmin(OperatorsLook):
    """What sites said in robots.txt when they were asked last."""

    list_display = ("origin", "state", "status", "fetched_at", "keep_until")
    intro = "Asked for before the first page of a site, and anew when it is old."
    empty_words = "They come while pages of a site are collected."
    list_filter = ("state",)
    search_fields = ("origin",)


@admin.register(Takedown)
class TakedownAdmin(OperatorsLook):
    """Sources that were taken out."""

    list_display = ("source_name", "why", "by", "at")
    intro = (
        "What these sources brought is gone and does not come back. One is taken out by the "
        "command take_down, which says first what would go."
    )
    empty_words = "No source had to be taken out."
    list_select_related = ("by",)
    search_fields = ("source_name", "why")
