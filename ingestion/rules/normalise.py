"""Transformer version 2: an item as its source told it becomes a posting in our words."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from ingestion.rules import dates, gazetteer, kinds, places, salaries
from ingestion.rules.benefits import benefits_of
from ingestion.rules.departments import department_of_title
from ingestion.rules.education import education_of_field, find_education
from ingestion.rules.employer_facts import (
    employer_domain,
    find_size,
    hires_for_others,
    size_of_field,
)
from ingestion.rules.employers import clean_employer
from ingestion.rules.experience import find_experience, months_of_field
from ingestion.rules.gazetteer import Place
from ingestion.rules.html import MAX_DESCRIPTION, read_description
from ingestion.rules.identity import MAX_URL, clean_url
from ingestion.rules.languages import language_of_tag, language_of_text
from ingestion.rules.occupations import normal_form
from ingestion.rules.places_data import CURRENCIES
from ingestion.rules.posting import RawPosting
from ingestion.rules.reach import reach
from ingestion.rules.salaries import Salary, Stated
from ingestion.rules.skills_facts import SkillFact, skill_facts
from ingestion.rules.texts import clean_line, mended
from ingestion.rules.titles import clean_title
from ingestion.rules.vocabulary import OURS, Vocabulary

VERSION: Final = "2"
MAX_ID: Final = 200
MAX_PLACE_NAME: Final = 100
_SHOWN: Final = 60
_SHORT: Final = ("employer", "location", "city", "region")


@dataclass(frozen=True, slots=True)
class Issue:
    """Hold a warning on a row: the field, a stable code and a sentence for a person."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Posting:
    """Hold a normalised posting: clean texts, codes of fixed lists, "" and None for the unknown.

    `employer_flagged` says that the source named no employer and a default stands in. `country` is
    ISO 3166-1 alpha-2, `employment_type` schema.org's word, times are in UTC. `occupation` is the
    title's normal form ("software developer"), `education` the lowest level asked for,
    `employer_size` a range of heads ("11-50"). `more_places` are those beside the first one,
    `reach` the part of the world a remote job may be done from where it names no country.
    """

    external_id: str
    title: str
    employer: str
    employer_flagged: bool
    employer_url: str
    location_text: str
    city: str
    region: str
    country: str
    lat: float | None
    lon: float | None
    remote: str
    employment_type: str
    seniority: str
    salary: Salary | None
    description_html: str
    description_text: str
    skills: tuple[str, ...]
    apply_url: str
    url: str
    posted_at: datetime | None
    expires_at: datetime | None
    language: str
    department: str = ""
    occupation: str = ""
    skill_facts: tuple[SkillFact, ...] = ()
    benefits: tuple[str, ...] = ()
    education: str = ""
    experience_months: int | None = None
    employer_domain: str = ""
    employer_size: str = ""
    is_agency: bool = False
    employer_logo: str = ""
    more_places: tuple[Place, ...] = ()
    reach: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["salary"] = self.salary.to_dict() if self.salary else None
        values["skills"] = list(self.skills)
        values["skill_facts"] = [fact.to_dict() for fact in self.skill_facts]
        values["benefits"] = list(self.benefits)
        values["more_places"] = [place.to_dict() for place in self.more_places]
        for name in ("posted_at", "expires_at"):
            values[name] = values[name].isoformat() if values[name] else None
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read back what `to_dict` wrote, by an older version too; unknown fields are left out."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        known["salary"] = Salary.from_dict(known["salary"]) if known["salary"] else None
        known["skills"] = tuple(known["skills"])
        known["skill_facts"] = tuple(SkillFact(**f) for f in known.get("skill_facts", ()))
        known["benefits"] = tuple(known.get("benefits", ()))
        known["more_places"] = tuple(Place(**p) for p in known.get("more_places", ()))
        for name in ("posted_at", "expires_at"):
            known[name] = datetime.fromisoformat(known[name]) if known[name] else None
        return cls(**known)


class RowRejected(Exception):
    """A row cannot become a posting; `field` and `code` say why for the error table."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


def normalise(
    posting: RawPosting, *, now: datetime, default_employer: str = "", words: Vocabulary = OURS
) -> tuple[Posting, tuple[Issue, ...]]:
    """Return the posting in our words and what was wrong with its fields.

    `now` dates "3 days ago"; `default_employer` stands in, flagged, where the item names none;
    `words` are the skills and occupations it is read by.
    Raises: RowRejected when there is no title.
    """
    title = clean_title(mended(posting.title))
    if not title:
        raise RowRejected("title", "missing_title", "The row has no title.")
    now = now if now.tzinfo else now.replace(tzinfo=UTC)
    issues: list[Issue] = []
    posting = _mended(posting)
    employer, flagged = _employer(posting, default_employer, issues)
    places_named = _places(posting, issues)
    place = places_named[0]
    markup, text = _description(posting, issues)
    salary = _salary(posting, place.country, issues)
    salary = salary or salaries.find_salary(text, local=CURRENCIES.get(place.country, ""))
    skills = skill_facts(posting.skills, title, text, words.skills)
    remote = _remote(posting, title, place, text)
    return Posting(
        external_id=clean_line(posting.external_id, MAX_ID),
        title=title,
        employer=employer,
        employer_flagged=flagged,
        employer_url=_url(posting.employer_url, "employer_url", issues),
        remote=remote,
        reach=_reach(posting, place, remote),
        employment_type=_employment_type(posting, title, text),
        seniority=kinds.seniority(posting.seniority, title),
        salary=salary,
        description_html=markup,
        description_text=text,
        skills=tuple(fact.name for fact in skills),
        skill_facts=skills,
        apply_url=_url(posting.apply_url, "apply_url", issues),
        url=_url(posting.url, "url", issues),
        posted_at=_date(posting, "posted_at", place.country, now, issues),
        expires_at=_date(posting, "expires_at", place.country, now, issues),
        language=language_of_tag(posting.language) or language_of_text(text),
        occupation=normal_form(title, words.occupations),
        department=department_of_title(posting.category) or department_of_title(title),
        **_where(posting, place, places_named[1:]),
        **_demands(posting, text),
        **_of_employer(posting, employer, text, is_named=not flagged),
    ), tuple(issues)


def _mended(posting: RawPosting) -> RawPosting:
    """Undo a wrong reading of characters in the short texts that people see."""
    wrong: dict[str, Any] = {
        name: mended(text)
        for name in _SHORT
        if (text := getattr(posting, name)) and not text.isascii()
    }
    return replace(posting, **wrong) if wrong else posting


def _where(posting: RawPosting, place: Place, others: tuple[Place, ...]) -> dict[str, Any]:
    """Return the place of the posting, and the others it names."""
    written = clean_line(posting.location, gazetteer.MAX_LOCATION)
    return {
        "location_text": written or _place_text(posting),
        "city": place.city[:MAX_PLACE_NAME],
        "region": place.region[:MAX_PLACE_NAME],
        "country": place.country,
        "lat": place.lat,
        "lon": place.lon,
        "more_places": others,
    }


def _demands(posting: RawPosting, text: str) -> dict[str, Any]:
    """Return what the job asks for and gives: fields first, else the description."""
    months = months_of_field(posting.experience)
    return {
        "benefits": benefits_of(posting.benefits, text),
        "education": education_of_field(posting.education) or find_education(text),
        "experience_months": find_experience(text) if months is None else months,
    }


def _of_employer(
    posting: RawPosting, employer: str, text: str, *, is_named: bool
) -> dict[str, Any]:
    """Return what the posting tells of its employer, nothing of one that only stands in."""
    if not is_named:
        return {}
    addresses = (posting.apply_url[:MAX_URL], posting.url[:MAX_URL])
    return {
        "employer_domain": employer_domain(employer, posting.employer_url[:MAX_URL], *addresses),
        "employer_size": size_of_field(posting.employer_size) or find_size(text),
        "employer_logo": clean_url(posting.employer_logo),
        "is_agency": hires_for_others(employer, text),
    }


def _show(text: str) -> str:
    return clean_line(text, _SHOWN)


def _employer(posting: RawPosting, default: str, issues: list[Issue]) -> tuple[str, bool]:
    employer = clean_employer(posting.employer)
    if employer:
        return employer, False
    default = clean_employer(default)
    stand_in = f"{default} stands in" if default else "none stands in"
    issues.append(Issue("employer", "missing_employer", f"The row names no employer; {stand_in}."))
    return default, True


def _places(posting: RawPosting, issues: list[Issue]) -> tuple[Place, ...]:
    """Return the place of the posting and the others it names, at least one."""
    country = gazetteer.country_code(posting.country)
    read = places.read_places(posting.location or posting.city, country)
    if posting.country.strip() and not country:
        shown = _show(posting.country)
        issues.append(Issue("country", "unknown_country", f"“{shown}” is no country we know."))
    if not posting.city.strip() and not posting.region.strip():
        return read
    given = _given_place(posting, country or read[0].country)
    if not given.country and not given.city:
        return read
    first = replace(given, remote=read[0].remote)
    others = (place for place in read if not _same_place(place, first))
    return first, *(others if len(read) > 1 else ())


def _same_place(one: Place, other: Place) -> bool:
    """Say whether two readings are of one place, as far as both of them tell."""
    return one.country == other.country and (not one.city or one.city == other.city)


def _reach(posting: RawPosting, place: Place, remote: str) -> str:
    return reach(posting.location) if remote == "remote" and not place.country else ""


def _given_place(posting: RawPosting, country: str) -> Place:
    """Return the place of the explicit city, region and country, read together."""
    whole = ", ".join(part.strip() for part in (posting.city, posting.region) if part.strip())
    place = places.read_place(whole, country)
    if place.city or not posting.city.strip():
        return place
    city = clean_line(posting.city, MAX_PLACE_NAME)
    region = gazetteer.region_name(posting.region, country)
    named = gazetteer.is_name(city) and not places.remote_word(city)
    return Place(city if named else "", region, country or place.country)


def _place_text(posting: RawPosting) -> str:
    parts = (posting.city, posting.region, posting.country)
    return clean_line(
        ", ".join(part.strip() for part in parts if part.strip()), gazetteer.MAX_LOCATION
    )


def _salary(posting: RawPosting, country: str, issues: list[Issue]) -> Salary | None:
    stated = Stated(
        posting.salary,
        posting.salary_min,
        posting.salary_max,
        posting.salary_currency,
        posting.salary_period,
        CURRENCIES.get(country, ""),
    )
    salary, code = salaries.read_salary(stated)
    shown = _show(f"{stated.text or stated.low} {'' if stated.text else stated.high}")
    if code == salaries.UNREADABLE:
        issues.append(Issue("salary", code, f"“{shown}” is no salary we can read."))
    elif code == salaries.SWAPPED:
        issues.append(Issue("salary", code, f"“{shown}” had its ends the wrong way round."))
    return salary


def _description(posting: RawPosting, issues: list[Issue]) -> tuple[str, str]:
    if len(posting.description) > MAX_DESCRIPTION:
        message = f"The description was cut at {MAX_DESCRIPTION:,} characters."
        issues.append(Issue("description", "text_too_long", message))
    markup, text = read_description(posting.description, shape=posting.description_format)
    if not text:
        issues.append(Issue("description", "description_missing", "The row has no description."))
    return markup, text


def _url(text: str, field: str, issues: list[Issue]) -> str:
    url = clean_url(text)
    if text.strip() and not url:
        message = f"“{_show(text)}” is no address we may link to."
        issues.append(Issue(field, "bad_url", message))
    return url


def _date(
    posting: RawPosting, field: str, country: str, now: datetime, issues: list[Issue]
) -> datetime | None:
    text = getattr(posting, field)
    if dates.is_absent(text):
        return None
    read = dates.read_end if field == "expires_at" else dates.read_date
    moment = read(text, now=now, country=country)
    if moment is None:
        message = f"“{_show(text)}” is no date we can read."
        issues.append(Issue(field, "unreadable_date", message))
    return moment


def _remote(posting: RawPosting, title: str, place: Place, text: str) -> str:
    return (
        kinds.remote_of_field(posting.remote)
        or place.remote
        or kinds.remote_of_title(posting.title)
        or kinds.remote_of_title(title)
        or kinds.remote_of_description(text)
    )


def _employment_type(posting: RawPosting, title: str, text: str) -> str:
    stated = kinds.employment_type(posting.employment_type)
    if stated not in ("", "OTHER"):
        return stated
    found = kinds.employment_type_of_title(title) or kinds.employment_type_of_description(text)
    return found or stated
