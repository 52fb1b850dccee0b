"""Collect from a source, in the foreground; or say what that would take."""

from argparse import ArgumentParser
from typing import Any

from ingestion.actions import collecting
from ingestion.actions.sources import check, search_of, source_to_collect
from ingestion.models import Fetch, Search, Source
from ingestion.reports.books import books
from ingestion.reports.collecting import collections_of, estimate, fetches_of
from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run


class Command(JoblyCommand):
    """Returns when what came is searchable; see INTERFACE.md §2 for what it prints."""

    help = "Collect postings from a source, by its search set or for one query."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the source, what to look for and how far to go."""
        parser.add_argument(
            "--source", required=True, metavar="NAME", help="or adapter:board, such as lever:acme"
        )
        parser.add_argument("--query", default="", metavar="Q")
        parser.add_argument("--location", default="", metavar="L")
        parser.add_argument("--country", default="", metavar="CC", help="two letters")
        parser.add_argument("--pages", type=int, metavar="N", help="at most so many of each search")
        parser.add_argument(
            "--strategy", choices=Fetch.Strategy.values, default=Fetch.Strategy.ON_DEMAND.value
        )
        parser.add_argument("--estimate", action="store_true", help="only say what it would take")

    def run(self, **options: Any) -> dict[str, Any]:
        """Collect, or estimate."""
        if options["pages"] is not None and options["pages"] < 1:
            raise Rejected("--pages is a number from 1 on; nothing was asked.")
        source = source_to_collect(options["source"])
        check(source)
        words = (options["query"], options["location"], options["country"])
        search = search_of(source, *words) if any(words) else None
        if options["estimate"]:
            return _estimated(source, search, options["pages"])
        return _collected(source, search, options)


def _estimated(source: Source, search: Search | None, pages: int | None) -> dict[str, Any]:
    searches = [search] if search else list(source.searches.enabled())
    found = estimate(source, searches, pages=pages, now=clock())
    return {
        "calls": found.calls,
        "quota_left": found.quota_left,
        "cost": found.cost,
        "currency": found.currency,
        "cells": len(searches) or 1,
        "fits": found.fits,
    }


def _collected(source: Source, search: Search | None, options: dict[str, Any]) -> dict[str, Any]:
    """Walk in the foreground, together with what it starts."""
    args = {
        "source_id": str(source.pk),
        "strategy": options["strategy"],
        "pages": options["pages"],
        "search_id": str(search.pk) if search else None,
    }

    def body(progress: Progress) -> dict[str, Any]:
        return collecting.start_cells(progress, **args)

    done = foreground("ingestion.collect", args, actor=None, company=source.company, body=body)
    runs = list(Run.objects.filter(root_id=done.pk).values_list("pk", flat=True))
    found = fetches_of(runs)
    if found and all(row["status"] == Fetch.Status.FAILED for row in found):
        raise Rejected(found[0]["reason"] or f"Nothing was collected from {source}.")
    collections = collections_of(runs)
    return {
        "run": done.pk,
        "calls": sum(row["calls"] for row in found),
        "collections": len(collections),
        **books(collections),
        "fetches": found,
    }
