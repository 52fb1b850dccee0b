"""The upkeep of stored bytes as runs: what is past its time goes, then what no row keeps."""

from dataclasses import asdict
from typing import Any

from jobly.artifacts.actions import upkeep
from jobly.artifacts.clients.places import here
from jobly.artifacts.models import Artifact
from jobly.artifacts.reports import usage
from jobly.errors import Unavailable
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.progress import Progress


def expire_storage(progress: Progress, keep_days: dict[str, int | None]) -> dict[str, Any]:
    """Drop the bytes of artifacts that are past their kind's time; return counts by kind.

    Each batch is said gone before it goes: a death in between leaves orphans for `tidy_storage`.
    """
    due = usage(keep_days)
    total = sum(kind.due_files for kind in due)
    dropped: dict[str, dict[str, int]] = {}
    done = stayed = 0
    progress.tell(total=total, step="dropping files past their time")
    while True:
        with progress.transaction():
            rows = upkeep.expire()
        if not rows:
            return {"kinds": dropped, "files": done, "stayed": stayed}
        crashpoint("ingestion.after_expiry")
        stayed += upkeep.drop(rows, here())
        _sum_up(dropped, rows)
        done += len(rows)
        progress.tell(done=done, total=max(total, done))


def _sum_up(kinds: dict[str, dict[str, int]], rows: list[Artifact]) -> None:
    for row in rows:
        sums = kinds.setdefault(row.kind, {"files": 0, "bytes": 0})
        sums["files"] += 1
        sums["bytes"] += row.size


def tidy_storage(progress: Progress | None) -> dict[str, Any]:
    """Delete stored files that no row keeps, and tell of rows that lack their bytes.

    Without a run it only counts. Raises: Unavailable when the storage does not answer.
    """
    found = upkeep.Tidied()
    total = Artifact.objects.kept().count()
    try:
        for found in upkeep.tidy(here(), dry_run=progress is None):
            if progress is None:
                continue
            crashpoint("ingestion.mid_tidy")
            lost = found.missing + found.damaged
            whole = max(found.rows - lost, 0)
            progress.tell(done=whole, failed=lost, total=max(total, found.rows), step="looking")
            progress.checkpoint()
    except OSError as exc:
        raise Unavailable(f"The storage does not answer: {exc}. Nothing was lost by it.") from exc
    return asdict(found)
