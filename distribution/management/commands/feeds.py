"""Check feeds as their boards would read them."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from distribution.actions import feeding
from distribution.reports import feed_checks
from distribution.rules.feeds.formats import ALL, FORMATS
from jobly.commands import JoblyCommand
from jobly.users.reports import company_by_slug

MOST_LINES = 20  # findings printed of one feed


class Command(JoblyCommand):
    """`feeds check`: every feed of every company, or of one company or format."""

    help = "Check feeds against the rules of the boards that read them."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose what is checked."""
        parser.add_argument("verb", choices=["check"])
        parser.add_argument("--company", metavar="SLUG", default="")
        parser.add_argument("--format", choices=sorted(FORMATS), default="")

    def run(self, **options: Any) -> dict[str, Any]:
        """Check, and count."""
        slug = options["company"]
        companies = [company_by_slug(slug)] if slug else feed_checks.companies_with_jobs()
        kinds = [FORMATS[options["format"]]] if options["format"] else ALL
        now = timezone.now()
        found = [
            feed_checks.check(feeding.present(company, kind), company, kind, now=now).as_json()
            for company in companies
            for kind in kinds
        ]
        names = ("jobs", "errors", "warnings")
        return {"feeds": found, **{n: sum(one[n] for one in found) for n in names}}

    def line(self, result: dict[str, Any]) -> str:
        """Say each feed in a line, what is wrong with it below, and the sums."""
        lines = []
        for one in result["feeds"]:
            head = f"{one['company']} {one['format']}: edition {one['edition']}"
            lines.append(f"{head}, {one['jobs']} jobs, {_counted(one)}")
            lines += [_finding(finding) for finding in one["findings"][:MOST_LINES]]
        return "\n".join([*lines, f"{len(result['feeds'])} feeds, {_counted(result)}"])


def _counted(one: dict[str, Any]) -> str:
    return f"{one['errors']} errors, {one['warnings']} warnings"


def _finding(one: dict[str, Any]) -> str:
    where = " ".join(filter(None, (one["job"], one["field"])))
    return f"  {one['level']} {one['code']} {where}: {one['message']} ({one['source']})"
