"""Process stored collections in the foreground."""

from typing import Any

from ingestion.management.stages import StageCommand
from ingestion.models import RawCollection
from ingestion.reports.books import unprocessed


class Command(StageCommand):
    """`process [--pending] [--collection ID]`: normalise, then load what that brings."""

    help = "Normalise stored collections; what they bring is loaded too."
    kind = "ingestion.process"

    def waiting(self, collection: str | None) -> dict[str, Any]:
        """Return the arguments of the runs to start, by collection."""
        rows = unprocessed()
        if collection:
            rows = RawCollection.objects.filter(pk=collection)
        return {str(pk): {"collection_id": str(pk)} for pk in rows.values_list("pk", flat=True)}
