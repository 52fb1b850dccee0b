"""What boards told: counted, and applied again from a terminal."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.db.models import QuerySet

from distribution.actions import inbound
from distribution.errors import UnknownChannel
from distribution.models import Channel, InboundHook
from jobly.commands import JoblyCommand
from jobly.users.reports import company_by_slug

REPLAYED = (InboundHook.State.FAILED, InboundHook.State.IGNORED)


class Command(JoblyCommand):
    """`hooks [--replay] [--company SLUG] [--channel C] [--state …] [--id …]`."""

    help = "Count the events of boards by state; with --replay apply them again."

    def arguments(self, parser: ArgumentParser) -> None:
        """Narrow what is counted, or applied again."""
        parser.add_argument("--company", metavar="SLUG")
        parser.add_argument("--channel", metavar="C", help="slug")
        parser.add_argument("--state", choices=InboundHook.State.values, action="append")
        parser.add_argument("--id", metavar="ID", action="append", help="the sender's own id")
        parser.add_argument(
            "--replay", action="store_true", help="apply again; failed and ignored ones, if unsaid"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        """Count, or apply each again in a run of its own."""
        rows = _named(options)
        if not options["replay"]:
            return dict(Counter(rows.order_by().values_list("state", flat=True)))
        found = list(rows)
        for row in found:
            inbound.apply_again(row)
        return {"replayed": len(found)}


def _named(options: dict[str, Any]) -> QuerySet[InboundHook]:
    """Return the events that the options name. Raises: UnknownChannel."""
    rows = InboundHook.objects.without_body().order_by("id")
    if options["company"]:
        rows = rows.filter(channel__company=company_by_slug(options["company"]))
    if slug := options["channel"]:
        if not Channel.objects.filter(slug=slug).exists():
            raise UnknownChannel(f"There is no channel {slug}; nothing was changed.")
        rows = rows.filter(channel__slug=slug)
    if options["id"]:
        rows = rows.filter(event_id__in=options["id"])
    states = options["state"]
    if options["replay"] and not states and not options["id"]:
        states = list(REPLAYED)
    if states:
        rows = rows.filter(state__in=states)
    return rows
