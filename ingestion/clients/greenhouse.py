"""Greenhouse boards: all jobs of a board in one answer."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/jobs."""
    return walk(link, wish, lambda _: Ask("/jobs", {"content": "true"}))
