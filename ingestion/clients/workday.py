"""Workday career sites: a list by POST, twenty at a time, and each posting by its path."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ingestion.rules.asking import Wish
from ingestion.rules.paging import WORKDAY_SIZE, Position, workday

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """POST {base}/jobs."""

    def ask(position: Position) -> Ask:
        body = {
            "appliedFacets": wish.settings.get("facets") or {},
            "limit": WORKDAY_SIZE,
            "offset": int(position.get("offset") or 0),
            "searchText": wish.query,
        }
        return Ask("/jobs", body=body)

    return walk(link, wish, ask, workday)


def detail(_: Wish, entry: Mapping[str, Any]) -> Ask:
    """GET {base}{externalPath}."""
    path = str(entry.get("externalPath") or "")
    return Ask("/" + quote(path.lstrip("/"), safe="/%"))
