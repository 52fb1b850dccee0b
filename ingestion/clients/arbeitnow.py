"""Arbeitnow: numbered pages, the newest first."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish
from ingestion.rules.paging import Position, arbeitnow

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/job-board-api."""

    def ask(position: Position) -> Ask:
        return Ask("/api/job-board-api", {"page": position["page"]})

    return walk(link, wish, ask, arbeitnow, start={"page": 1})
