"""Admin of what sources are known to send, and of what departed from it."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.actions import contracts as actions
from ingestion.models import Contract, ContractBreach
from jobly.errors import JoblyError
from jobly.users.admin.scoped import OperatorsLook, actor_of

STATUS_COLOURS = {"open": "warning", "accepted": "success", "refused": "danger"}
Tolerance = Contract.Tolerance


@admin.register(Contract)
class ContractAdmin(OperatorsLook):
    """What each source is known to send, learned from its first collections."""

    list_display = ("source", "tolerance", "many_fields", "many_items", "departures", "updated_at")
    fields = ("source", "tolerance", "known_fields", "updated_at")
    readonly_fields = ("known_fields",)
    list_filter = ("tolerance",)
    list_select_related = ("source",)
    search_fields = ("source__name",)
    search_help_text = "Name of the source"
    empty_words = "One is made as soon as a source has sent a few items."
    actions = ("warn_only", "set_aside", "take_all")
    intro = (
        "A source is learned from its first collections; later ones are compared with them. Choose"
        " what becomes of a collection that has new fields, other types, or lacks what was there."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        """Count what nobody decided on."""
        rows: QuerySet[Contract] = super().get_queryset(request)
        return rows.annotate(open_breaches=Count("breaches", filter=Q(breaches__status="open")))

    @display(description="What it sends")
    def known_fields(self, contract: Contract) -> SafeString | str:
        """Lay out each field with its types and in how many items it was."""
        items = contract.known.get("items", 0)
        rows = [
            (name, " or ".join(one["types"]), f"{one['seen']:,} of {items:,}")
            for name, one in sorted(contract.known.get("fields", {}).items())
        ]
        cells = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        head = "<tr><th>Field</th><th>Type</th><th>Items with it</th></tr>"
        table = '<table class="jb-plain"><thead>' + head + "</thead><tbody>{}</tbody></table>"
        return format_html(table, cells) if rows else "nothing yet"

    @display(description="Fields")
    def many_fields(self, contract: Contract) -> int:
        """Say how many fields are known."""
        return len(contract.known.get("fields", {}))

    @display(description="Learned from")
    def many_items(self, contract: Contract) -> str:
        """Say how much was seen."""
        known = contract.known
        return f"{known.get('items', 0):,} items, {known.get('collections', 0)} collections"

    @display(description="Undecided")
    def departures(self, contract: Any) -> int:
        """Say how many breaches wait for a decision."""
        return int(contract.open_breaches)

    @admin.action(description="Load what departs, and tell", permissions=["view"])
    def warn_only(self, request: HttpRequest, queryset: QuerySet[Contract]) -> None:
        """Choose to warn."""
        self._choose(request, queryset, Tolerance.WARN)

    @admin.action(description="Set what departs aside", permissions=["view"])
    def set_aside(self, request: HttpRequest, queryset: QuerySet[Contract]) -> None:
        """Choose to quarantine."""
        self._choose(request, queryset, Tolerance.QUARANTINE)

    @admin.action(description="Take whatever comes", permissions=["view"])
    def take_all(self, request: HttpRequest, queryset: QuerySet[Contract]) -> None:
        """Choose to accept."""
        self._choose(request, queryset, Tolerance.ACCEPT)

    def _choose(
        self, request: HttpRequest, queryset: QuerySet[Contract], tolerance: Tolerance
    ) -> None:
        for row in queryset:
            actions.tolerate(row, tolerance)
        self.message_user(request, f"{len(queryset)} changed: {tolerance.label.lower()}.")


@admin.register(ContractBreach)
class ContractBreachAdmin(OperatorsLook):
    """Ways in which sources departed from what they used to send."""

    list_display = ("what", "source", "state", "items", "example", "times", "held", "seen_at")
    list_filter = ("status", "kind", ("contract__source", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("contract__source",)
    search_fields = ("field", "contract__source__name")
    search_help_text = "Field or source"
    empty_words = "Every source sends what it used to send."
    actions = ("accept_selected", "refuse_selected")
    intro = (
        "Accept what the source may do from now on: collections that wait for it are loaded."
        " Refuse what it must not do: collections that have it are set aside, with their bytes."
    )

    @display(description="What", ordering="kind")
    def what(self, breach: ContractBreach) -> str:
        """Say it in a sentence."""
        return actions.as_rule(breach).sentence

    @display(description="Source", ordering="contract__source__name")
    def source(self, breach: ContractBreach) -> str:
        """Name the source."""
        return breach.contract.source.name

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, breach: ContractBreach) -> str:
        """Show the status as a badge."""
        return breach.status

    @display(description="Items")
    def items(self, breach: ContractBreach) -> str:
        """Say how many items have it, and the first."""
        return f"{breach.count}, first in row {breach.row}" if breach.row else str(breach.count)

    @display(description="Waiting")
    def held(self, breach: ContractBreach) -> int:
        """Say how many collections are set aside for it."""
        return 0 if breach.status == ContractBreach.Status.ACCEPTED else len(breach.waiting)

    @admin.action(description="Accept: the source may do so", permissions=["view"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[ContractBreach]) -> None:
        """Accept each, and load what waited for it alone."""
        freed = 0
        for row in queryset.order_by("pk"):
            try:
                freed += actions.accept_breach(row, actor=actor_of(request))
            except JoblyError as wrong:
                self.message_user(request, f"{row}: {wrong.message}", "ERROR")
        self.message_user(request, f"Accepted; {freed} collections are being loaded.")

    @admin.action(description="Refuse: set such collections aside", permissions=["view"])
    def refuse_selected(self, request: HttpRequest, queryset: QuerySet[ContractBreach]) -> None:
        """Refuse each."""
        for row in queryset.order_by("pk"):
            try:
                actions.refuse_breach(row, actor=actor_of(request))
            except JoblyError as wrong:
                self.message_user(request, f"{row}: {wrong.message}", "ERROR")
        self.message_user(request, "Done; collections that have it are set aside from now on.")
