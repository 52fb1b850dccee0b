"""See what the clock starts and when, or start one of it now."""

import time
from argparse import ArgumentParser
from typing import Any

from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions import rescheduling
from jobly.runs.actions.execution import POLL_SECONDS, drain
from jobly.runs.models import Run, Schedule
from jobly.runs.reports.alarms import Standing, standings
from jobly.runs.reports.schedules import LastRun, next_due, written_clock
from jobly.runs.rules.clock_words import say_clock


class Command(JoblyCommand):
    """List the schedules, or do the work of one of them here and now.

    `run-now` executes the run in the foreground, beside workers if there are any; it touches no
    due time, and goes on although its queue is paused. Ctrl-C leaves the run to the workers.
    """

    help = "List schedules with their next due times, or run one now."

    def arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and with which schedule."""
        parser.add_argument("verb", nargs="?", default="list", choices=["list", "run-now"])
        parser.add_argument("name", nargs="?", help="of the schedule to run now")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it and return what there is, or what became of the run."""
        name = options["name"]
        if options["verb"] == "list":
            narrowed = {"name": name} if name else {}
            return {"schedules": [described(one) for one in standings(**narrowed)]}
        return started(_named(name))

    def line(self, result: dict[str, Any]) -> str:
        """Say each schedule in one line."""
        if "schedules" not in result:
            return super().line(result)
        rows = result["schedules"]
        return "\n".join(map(_line, rows)) or "There is no schedule; `up` or beat makes them."


def _named(name: str | None) -> Schedule:
    row = Schedule.objects.filter(name=name or "").first()
    if row is None:
        known = ", ".join(Schedule.objects.order_by("name").values_list("name", flat=True))
        said = f"There is no schedule {name}" if name else "Which schedule? Name one"
        raise Rejected(f"{said}; nothing was started. There are: {known or 'none'}.")
    return row


def started(schedule: Schedule) -> dict[str, Any]:
    """Do the work of a schedule here, unless a worker is quicker, and return what came of it."""
    began = time.monotonic()
    run = rescheduling.run_now(schedule, actor=None)
    while not run.is_finished:
        if not drain(root=run.pk):
            time.sleep(POLL_SECONDS)
        run.refresh_from_db()
    if run.status != Run.Status.SUCCEEDED:
        raise Rejected(f"The run {run.pk} {run.status}: {run.error or 'see its page'}")
    seconds = round(time.monotonic() - began, 3)
    return {
        "schedule": schedule.name, "run": str(run.pk), "status": run.status, "done": run.done,
        "failed": run.failed, "seconds": seconds, "result": run.result,
    }  # fmt: skip


def described(one: Standing) -> dict[str, Any]:
    """Return one schedule as JSON: the next times are in UTC, ISO 8601."""
    row, when = one.schedule, one.when
    clock, zone = written_clock(row)
    upcoming = next_due(when, one.now) if when and row.enabled else []
    return {
        "name": row.name,
        "kind": row.kind,
        "clock": clock,
        "timezone": zone,
        "words": say_clock(when.clock) if when else "",
        "misfire": row.misfire,
        "overlap": row.overlap,
        "enabled": row.enabled,
        "next": [
            {"at": due.at.isoformat(), "local": due.wall.isoformat(), "note": due.note}
            for due in upcoming
        ],
        "last": _last(one.last),
        "alarms": [
            {"what": trouble.what, "text": trouble.detail, "since": trouble.since.isoformat()}
            for trouble in one.troubles
        ],
    }


def _last(run: LastRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "run": str(run.id),
        "status": run.status,
        "due": run.slot.isoformat() if run.slot else None,
        "started": run.started_at.isoformat() if run.started_at else None,
        "seconds": round(run.took.total_seconds(), 3) if run.took is not None else None,
        "error": run.error,
    }


def _line(row: dict[str, Any]) -> str:
    coming = f"next {row['next'][0]['at'][:16]} UTC" if row["next"] else "switched off"
    last = row["last"]
    told = f"last {last['status']}" if last else "not run yet"
    alarms = "".join(f"  ! {alarm['text']}" for alarm in row["alarms"])
    return f"{row['name']:<32}  {row['words']} ({row['timezone']})  {coming}  {told}{alarms}"
