"""Any RSS or Atom feed: one address, one answer."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET the address."""
    return walk(link, wish, lambda _: Ask(""))
