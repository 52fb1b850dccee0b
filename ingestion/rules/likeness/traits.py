"""What a posting is compared by besides its words: trade, rank, place, employer, skills, day."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ingestion.rules.employers import employer_key
from ingestion.rules.identity import content_key, url_key
from ingestion.rules.normalise import Posting
from ingestion.rules.texts import comparable
from ingestion.rules.titles import title_key

from .signs import number_of

NEAR_KM: Final = 40.0
AREA_KM: Final = 80.0  # where one names a whole area
_EARTH_KM: Final = 6_371.0
# words of a title that set one job apart from another of the same trade
_RANKS: Final = {
    "intern": "intern", "internship": "intern", "trainee": "intern", "apprentice": "intern",
    "working student": "intern", "junior": "junior", "entry": "junior", "graduate": "junior",
    "mid": "mid", "midlevel": "mid", "senior": "senior", "staff": "staff", "lead": "lead",
    "principal": "principal", "distinguished": "principal", "associate": "associate",
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "4": "4", "5": "5",
}  # fmt: skip
# words of a title that say nothing of the trade
_FILLER: Final = frozenset(
    "a an and the of for in at to with or level position job opening vacancy role opportunity"
    " urgent urgently hiring wanted now remote hybrid onsite home office full part time m f d w x"
    " gn all genders contract permanent temporary".split()
)
_AREA: Final = re.compile(r"\b(?:greater|metro\w*|bay area)\b|^[^()]*\barea\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+\w*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work is, as `Posting` has it."""

    text: str
    city: str
    region: str
    country: str
    lat: float | None
    lon: float | None
    remote: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What two postings are compared by.

    `employer` is its key; `day` is when the posting was first seen, in days since 1970.
    """

    trade: frozenset[str]
    ranks: frozenset[str]
    employer: str
    is_agency: bool
    place: Place
    skills: frozenset[str]
    url_key: str
    content_key: str
    day: float

    @property
    def block(self) -> int:
        """Return the block its words are compared in: the country."""
        return number_of("country", self.place.country)

    @property
    def own_keys(self) -> list[int]:
        """Return keys besides those of the words, for a copy whose text was cut short.

        The same trade at the same employer, the same trade in the same city, the same address.
        """
        trade = " ".join(sorted(self.trade))
        at = self.place
        city = comparable(at.city) or at.remote or comparable(at.text)
        keys = [
            number_of("employer", self.employer, trade),
            number_of("city", at.country, city, trade),
        ]
        return [*keys, number_of("url", self.url_key)] if self.url_key else keys


def read_title(title: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words of a title that tell the trade, and its ranks."""
    words = title_key(title).split()
    ranks = {_RANKS[word] for word in words if word in _RANKS}
    if words and words[-1] == "associate":
        ranks.discard("associate")  # a sales associate, not an associate of sales
    trade = [w for w in words if w not in _RANKS and w not in _FILLER and not _NUMBER.fullmatch(w)]
    return frozenset(trade or words), frozenset(ranks)


def traits_of(posting: Posting, *, day: float) -> Traits:
    """Return what a posting is compared by that was first seen on this day."""
    trade, ranks = read_title(posting.title)
    return Traits(
        trade=trade,
        ranks=ranks,
        employer=employer_key(posting.employer),
        is_agency=posting.is_agency,
        place=Place(
            posting.location_text, posting.city, posting.region, posting.country, posting.lat,
            posting.lon, posting.remote,
        ),
        skills=skills_of(posting.skills),
        url_key=url_key(posting.apply_url, posting.employer),
        content_key=content_key(posting),
        day=day,
    )  # fmt: skip


def share(a: frozenset[str], b: frozenset[str]) -> float:
    """Return the Jaccard of two sets, 0 when both are empty."""
    return len(a & b) / max(1, len(a | b))


def compare_ranks(a: frozenset[str], b: frozenset[str]) -> str:
    """Return "same", "other", or "unknown" where only one title names a rank."""
    if a == b:
        return "same"
    return "other" if (a and b) or "intern" in a | b else "unknown"


def compare_employers(a: Traits, b: Traits) -> str:
    """Return "same" (or one name begins the other), "agency" (one hires for others) or "other"."""
    shorter, longer = sorted((a.employer.split(), b.employer.split()), key=len)
    if shorter and longer[: len(shorter)] == shorter:
        return "same"
    return "agency" if a.is_agency or b.is_agency else "other"


def compare_places(a: Place, b: Place) -> str:
    """Return "same", "near" (40 km, or 80 to an area), "unknown" or "other".

    "region" is another city of the same region.
    """
    if a.country and b.country and a.country != b.country:
        return "other"
    if a.remote == b.remote == "remote":
        return "same"
    if a.city and b.city:
        return _compare_cities(a, b)
    if "remote" in (a.remote, b.remote) and a.remote and b.remote:
        return "other"
    texts = {comparable(a.text), comparable(b.text)}
    if len(texts) == 1 and texts != {""}:
        return "same"
    return "other" if a.region and b.region and a.region != b.region else "unknown"


def _compare_cities(a: Place, b: Place) -> str:
    regions = {a.region, b.region} - {""}
    if comparable(a.city) == comparable(b.city) and len(regions) < 2:  # noqa: PLR2004 # one each
        return "same"
    reach = AREA_KM if _AREA.search(a.text) or _AREA.search(b.text) else NEAR_KM
    if kilometres(a, b) <= reach:
        return "near"
    return "region" if a.region and a.region == b.region else "other"


def kilometres(a: Place, b: Place) -> float:
    """Return the distance of two places, infinite where one is not known."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return math.inf
    up, along = math.radians(b.lat - a.lat) / 2, math.radians(b.lon - a.lon) / 2
    squash = math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat))
    half = math.sin(up) ** 2 + squash * math.sin(along) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def skills_of(names: Iterable[str]) -> frozenset[str]:
    """Return skills as compared."""
    return frozenset(comparable(name) or name for name in names)
