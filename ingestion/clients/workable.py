"""Workable accounts: all jobs of an account in one answer, a job once for each place."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, segment

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/{account}, with descriptions."""
    account = segment(wish.settings, "account")
    return walk(link, wish, lambda _: Ask(f"/{account}", {"details": "true"}))
