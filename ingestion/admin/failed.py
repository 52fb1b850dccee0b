"""Admin of items that failed: read them again, one or many, as they came or corrected."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.actions import reprocessing as actions
from ingestion.actions.reprocessing import Choice
from ingestion.forms.reprocessing import FixForm
from ingestion.models import ProcessedJob
from jobly.errors import JoblyError
from jobly.runs.actions.admission import admit
from jobly.users.admin.scoped import OperatorsLook, actor_of, of_one_row

from .pipeline import pairs

MOST = 10_000  # items read again by one click


@admin.register(ProcessedJob)
class FailedItemAdmin(OperatorsLook):
    """Items that failed and were not mended since, with the item itself."""

    list_display = ("place", "error_field", "error_code", "error", "item")
    list_filter = (
        "error_code",
        ("processing__collection__source", admin.RelatedOnlyFieldListFilter),
        "processing__transformer",
    )
    list_select_related = ("processing__collection__source",)
    search_fields = ("error", "error_field")
    ordering = ("-processing", "-row")
    empty_words = "Every row that was read became a posting."
    actions = ("read_again",)
    intro = "Rows that could not become postings. Reading them again asks no source for anything."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcessedJob]:
        """Keep the failed ones; a partial index serves them in this order."""
        return ProcessedJob.objects.failed().filter(pk__in=super().get_queryset(request))

    @admin.action(description="Read again by the present transformer", permissions=["view"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[ProcessedJob]) -> None:
        """Start one reprocessing of the chosen items, or of all that match the filters."""
        chosen = tuple(queryset.order_by().values_list("pk", flat=True)[:MOST])
        self._start(request, chosen)

    @of_one_row
    def change_view(self, request: HttpRequest, item: ProcessedJob) -> HttpResponse:
        """Show the item beside its error; take a corrected one and read it again."""
        known = item.fix if item.fix is not None else item.raw or {}
        begun = {"fix": json.dumps(known, ensure_ascii=False, indent=2)}
        posted = request.method == "POST"
        sent = request.POST if posted and "as_it_came" not in request.POST else None
        form = FixForm(sent, initial=begun)
        if posted and (sent is None or form.is_valid()):
            actions.fix_item(item, form.cleaned_data["fix"] if sent is not None else None)
            self._start(request, (item.pk,))
            return redirect("admin:ingestion_processedjob_changelist")
        context = self.page(
            request,
            title=self.place(item),
            original=item,
            came=pairs(item.raw or {}) or "empty",
            form=form,
        )
        return TemplateResponse(request, "admin/ingestion/show_failed_item.html", context)

    def _start(self, request: HttpRequest, chosen: tuple[int, ...]) -> None:
        """Start reading items again and say so, or why not."""
        actor = actor_of(request)
        try:
            admit("ingestion.reprocess", user_id=actor.pk if actor else None)
            row, _ = actions.reprocess(Choice(items=chosen), actor=actor)
        except JoblyError as wrong:
            self.message_user(request, wrong.message, "ERROR")
            return
        self.message_user(request, f"{len(chosen):,} items are read again: {row}.", "SUCCESS")

    @display(description="Row")
    def place(self, item: ProcessedJob) -> str:
        """Say where the item stands."""
        return f"row {item.row} of {item.processing.collection}"

    @display(description="Item")
    def item(self, item: ProcessedJob) -> str:
        """Show the beginning of the item."""
        values = (str(value) for value in (item.raw or {}).values() if value)
        text = " · ".join(values)
        return f"{text[:120]}…" if len(text) > 120 else text or "empty"  # noqa: PLR2004 # one line

    @display(description="Item")
    def whole_item(self, item: ProcessedJob) -> SafeString | str:
        """Show every field of the item."""
        return pairs(item.raw or {}) or "empty"
