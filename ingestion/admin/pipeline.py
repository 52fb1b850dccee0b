"""Admin of the stages between a source and the catalogue, for operators."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from ingestion.models import Processing, RawCollection
from jobly.users.admin.scoped import OperatorsLook
from jobly.users.models import principal_of

COLLECTION_COLOURS = {
    "stored": "info",
    "list": "secondary",
    "processed": "success",
    "quarantined": "danger",
}
PROCESSING_COLOURS = {
    "pending": "info",
    "processing": "warning",
    "completed": "success",
    "partial": "warning",
    "failed": "danger",
}


@admin.register(RawCollection)
class RawCollectionAdmin(OperatorsLook):
    """What was fetched or sent, as it came."""

    list_before_template = "admin/ingestion/_before_sources.html"
    intro = "What was fetched or sent, as it came; the bytes are never changed."
    empty_words = "They come with the first file, or the first walk over a source."
    list_display = ("__str__", "file_name", "state", "size", "error", "raw_bytes")
    list_filter = (
        "status",
        ("source", admin.RelatedOnlyFieldListFilter),
        ("collected_at", admin.DateFieldListFilter),
    )
    list_select_related = ("source", "artifact")
    search_fields = ("file_name", "source__name", "error")
    fields = (
        "source", "fetch", "number", "file_name", "state", "error_code", "error", "collected_at",
        "size", "hash", "recognised", "asked", "answered", "milliseconds", "calls_used",
        "raw_bytes",
    )  # fmt: skip
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the way to the bytes."""
        view = self.admin_site.admin_view(self.download)
        name = "ingestion_rawcollection_raw"
        return [path("<uuid:pk>/raw/", view, name=name), *super().get_urls()]

    def download(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Lead to the bytes by a link that is good for this person and a while."""
        rows = self.get_queryset(request) if self.has_view_permission(request) else None
        row = get_object_or_404(RawCollection.objects.none() if rows is None else rows, pk=pk)
        return redirect(row.artifact.link_for(principal_of(request)))

    @display(description="Status", label=COLLECTION_COLOURS, ordering="status")
    def state(self, row: RawCollection) -> str:
        """Show the status as a badge."""
        return row.status

    @display(description="Size", ordering="artifact__size")
    def size(self, row: RawCollection) -> str:
        """Say how big it is."""
        return filesizeformat(row.artifact.size)

    @display(description="SHA-256")
    def hash(self, row: RawCollection) -> str:
        """Show the fingerprint of the bytes."""
        return row.artifact.sha256

    @display(description="Recognised as")
    def recognised(self, row: RawCollection) -> SafeString | str:
        """Say what the content was taken for."""
        return pairs(row.shape) or "nothing known"

    @display(description="Asked for")
    def asked(self, row: RawCollection) -> SafeString | str:
        """Say what the source was asked."""
        return pairs(row.request) or "nothing: it was sent"

    @display(description="Answered with")
    def answered(self, row: RawCollection) -> SafeString | str:
        """Say with what status and headers the source answered."""
        return pairs(row.response) or "no call: it was sent"

    @display(description="Bytes")
    def raw_bytes(self, row: RawCollection) -> SafeString:
        """Offer the bytes as a file."""
        url = reverse("admin:ingestion_rawcollection_raw", args=[row.pk])
        return format_html('<a class="jb-link" href="{}">Download</a>', url)


@admin.register(Processing)
class ProcessingAdmin(OperatorsLook):
    """Passes over collections, with their books."""

    list_display = (
        "__str__", "state", "raw", "processed", "failed", "loaded", "updated", "duplicates",
        "warnings", "started_at",
    )  # fmt: skip
    intro = "Each time a collection was read, with what became of its rows."
    empty_words = "They come with the first file, or the first walk over a source."
    list_filter = ("status", "transformer", ("started_at", admin.DateFieldListFilter))
    list_select_related = ("collection__source",)
    search_fields = ("collection__file_name", "collection__source__name")

    @display(description="Status", label=PROCESSING_COLOURS, ordering="status")
    def state(self, row: Processing) -> str:
        """Show the status as a badge."""
        return row.status


def pairs(values: dict[str, Any]) -> SafeString | str:
    """Lay a JSON object out as names and values; empty when nothing is in it."""
    known = [(name, _text(value)) for name, value in values.items() if value not in (None, "", [])]
    rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", known)
    return format_html('<dl class="jb-pairs">{}</dl>', rows) if known else ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
