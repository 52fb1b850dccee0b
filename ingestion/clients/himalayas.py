"""Himalayas: remote jobs by offset, the newest first."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish
from ingestion.rules.paging import HIMALAYAS_SIZE, Position, himalayas

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/jobs/api."""

    def ask(position: Position) -> Ask:
        offset = int(position.get("offset") or 0)
        return Ask("/jobs/api", {"limit": HIMALAYAS_SIZE, "offset": offset})

    return walk(link, wish, ask, himalayas)
