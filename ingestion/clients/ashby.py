"""Ashby boards: all jobs of a board in one answer, slowly."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, segment

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/{board}, with pay."""
    board = segment(wish.settings, "board")
    return walk(link, wish, lambda _: Ask(f"/{board}", {"includeCompensation": "true"}))
