"""Send failed distributions again, in the foreground."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from distribution.actions import terminal
from distribution.errors import UnknownChannel
from distribution.models import Channel
from distribution.reports.figures import to_retry
from jobly.commands import JoblyCommand
from jobly.users.reports import company_by_slug

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Command(JoblyCommand):
    """Each may be retried three times by hand; what has used them up is skipped."""

    help = "Retry failed distributions, of a company, on a channel, of the last hours."

    def arguments(self, parser: ArgumentParser) -> None:
        """Narrow what is retried."""
        parser.add_argument("--company", metavar="SLUG")
        parser.add_argument("--failed", action="store_true", help="leave out what was rejected")
        parser.add_argument("--channel", metavar="C", help="slug")
        parser.add_argument("--since", type=_span, metavar="1h", help="30s, 15m, 1h, 7d")

    def run(self, **options: Any) -> dict[str, Any]:
        """Retry and count."""
        company = company_by_slug(options["company"]) if options["company"] else None
        slug = options["channel"] or ""
        if slug and not Channel.objects.filter(slug=slug).exists():
            raise UnknownChannel(f"There is no channel {slug}; nothing was retried.")
        statuses = ["failed"] if options["failed"] else ["failed", "rejected"]
        rows = to_retry(statuses, company=company, channel=slug, since=options["since"])
        keys = list(rows.values_list("pk", flat=True))
        return terminal.retry(keys, company=company, actor=None)


def _span(text: str) -> timedelta:
    """Read a span of time like 90s, 15m, 1h or 7d."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if not found:
        raise ArgumentTypeError("a number and one of s, m, h, d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
