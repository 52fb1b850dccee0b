"""How a company's board is narrowed, read from a query string."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from ingestion.rules.display import EMPLOYMENT_TYPES, REMOTE

MOST_PAGES = 500
MOST_TEXT = 100  # characters of a filter
ALL = ("q", "place", "department", "type", "remote")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see of a board; "" leaves a filter out."""

    q: str = ""
    place: str = ""
    department: str = ""
    type: str = ""
    remote: str = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, name) for name in ALL)

    def query(self, **changes: str | int) -> str:
        """Return the query string of this wish with something changed; page 1 says nothing."""
        other = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type] # its own fields
        known = {name: getattr(other, name) for name in ALL if getattr(other, name)}
        return urlencode(known | ({"page": other.page} if other.page > 1 else {}))


def wish_of(given: Mapping[str, str]) -> Wish:
    """Read a wish; what makes no sense is left out."""
    texts = {name: given.get(name, "").replace("\x00", "").strip()[:MOST_TEXT] for name in ALL}
    number = given.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 1  # noqa: PLR2004 # digits
    if texts["type"] not in EMPLOYMENT_TYPES:
        texts["type"] = ""
    if texts["remote"] not in REMOTE:
        texts["remote"] = ""
    return Wish(**texts, page=min(max(page, 1), MOST_PAGES))
