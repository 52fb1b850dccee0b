"""Hacker News: the monthly "Who is hiring?" stories, each a tree of comments."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.rules.asking import Wish

from .walking import Ask, Link, Page, walk

STORIES = 12  # of its author: three kinds of story a month


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/search_by_date: the latest stories of the account that posts them."""
    params = {"tags": "story,author_whoishiring", "hitsPerPage": STORIES}
    return walk(link, wish, lambda _: Ask("/search_by_date", params))


def detail(_: Wish, entry: Mapping[str, Any]) -> Ask:
    """GET {base}/items/{story}: the story with all its comments."""
    return Ask(f"/items/{int(entry['objectID'])}")
