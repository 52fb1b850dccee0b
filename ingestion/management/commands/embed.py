"""Make the vectors of jobs that have none, an old one, or one of another model."""

from argparse import ArgumentParser
from typing import Any

from ingestion.actions.embedding import embed_missing
from ingestion.reports.embeddings import outdated
from jobly.commands import JoblyCommand
from jobly.runs.actions.execution import foreground


class Command(JoblyCommand):
    """`embed [--dry-run]`: to be run after EMBEDDING_MODEL was changed; it can be broken off."""

    help = "Make the vectors that are missing, old, or of another model than EMBEDDING_MODEL."

    def arguments(self, parser: ArgumentParser) -> None:
        """Say what would be done without doing it."""
        parser.add_argument("--dry-run", action="store_true")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do the work of the hourly run now; return what became of the jobs."""
        if options["dry_run"]:
            return {"outdated": outdated().count()}
        result: dict[str, Any] = (
            foreground("ingestion.embed_missing", {}, actor=None, body=embed_missing).result or {}
        )
        return result | {"left": outdated().count()}
