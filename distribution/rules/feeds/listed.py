"""A job as a feed lists it, and what stands around the jobs: plain values of one edition."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from distribution.rules.payloads import EXPONENTS

VERSION = 1  # of what is written: a higher one begins a new edition of every feed
PLACE_KEY = 8  # hex characters that tell the places of one job apart


class Listed(NamedTuple):
    """One job, as `reports.feeds` reads it. Salaries are minor units of `currency`."""

    job_id: int
    title: str
    description: str
    employer: str
    employer_url: str
    location_text: str
    city: str
    region: str
    country: str
    more_places: list[dict[str, Any]]
    remote: str
    employment_type: str
    seniority: str
    department: str
    education: str
    experience_months: int | None
    salary_min: int | None
    salary_max: int | None
    currency: str
    period: str
    salary_source: str
    apply_url: str
    url: str
    requisition: str
    listed_at: datetime
    expires_at: datetime | None
    updated_at: datetime
    on_board: bool
    token: str
    relisted: int
    page: str

    @property
    def reference(self) -> str:
        """What boards know it by: never used for another job; one relisted gets a new one."""
        base = f"jobly-{self.job_id}"
        return f"{base}-r{self.relisted}" if self.relisted else base


@dataclass(frozen=True, slots=True)
class Frame:
    """What a feed says of itself. `changed_at`: when this edition began.

    `entries`: one a job and place.
    """

    company: str
    site: str
    address: str
    board: str
    edition: int
    jobs: int
    entries: int
    changed_at: datetime
    options: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """Return a setting of the feed's channel, "" where it has none."""
        return str(self.options.get(name) or "")


class Spot(NamedTuple):
    """One place of a job, and the reference of its entry."""

    reference: str
    text: str
    city: str
    region: str
    country: str


def spots(job: Listed) -> Iterator[Spot]:
    """Yield each place of a job once: boards want one entry a location.

    The first keeps the job's reference; the others' come of the place, not of its turn.
    """
    yield Spot(job.reference, job.location_text, job.city, job.region, job.country)
    if not job.more_places:
        return
    seen = {(job.city, job.region, job.country)}
    for place in job.more_places:
        where = (place.get("city", ""), place.get("region", ""), place.get("country", ""))
        if where in seen or not any(where):
            continue
        seen.add(where)
        key = hashlib.sha256("\x1f".join(where).encode()).hexdigest()[:PLACE_KEY]
        yield Spot(f"{job.reference}-{key}", ", ".join(filter(None, where)), *where)


def link(job: Listed, frame: Frame) -> str:
    """Return where an entry leads: counted where a publication of the job stands on the channel."""
    return f"{frame.site}/go/{job.token}" if job.token else frame.site + job.page


def page_link(job: Listed, frame: Frame) -> str:
    """Return the job's own page for boards that want it, told whom the reader comes from.

    A page that is not public, or that leads on to another site, cannot tell: then the link counts.
    """
    if not job.token or job.apply_url or not job.on_board:
        return link(job, frame)
    return f"{frame.site}{job.page}?via={job.token}"


def apply_link(job: Listed, frame: Frame) -> str:
    """Return where one applies, for boards that follow no redirect where it can be without one."""
    if not job.token or job.apply_url:
        return link(job, frame)
    return f"{frame.site}{job.page}apply/?via={job.token}"


@lru_cache(maxsize=4096)  # most entries of a feed share few moments
def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())


def rfc822(moment: datetime) -> str:
    """Write a moment as RSS wants it, whatever the locale."""
    at = moment.astimezone(UTC)
    day = f"{DAYS[at.weekday()]}, {at.day:02d} {MONTHS[at.month - 1]} {at.year}"
    return f"{day} {at.hour:02d}:{at.minute:02d}:{at.second:02d} +0000"


def plain(minor: int, currency: str) -> str:
    """Write minor units as a plain number in the currency's own unit."""
    exponent = EXPONENTS.get(currency, 2)
    whole, rest = divmod(minor, 10**exponent)
    return str(whole) if not rest else f"{Decimal(minor).scaleb(-exponent):f}"


def pay(job: Listed) -> str:
    """Say the pay with currency and period, no shorthand ("NOK 500000 - 600000 per year")."""
    low, high, currency = job.salary_min, job.salary_max, job.currency
    if (low is None and high is None) or not currency or not job.period:
        return ""
    if low is None or high is None or low == high:
        words = plain(high if low is None else low, currency)  # type: ignore[arg-type] # one is there
    else:
        words = f"{plain(low, currency)} - {plain(high, currency)}"
    return f"{currency} {words} per {job.period.lower()}"
