"""The Muse: numbered pages of twenty; a key only raises the limits."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, passed_on
from ingestion.rules.paging import Position, themuse

from .walking import Ask, Link, Page, walk

PASSED_ON = ("category", "level", "location", "company")


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/public/jobs."""
    known = passed_on({"location": wish.location, **wish.settings}, PASSED_ON)
    key = link.secret("api_key")
    secrets = {"api_key": key} if key else {}

    def ask(position: Position) -> Ask:
        params = {**known, "page": position["page"]}
        return Ask("/api/public/jobs", params, secret_params=secrets)

    return walk(link, wish, ask, themuse, start={"page": 1})
