"""Load processed collections in the foreground."""

from typing import Any

from ingestion.management.stages import StageCommand
from ingestion.models import Processing
from ingestion.reports.books import unloaded


class Command(StageCommand):
    """`load [--pending] [--collection ID]`: put normalised items into the catalogue."""

    help = "Load what was normalised into the catalogue."
    kind = "ingestion.load"

    def waiting(self, collection: str | None) -> dict[str, Any]:
        """Return the arguments of the runs to start, by collection."""
        rows = unloaded()
        if collection:
            chosen = Processing.objects.filter(collection__pk=collection)
            rows = chosen.filter(processed_at__isnull=False)
        pairs = rows.values_list("collection_id", "pk")
        return {str(owner): {"processing_id": str(pk)} for owner, pk in pairs}
