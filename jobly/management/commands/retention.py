"""Let go of what is past its time: files, leftovers in storage, and the ledger's old records."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from distribution.reports.personal import to_erase
from ingestion.actions.storage import tidy_storage
from ingestion.reports.reprocessing import to_forget
from jobly.artifacts.reports import usage
from jobly.commands import JoblyCommand
from jobly.errors import Unavailable
from jobly.runs import actions as runs
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.runs.reports.retention import old_records

KINDS = (
    "ingestion.expire_storage",
    "ingestion.tidy_storage",
    "runs.retention",
    "ingestion.forget_reprocessings",
    "distribution.erase_due",
)


class Command(JoblyCommand):
    """`retention [--dry-run]`: what the clock does every night, now."""

    help = "Drop files and records that are past their time, and files that no row keeps."

    def arguments(self, parser: ArgumentParser) -> None:
        """Offer to count only."""
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it as runs, or count without one; return what went, or would go."""
        if options["dry_run"]:
            expired, tidied = _due(), tidy_storage(None)
            records = old_records() | to_forget() | to_erase()
            return {"dry_run": True, **_summed_up(expired, tidied, records)}
        done = foreground("system.retention", {}, actor=None, body=_start_all)
        results = dict(Run.objects.filter(parent=done).values_list("kind", "result"))
        broken = [kind for kind in KINDS if results.get(kind) is None]
        if broken:
            raise Unavailable(
                f"Not done: {', '.join(broken)}. What went is gone, all else is as it was;"
                f" the run {done.pk} has the reason. Run the command again."
            )
        expired, tidied, *rest = (results[kind] or {} for kind in KINDS)
        records = {name: count for result in rest for name, count in result.items()}
        summed_up = _summed_up(expired, tidied, records)
        return {"dry_run": False, "run": str(done.pk), **summed_up}

    def line(self, result: dict[str, Any]) -> str:
        """Say the numbers in one line, then one line for each kind and each loss."""
        kinds = [{"kind": kind, **sums} for kind, sums in result["kinds"].items()]
        rows = [*kinds, *result["losses"]]
        details = ["  ".join(f"{name}={value}" for name, value in row.items()) for row in rows]
        said = {name: value for name, value in result.items() if name != "losses"}
        return "\n".join([super().line(said), *details])


def _start_all(progress: Progress) -> None:
    """Start what the clock starts every night, as parts of this run."""
    with runs.transaction():
        for kind in KINDS:
            progress.start(kind, {})


def _due() -> dict[str, Any]:
    """Count the files that are past their time."""
    kinds = [kind for kind in usage(settings.ARTIFACT_KEEP_DAYS) if kind.due_files]
    return {
        "kinds": {kind.kind: {"files": kind.due_files, "bytes": kind.due_bytes} for kind in kinds},
        "files": sum(kind.due_files for kind in kinds),
    }


def _summed_up(
    expired: dict[str, Any], tidied: dict[str, Any], records: dict[str, Any]
) -> dict[str, Any]:
    """Put the results of all kinds into one object."""
    kinds = expired["kinds"]
    return {
        "files": expired["files"],
        "bytes": sum(sums["bytes"] for sums in kinds.values()),
        "kinds": kinds,
        "orphans": tidied["deleted"],
        "orphan_bytes": tidied["deleted_bytes"],
        "foreign": tidied["foreign"],
        "missing": tidied["missing"],
        "damaged": tidied["damaged"],
        "losses": tidied["losses"],
        **records,
    }
