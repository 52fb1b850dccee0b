"""SmartRecruiters companies: a list without texts, and each posting by its id."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ingestion.rules.asking import Wish, segment
from ingestion.rules.paging import SMARTRECRUITERS_SIZE, Position, smartrecruiters

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/{company}/postings; an unknown company has none, it is no error."""
    path = f"/{segment(wish.settings, 'company')}/postings"

    def ask(position: Position) -> Ask:
        offset = int(position.get("offset") or 0)
        return Ask(path, {"limit": SMARTRECRUITERS_SIZE, "offset": offset})

    return walk(link, wish, ask, smartrecruiters)


def detail(wish: Wish, entry: Mapping[str, Any]) -> Ask:
    """GET {base}/{company}/postings/{id}."""
    number = quote(str(entry.get("id") or entry.get("uuid") or ""), safe="")
    return Ask(f"/{segment(wish.settings, 'company')}/postings/{number}")
