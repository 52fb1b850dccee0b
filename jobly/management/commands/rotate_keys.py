"""Seal every stored secret with the first key of FIELD_ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from jobly import crypto
from jobly.commands import JoblyCommand
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress


class Command(JoblyCommand):
    """`rotate_keys [--dry-run]`; may be stopped and run again at any time."""

    help = "Seal stored secrets with the first key; afterwards older keys may be dropped."

    def arguments(self, parser: ArgumentParser) -> None:
        """Offer to count only."""
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def run(self, **options: Any) -> dict[str, Any]:
        """Rotate column by column and return the sums; a dry run leaves no run behind."""
        if options["dry_run"]:
            return _rotate_all(None) | {"dry_run": True}
        done = foreground("crypto.rotate_keys", {}, actor=None, body=_rotate_all)
        return {**(done.result or {}), "dry_run": False}


def _rotate_all(progress: Progress | None) -> dict[str, Any]:
    """Turn every column, or only count when there is no progress to tell."""
    columns = []
    for model, name in crypto.encrypted_columns():
        column = crypto.rotate_column(model, name, dry_run=progress is None)
        columns.append(column)
        if progress is not None:
            progress.tell(step=column.column, done=sum(c.rotated + c.current for c in columns))
            progress.checkpoint()
    sums = {
        word: sum(getattr(column, word) for column in columns)
        for word in ("rotated", "current", "unreadable")
    }
    return {**sums, "columns": [asdict(column) for column in columns]}
