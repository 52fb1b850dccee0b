"""See what waits in the queues, pause one, let it go on."""

from argparse import ArgumentParser
from typing import Any

from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions import queues
from jobly.runs.reports.queues import Line, at_most, lines


class Command(JoblyCommand):
    """List the queues, or pause or resume one; what runs goes on."""

    help = "List queues with what waits in them; pause one, resume it."

    def arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, with which queue and why."""
        verbs = ["list", "pause", "resume"]
        parser.add_argument("verb", nargs="?", default="list", choices=verbs)
        parser.add_argument("name", nargs="?", help="of the queue")
        parser.add_argument("--why", default="", help="reason of a pause, for others to read")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it and return the queues as they are then."""
        verb, name = options["verb"], options["name"]
        if verb != "list" and not name:
            raise Rejected(f"Which queue? Name one of {', '.join(queues.queue_names())}.")
        if verb == "pause" and name:
            queues.pause(name, why=options["why"], actor=None)
        elif verb == "resume" and name:
            queues.resume(name, actor=None)
        return {"queues": [described(line) for line in lines()]}

    def line(self, result: dict[str, Any]) -> str:
        """Say each queue in one line."""
        return "\n".join(_line(row) for row in result["queues"]) or "Nothing waits anywhere."


def described(line: Line) -> dict[str, Any]:
    """Return one queue as JSON, as the API has it."""
    row = line.queue
    return {
        "name": row.name,
        "paused": row.is_paused,
        "paused_at": row.paused_at.isoformat() if row.paused_at else None,
        "paused_by": row.paused_by.email if row.paused_by else None,
        "why": row.why,
        "waiting": line.waiting,
        "oldest_due_at": line.oldest.isoformat() if line.oldest else None,
        "later": line.later,
        "running": line.running,
    }


def _line(row: dict[str, Any]) -> str:
    why = f": {row['why']}" if row["why"] else ""
    state = f"paused since {row['paused_at'][:16]} UTC{why}" if row["paused"] else "open"
    counts = f"{at_most(row['waiting'])} waiting, {row['running']} running, {row['later']} later"
    return f"{row['name']:<14}{counts}  {state}"
