"""Jobicy: the latest fifty remote jobs."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, passed_on

from .walking import Ask, Link, Page, walk

PASSED_ON = ("count", "geo", "industry", "tag")
MOST = 50


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/v2/remote-jobs."""
    params = passed_on({"count": MOST, "tag": wish.query, **wish.settings}, PASSED_ON)
    return walk(link, wish, lambda _: Ask("/api/v2/remote-jobs", params))
