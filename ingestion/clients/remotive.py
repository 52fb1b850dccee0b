"""Remotive: all remote jobs in one answer, at most four times a day."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, passed_on

from .walking import Ask, Link, Page, walk

PASSED_ON = ("category", "company_name", "search", "limit")


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/remote-jobs."""
    params = passed_on({"search": wish.query, **wish.settings}, PASSED_ON)
    return walk(link, wish, lambda _: Ask("/api/remote-jobs", params))
