"""Personio companies: the whole board as one XML file."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/xml in the language that is set, English unless one is."""
    language = str(wish.settings.get("language") or "en")
    return walk(link, wish, lambda _: Ask("/xml", {"language": language}))
