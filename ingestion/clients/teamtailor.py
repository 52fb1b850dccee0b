"""Teamtailor companies: the RSS of a career site."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/jobs.rss."""
    return walk(link, wish, lambda _: Ask("/jobs.rss"))
