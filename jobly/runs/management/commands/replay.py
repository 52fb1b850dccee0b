"""Do a failed or cancelled run again, in the foreground."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any
from uuid import UUID

from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions import check_replay
from jobly.runs.actions.repeating import repeat_here
from jobly.runs.models import Run


class Command(JoblyCommand):
    """A new run takes over the old one's key, so what was done already is not done twice."""

    help = "Do a failed or cancelled run again, with the same or other arguments."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the run, what is changed, and whether it is only looked at."""
        parser.add_argument("run", type=UUID, metavar="RUN", help="its number")
        parser.add_argument(
            "--args", dest="input", type=_object, metavar="JSON", help="other arguments, whole"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be started")

    def run(self, **options: Any) -> dict[str, Any]:
        """Start it and see it through; a run that fails again is a refusal with its reason."""
        run = Run.objects.filter(pk=options["run"]).first()
        if run is None:
            raise Rejected(f"There is no run {options['run']}; nothing was started.")
        if options["dry_run"]:
            args, under_way = check_replay(run, options["input"])
            told = _told(run) | {"run": under_way and str(under_way.pk), "dry_run": True}
            return told | {"replay_of": str(run.replay_of_id or run.pk), "args": args}
        again = repeat_here(run, actor=None, args=options["input"])
        if again.status in (Run.Status.FAILED, Run.Status.CANCELLED):
            why = again.error or "it was cancelled"
            raise Rejected(f"The repetition {again.pk} {again.status}: {why}")
        return _told(again) | {"run": str(again.pk), "replay_of": str(again.replay_of_id)}


def _told(run: Run) -> dict[str, Any]:
    """Say what matters of a run."""
    names = ("kind", "queue", "status", "done", "failed", "skipped", "total", "args", "result")
    return {name: getattr(run, name) for name in names}


def _object(text: str) -> dict[str, Any]:
    """Read arguments: names and values as a JSON object."""
    try:
        found = json.loads(text)
    except ValueError as wrong:
        raise ArgumentTypeError(f"not JSON: {wrong}") from None
    if not isinstance(found, dict):
        raise ArgumentTypeError('names and values in braces, such as {"job_id": 7}')
    return found
