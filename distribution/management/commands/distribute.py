"""Compare what channels should hold with what they hold, and make it so."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from distribution.actions import bulk, terminal
from distribution.errors import NotDistributable
from distribution.reports.planning import jobs_of, plan
from distribution.rules import staggering
from ingestion.models import Job, Upload
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.users.models import Company
from jobly.users.reports import company_by_slug


class Command(JoblyCommand):
    """See INTERFACE.md §2; a second --apply plans nothing."""

    help = "Plan what to create, update and close on a company's channels; --apply does it."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name whose jobs go where, and when."""
        parser.add_argument("--company", metavar="SLUG", help="needed with several companies")
        parser.add_argument("--upload", type=UUID, metavar="ID", help="the jobs of one file")
        parser.add_argument("--job", type=int, nargs="+", default=[], metavar="ID")
        parser.add_argument("--channels", required=True, metavar="a,b", help="slugs")
        parser.add_argument("--at", type=_moment, metavar="ISO", help="publish then, not now")
        parser.add_argument(
            "--stagger", type=_pace, metavar="N/day", help="so many jobs a day or hour from --at on"
        )
        parser.add_argument("--weekdays", action="store_true", help="stagger on weekdays only")
        parser.add_argument("--plan", action="store_true", help="only show what would be done")
        parser.add_argument("--apply", action="store_true", help="do it, and wait for the boards")
        parser.add_argument("--stop-on-error", action="store_true", help="begin nothing after one")

    def run(self, **options: Any) -> dict[str, Any]:
        """Plan, and carry the plan out if asked to."""
        company = _company(options)
        slugs = [slug.strip() for slug in options["channels"].split(",") if slug.strip()]
        channels = bulk.channels_named(company, slugs)
        jobs = jobs_of(company, upload_id=options["upload"], job_ids=options["job"])
        if not jobs.exists():
            raise NotDistributable(
                f"{company.slug} has no such jobs; nothing was planned. Import some first."
            )
        steps = list(plan(jobs, channels))
        wanted = [step for step in steps if step.action != "none"]
        result: dict[str, Any] = {
            "plan": [step.to_dict() for step in wanted],
            **terminal.counts([]),
        }
        if options["apply"] and not options["plan"]:
            wish = _wish(options, slugs)
            result |= terminal.distribute(company, wish, actor=None)
        result["skipped"] = len(steps) - len(wanted) + result.pop("closed")
        return result

    def line(self, result: dict[str, Any]) -> str:
        """Say the plan as a table, then the counts."""
        rows = [f"{s['action']:7} {s['channel']:16} job {s['job']}" for s in result["plan"]]
        rows += [f"posted  {p['channel']:16} job {p['job']}" for p in result.get("posted", ())]
        return "\n".join([*rows, super().line(result)] if rows else ["Nothing to do."])


def _wish(options: dict[str, Any], slugs: list[str]) -> dict[str, Any]:
    """Write down what is asked for, as the run's arguments."""
    return {
        "upload_id": str(options["upload"]) if options["upload"] else None,
        "job_ids": options["job"],
        "channels": slugs,
        "at": options["at"].isoformat() if options["at"] else None,
        "skip_on_error": not options["stop_on_error"],
        "stagger": _stagger(options),
    }


def _stagger(options: dict[str, Any]) -> dict[str, Any] | None:
    if not options["stagger"]:
        return None
    count, every = options["stagger"]
    return {"count": count, "every": every, "weekdays": options["weekdays"]}


def _pace(text: str) -> tuple[int, str]:
    """Read `10/day`."""
    try:
        return staggering.read(text)
    except ValueError as exc:
        raise ArgumentTypeError(str(exc)) from exc


def _company(options: dict[str, Any]) -> Company:
    """Return the company meant: named, or that of the upload or the jobs, or the only one."""
    if options["company"]:
        return company_by_slug(options["company"])
    if options["upload"]:
        upload = Upload.objects.filter(pk=options["upload"]).select_related("company").first()
        if upload is None:
            raise Rejected(f"There is no upload {options['upload']}; nothing was planned.")
        return upload.company
    rows = Company.objects.order_by("slug")
    if options["job"]:
        owners = Job.objects.filter(pk__in=options["job"]).values("company_id")
        rows = rows.filter(pk__in=owners)
    found = list(rows[:2])
    if len(found) != 1:
        raise Rejected("Name the company with --company; nothing was planned.")
    return found[0]


def _moment(text: str) -> datetime:
    """Read an ISO 8601 moment; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
