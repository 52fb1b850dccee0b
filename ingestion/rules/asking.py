"""What is asked of a source, as values: parameters of searches, addresses, what a page costs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from ingestion.errors import SourceMisconfigured

LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
QUOTA_WORDS = re.compile(r"\b(?:monthly|daily)\s+quota\b|\bquota\b.*\bplan\b", re.IGNORECASE)
SLOT = re.compile(r"\{(\w+)\}")
#: requests that one call of so many pages counts as, by JSearch's terms: up to 1, up to 10, more
JSEARCH_PRICES = ((1, 1), (10, 2))
JSEARCH_DEAREST = 3
JSEARCH_MOST_PAGES = 20
JSEARCH_PAGE = 10  # jobs of one page
#: how old a posting may be, and JSearch's word for it
JSEARCH_AGES = ((1, "today"), (3, "3days"), (7, "week"), (31, "month"))
JSEARCH_PASSED_ON = (
    "language",
    "work_from_home",
    "employment_types",
    "job_requirements",
    "radius",
    "exclude_job_publishers",
    "fields",
)
ADZUNA_COUNTRIES = frozenset(
    "gb us at au be br ca ch de es fr in it mx nl nz pl sg za".split(),
)
ADZUNA_PASSED_ON = ("distance", "category", "what_exclude", "title_only", "company")
USAJOBS_PASSED_ON = ("JobCategoryCode", "Radius", "WhoMayApply", "RemoteIndicator")
USAJOBS_OLDEST_DAYS = 60
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a walk is to bring: the search, where to go on, how far back to look.

    `age`: only what was posted within so long need come (None = all); a source that cannot narrow
    by it brings more. `validators` are ETag and Last-Modified of the answer that is known.
    """

    query: str = ""
    location: str = ""
    country: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    position: Mapping[str, Any] = field(default_factory=dict)
    age: timedelta | None = None
    validators: Mapping[str, str] = field(default_factory=dict)


def address(template: str, settings: Mapping[str, Any]) -> str:
    """Fill a base URL with the settings of a source, so that none can lead to another host.

    Within the host a setting must be one label of a name; in the path it is quoted.
    Raises: SourceMisconfigured.
    """
    if template == "{url}":
        return str(settings.get("url", ""))
    scheme, _, rest = template.partition("://")
    host, slash, path = rest.partition("/")

    def label(slot: re.Match[str]) -> str:
        value = str(settings.get(slot[1], ""))
        if not LABEL.fullmatch(value):
            raise SourceMisconfigured(
                f"The setting {slot[1]} must be a single name of letters, digits and hyphens; "
                f"{value[:60]!r} is none. Nothing was asked."
            )
        return value

    def piece(slot: re.Match[str]) -> str:
        return segment(settings, slot[1])

    return f"{scheme}://{SLOT.sub(label, host)}{slash}{SLOT.sub(piece, path)}"


def segment(settings: Mapping[str, Any], name: str) -> str:
    """Return a setting as one piece of a path. Raises: SourceMisconfigured."""
    value = str(settings.get(name, "")).strip()
    if not value or value in (".", ".."):
        raise SourceMisconfigured(f"The setting {name} is missing. Nothing was asked.")
    return quote(value, safe="")


def jsearch_cost(num_pages: int) -> int:
    """Return how many requests of the quota one call of so many pages counts as."""
    return next((cost for most, cost in JSEARCH_PRICES if num_pages <= most), JSEARCH_DEAREST)


def jsearch_pages(settings: Mapping[str, Any]) -> int:
    """Return how many pages one call asks for; one, whose cost is certain, unless it is set."""
    try:
        wanted = int(settings.get("num_pages") or 1)
    except (TypeError, ValueError):
        return 1
    return min(max(wanted, 1), JSEARCH_MOST_PAGES)


def jsearch_details(settings: Mapping[str, Any]) -> bool:
    """Whether each new or changed posting is asked for by itself, at a call each."""
    return settings.get("details") is True


def jsearch_calls(settings: Mapping[str, Any]) -> int:
    """Return how many requests of the quota a call of a search comes to at most, with details."""
    pages = jsearch_pages(settings)
    return jsearch_cost(pages) + (JSEARCH_PAGE * pages if jsearch_details(settings) else 0)


def is_quota(said: str, left: Any) -> bool:
    """Tell the 429 of a used-up quota from that of too many calls a second.

    By what the gateway says is left of the quota, else by its words.
    """
    if str(left or "").strip() == "0":
        return True
    return bool(QUOTA_WORDS.search(said))


def jsearch(wish: Wish) -> dict[str, str]:
    """Return the parameters of a search without its position."""
    words = " in ".join(part for part in (wish.query, wish.location) if part)
    if not words:
        raise SourceMisconfigured("JSearch needs a query. Nothing was asked.")
    known = {"query": words, "country": (wish.country or "us").lower()}
    age = wish.settings.get("date_posted") or _jsearch_age(wish.age)
    known |= {"date_posted": str(age)} if age else {}
    return known | passed_on(wish.settings, JSEARCH_PASSED_ON)


def _jsearch_age(age: timedelta | None) -> str:
    if age is None:
        return ""
    return next((word for days, word in JSEARCH_AGES if age <= days * DAY), "all")


def adzuna(wish: Wish) -> dict[str, str]:
    """Return the parameters of a search without its page."""
    known = {"what": wish.query, "where": wish.location, "sort_by": "date"}
    known |= {"max_days_old": str(days_of(wish.age))} if wish.age else {}
    return {k: v for k, v in known.items() if v} | passed_on(wish.settings, ADZUNA_PASSED_ON)


def adzuna_country(wish: Wish) -> str:
    """Return the country as the address names it. Raises: SourceMisconfigured."""
    country = str(wish.country or wish.settings.get("country") or "us").lower()
    if country not in ADZUNA_COUNTRIES:
        known = " ".join(sorted(ADZUNA_COUNTRIES))
        raise SourceMisconfigured(
            f"Adzuna knows no country {country}; it has {known}. Nothing was asked."
        )
    return country


def usajobs(wish: Wish) -> dict[str, str]:
    """Return the parameters of a search without its page."""
    known = {"Keyword": wish.query, "LocationName": wish.location, "SortField": "opendate"}
    known |= {"SortDirection": "desc"}
    if wish.age:
        known["DatePosted"] = str(min(days_of(wish.age), USAJOBS_OLDEST_DAYS))
    return {k: v for k, v in known.items() if v} | passed_on(wish.settings, USAJOBS_PASSED_ON)


def days_of(age: timedelta) -> int:
    """Return an age in days, rounded up; at least one."""
    return max(1, -(-age // DAY))


def passed_on(settings: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """Return the settings of these names as parameters."""
    found = {name: settings[name] for name in names if settings.get(name) not in (None, "", [])}
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in found.items()
    }
