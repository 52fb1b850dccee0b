"""What `process` and `load` share: pick what waits, run it in the foreground, print the books."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from ingestion.reports.books import books
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress


class StageCommand(JoblyCommand):
    """A stage of the pipeline over all that waits for it, or over one collection."""

    kind = ""

    def waiting(self, collection: str | None) -> dict[str, Any]:
        """Return the arguments of the runs to start, by collection."""
        raise Rejected("This stage has nothing to wait for.")

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose everything that waits, or one collection."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--pending", action="store_true", help="all that waits (the default)")
        which.add_argument("--collection", type=UUID, metavar="ID")

    def run(self, **options: Any) -> dict[str, Any]:
        """Run the stage and return the books of the collections it touched."""
        began = time.monotonic()
        chosen = str(options["collection"]) if options["collection"] else None
        todo = self.waiting(chosen)
        if chosen and not todo:
            raise Rejected(f"There is no collection {chosen} for this stage; nothing was done.")

        def body(progress: Progress) -> dict[str, Any]:
            for args in todo.values():
                progress.start(self.kind, args)
            return {"collections": len(todo)}

        foreground(f"{self.kind}_all", {}, actor=None, body=body)
        done = books([UUID(pk) for pk in todo])
        return {"collections": len(todo), **done, "seconds": round(time.monotonic() - began, 2)}
