"""Recruitee companies: all offers in one answer."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/offers/."""
    return walk(link, wish, lambda _: Ask("/api/offers/"))
