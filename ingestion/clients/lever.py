"""Lever sites, in America and in the EU: an array of postings, by skip and limit."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, segment
from ingestion.rules.paging import LEVER_SIZE, Position, lever

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/postings/{site}."""
    site = segment(wish.settings, "site")

    def ask(position: Position) -> Ask:
        skip = int(position.get("skip") or 0)
        return Ask(f"/postings/{site}", {"mode": "json", "skip": skip, "limit": LEVER_SIZE})

    return walk(link, wish, ask, lever)
