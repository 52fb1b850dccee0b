"""Where artifacts lie: say it, check it, move it."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings

from jobly.artifacts.actions import moving, upkeep
from jobly.artifacts.clients.places import place_at
from jobly.artifacts.errors import BadPlace, StorageAway
from jobly.artifacts.models import Artifact
from jobly.artifacts.reports import usage
from jobly.artifacts.rules.places import Backend, backend_of, overlap, shown
from jobly.commands import JoblyCommand
from jobly.errors import Conflict
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress


class Command(JoblyCommand):
    """`storage status`, `storage verify [--sample N]`, `storage migrate --to URL`."""

    help = "Show, check or move the bytes of all artifacts."

    def arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and `--json` behind it as well as before."""
        tasks = parser.add_subparsers(dest="task", required=True, metavar="status|verify|migrate")
        tasks.add_parser("status", help="where they lie, how many of which kind, how long kept")
        verify = tasks.add_parser("verify", help="read them and compare their hashes")
        verify.add_argument("--sample", type=int, metavar="N", help="only N of them, by chance")
        migrate = tasks.add_parser("migrate", help="copy them to another place, compared by hash")
        migrate.add_argument("--to", required=True, metavar="URL", help="file:///… or s3://…")
        migrate.add_argument(
            "--from", dest="source", metavar="URL", help="default: STORAGE_OLD_URL or STORAGE_URL"
        )
        migrate.add_argument("--dry-run", action="store_true", help="only compare names and sizes")
        migrate.add_argument(
            "--delete-source", action="store_true", help="afterwards delete what arrived whole"
        )
        for task in tasks.choices.values():
            task.add_argument("--json", action="store_true", default=SUPPRESS)

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it and return the counts."""
        tasks: dict[str, Callable[..., dict[str, Any]]] = {
            "status": status,
            "verify": verify,
            "migrate": migrate,
        }
        try:
            return tasks[options["task"]](**options)
        except OSError as exc:
            why = f"The storage does not answer: {exc}. Nothing was deleted; run it again."
            raise StorageAway(why) from exc

    def line(self, result: dict[str, Any]) -> str:
        """Say the numbers in one line, then one line for each kind or loss."""
        rows = [*result.get("kinds", ()), *result.get("losses", ())]
        details = ["  ".join(f"{name}={value}" for name, value in row.items()) for row in rows]
        said = {name: value for name, value in result.items() if value not in ("", ())}
        return "\n".join([super().line(said), *details])


def status(**_: Any) -> dict[str, Any]:
    """Say where artifacts lie and sum them up by kind; reads no file."""
    kinds = usage(settings.ARTIFACT_KEEP_DAYS)
    return {
        "url": shown(settings.STORAGE_URL),
        "old_url": shown(settings.STORAGE_OLD_URL),
        "files": sum(kind.files for kind in kinds),
        "bytes": sum(kind.bytes for kind in kinds),
        "kinds": [asdict(kind) for kind in kinds],
    }


def verify(*, sample: int | None, **_: Any) -> dict[str, Any]:
    """Read all artifacts or a sample; the losses are in the counts."""
    rows = Artifact.objects.kept().order_by("pk")
    if sample is not None:
        # chosen first: rows come page by page later, and chance must not choose anew for each
        chosen = list(Artifact.objects.kept().order_by("?").values_list("pk", flat=True)[:sample])
        rows = rows.filter(pk__in=chosen)

    def body(progress: Progress) -> dict[str, Any]:
        found = upkeep.Verified()
        progress.tell(total=rows.count(), step="reading")
        for found in upkeep.check(rows):
            lost = found.missing + found.damaged
            progress.tell(done=found.files - lost, failed=lost)
            progress.checkpoint()
        return asdict(found)

    done = foreground("storage.verify", {"sample": sample}, actor=None, body=body)
    return {**(done.result or {}), "run": str(done.pk)}


def migrate(
    *, to: str, source: str | None, dry_run: bool, delete_source: bool, **_: Any
) -> dict[str, Any]:
    """Copy to another place; may be stopped and run again, also while the product writes."""
    origin = source or settings.STORAGE_OLD_URL or settings.STORAGE_URL
    here, there = backend_of(origin), backend_of(to)
    if overlap(here, there):
        raise BadPlace(f"{shown(to)} is where they lie already, or within; nothing was copied.")
    if delete_source and overlap(here, backend_of(settings.STORAGE_URL)):
        raise Conflict(
            f"{shown(origin)} is still in use: nothing was copied or deleted. Move without"
            " --delete-source, restart with STORAGE_URL set to the new place and STORAGE_OLD_URL to"
            " this one, then run this again."
        )
    said = {"from": shown(origin), "to": shown(to), "dry_run": dry_run}
    if dry_run:
        return said | _move(here, there, None) | {"deleted": 0}

    def body(progress: Progress) -> dict[str, Any]:
        moved = _move(here, there, progress)
        deleted = 0
        if delete_source and not moved["failed"]:
            for deleted in moving.empty(place_at(here), place_at(there)):
                progress.tell(step=f"{deleted} deleted at the source")
                progress.checkpoint()
        return moved | {"deleted": deleted}

    done = foreground("storage.migrate", said, actor=None, body=body)
    return said | (done.result or {}) | {"run": str(done.pk)}


def _move(here: Backend, there: Backend, progress: Progress | None) -> dict[str, Any]:
    """Move, or only compare when there is no run to tell of it."""
    moved = moving.Moved()
    total = Artifact.objects.kept().count()
    for moved in moving.move(place_at(here), place_at(there), dry_run=progress is None):
        if progress is None:
            continue
        done = moved.present + moved.copied
        step = f"copying, pass {moved.passes}"
        progress.tell(done=done, failed=moved.failed, total=max(total, done), step=step)
        progress.checkpoint()
    return asdict(moved)
