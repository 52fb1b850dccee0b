"""Read stored collections again in the foreground; promote a shadow, or roll either back."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime

from ingestion.actions import reprocessing as actions
from ingestion.actions.reprocessing import Choice
from ingestion.errors import NothingChosen
from ingestion.models import Reprocessing
from ingestion.reports.reprocessing import counts_of, found
from ingestion.rules.transformers import CURRENT, TRANSFORMERS
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress
from jobly.users.reports import company_by_slug

Body = Callable[[Progress, str], dict[str, Any]]


class Command(JoblyCommand):
    """Asks no source for anything; see INTERFACE.md §2 for what it prints."""

    help = "Read stored collections again; with --shadow only tell what would change."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose the collections, or what to do with an earlier reprocessing."""
        parser.add_argument("--source", default="", metavar="NAME")
        parser.add_argument("--company", metavar="SLUG", help="only what is its own")
        parser.add_argument("--since", metavar="DATE", help="collected on or after this day")
        parser.add_argument("--failed", action="store_true", help="only rows that failed")
        parser.add_argument(
            "--read-by", dest="was", metavar="VERSION", default="", help="last read by this one"
        )
        parser.add_argument("--collection", type=UUID, metavar="ID")
        parser.add_argument("--shadow", action="store_true", help="change nothing, compare")
        parser.add_argument("--transformer", choices=sorted(TRANSFORMERS), default=CURRENT)
        decide = parser.add_mutually_exclusive_group()
        decide.add_argument("--promote", type=UUID, metavar="ID", help="load what a shadow read")
        decide.add_argument("--rollback", type=UUID, metavar="ID", help="put back what was there")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it and return the counts."""
        began = time.monotonic()
        if options["promote"]:
            done = _promote(_named(options["promote"]))
        elif options["rollback"]:
            done = _roll_back(_named(options["rollback"]))
        else:
            done = _reprocess(options)
        return {**done, "seconds": round(time.monotonic() - began, 2)}


def _reprocess(options: dict[str, Any]) -> dict[str, Any]:
    choice = Choice(
        source=options["source"],
        companies=(company_by_slug(slug).pk,) if (slug := options["company"]) else None,
        since=_moment(options["since"]) if options["since"] else None,
        failed=options["failed"],
        transformer=options["was"],
        collection=options["collection"],
    )
    shadow: bool = options["shadow"]
    try:
        row, _ = actions.plan(choice, shadow=shadow, transformer=options["transformer"], actor=None)
    except NothingChosen:
        return {"processing": None, "collections": 0}
    _work("ingestion.reprocess", row, actions.run_passes)
    told = found(row) if shadow else {"processing": str(row.pk), "status": row.status}
    return {**counts_of(row), **told}


def _promote(row: Reprocessing) -> dict[str, Any]:
    actions.begin_promotion(row)
    _work("ingestion.promote", row, actions.load_passes)
    return {"processing": str(row.pk), "status": row.status, **counts_of(row)}


def _roll_back(row: Reprocessing) -> dict[str, Any]:
    actions.begin_rollback(row)
    done = _work("ingestion.roll_back", row, actions.restore)
    told = {name: done[name] for name in ("restored", "removed", "moved_on")}
    return {"processing": str(row.pk), "status": row.status, **told}


def _work(kind: str, row: Reprocessing, body: Body) -> dict[str, Any]:
    """Do the work here, as a run that everybody sees; return its result."""
    args = {"reprocessing_id": str(row.pk)}
    done = foreground(
        kind, args, actor=None, body=lambda progress: body(progress, args["reprocessing_id"])
    )
    if done.status != "succeeded":
        raise Rejected(done.error or f"The work was {done.status}; run the command again.")
    row.refresh_from_db()
    return done.result or {}


def _named(pk: UUID) -> Reprocessing:
    row = Reprocessing.objects.filter(pk=pk).first()
    if row is None:
        raise Rejected(f"There is no reprocessing {pk}; nothing was done.")
    return row


def _moment(text: str) -> datetime:
    """Read a day or a time; without a zone it is UTC."""
    try:
        found: date | datetime | None = parse_datetime(text) or parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise Rejected(f"--since {text} is no date; give one like 2026-01-31.")
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
