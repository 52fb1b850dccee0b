"""Take down all a source brought, and keep it from coming back."""

from argparse import ArgumentParser
from typing import Any

from ingestion.actions.takedowns import take_down
from ingestion.models import Source
from jobly.commands import JoblyCommand
from jobly.errors import Rejected


class Command(JoblyCommand):
    """`take_down SOURCE --why TEXT [--dry-run]`: delete what a source brought, keep digests."""

    help = "Delete a source's raw bytes and jobs, and withhold them from now on."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the source and the reason."""
        parser.add_argument("source", help="name or id of the source")
        parser.add_argument("--why", required=True, help="who asked for it, and why")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def run(self, **options: Any) -> dict[str, Any]:
        """Take it down and return how much there was."""
        name = options["source"]
        found = [row for row in Source.objects.all() if name in (row.name, str(row.pk))]
        if len(found) != 1:
            which = "several sources are" if found else "no source is"
            raise Rejected(f"{which} called {name}; nothing was changed. Give its id.")
        counts = take_down(found[0], why=options["why"], actor=None, dry_run=options["dry_run"])
        return {"source": found[0].name, **counts, "dry_run": options["dry_run"]}
