"""USAJobs: searches of the federal government's openings, numbered pages."""

from collections.abc import Iterator

from ingestion.rules import asking
from ingestion.rules.asking import Wish
from ingestion.rules.paging import USAJOBS_SIZE, Position, usajobs

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/api/search; it wants the operator's e-mail address as User-Agent."""
    known = asking.usajobs(wish)
    secrets = {
        "Authorization-Key": link.secret("api_key"),
        "User-Agent": str(wish.settings.get("email") or ""),
    }

    def ask(position: Position) -> Ask:
        params = {**known, "ResultsPerPage": USAJOBS_SIZE, "Page": position["page"]}
        return Ask("/api/search", params, secret_headers=secrets)

    return walk(link, wish, ask, usajobs, start={"page": 1})
