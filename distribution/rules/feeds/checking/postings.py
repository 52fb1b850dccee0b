"""What Google's rules say of the JobPosting that a page carries."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .findings import GOOGLE, Finding, address, error, moment, plain, titled, warning

UNITS = frozenset({"HOUR", "DAY", "WEEK", "MONTH", "YEAR"})
TYPES = frozenset(
    "FULL_TIME PART_TIME CONTRACTOR TEMPORARY INTERN VOLUNTEER PER_DIEM OTHER".split()
)
EDUCATION = frozenset(
    {
        "high school",
        "associate degree",
        "bachelor degree",
        "professional certificate",
        "postgraduate degree",
    }
)
ADVISED = ("baseSalary", "employmentType", "identifier", "validThrough")
Posting = Mapping[str, Any]


def posting(found: Any, key: str, now: datetime) -> Iterator[Finding]:
    """Check one JobPosting: what is required, what is advised, and the values of both."""
    if not isinstance(found, dict) or found.get("@type") != "JobPosting":
        yield error("no_posting", "@type", "Expected one JobPosting.", GOOGLE, key)
        return
    for name in ("title", "description", "datePosted", "hiringOrganization"):
        if not found.get(name):
            yield error("missing", name, f"{name} is required.", GOOGLE, key)
    for name in ADVISED:
        if name not in found:
            yield warning("advised", name, f"{name} is recommended.", GOOGLE, key)
    if "schema.org" not in str(found.get("@context", "")):
        yield error("bad_context", "@context", "Expected https://schema.org/.", GOOGLE, key)
    yield from _words(found, key)
    yield from _dates(found, key, now)
    yield from _where(found, key)
    yield from _pay(found, key)


def _words(found: Posting, key: str) -> Iterator[Finding]:
    title, text = str(found.get("title", "")), plain(str(found.get("description", "")))
    yield from titled(title, key)
    if text and text.casefold() == title.strip().casefold():
        yield error("description_is_title", "description", "It says no more.", GOOGLE, key)
    named = found.get("hiringOrganization")
    if isinstance(named, dict):
        if not named.get("name"):
            yield error("missing", "hiringOrganization.name", "The employer's name.", GOOGLE, key)
        if named.get("sameAs"):
            yield from address(str(named["sameAs"]), "hiringOrganization.sameAs", key, GOOGLE)
    yield from _kinds(found, key)
    yield from _needs(found, key)


def _kinds(found: Posting, key: str) -> Iterator[Finding]:
    kinds = found.get("employmentType", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    for kind in kinds:
        if kind not in TYPES:
            yield error("unknown_word", "employmentType", f"{kind!r} is not known.", GOOGLE, key)
    if not isinstance(found.get("directApply", False), bool):
        yield error("bad_value", "directApply", "true or false.", GOOGLE, key)
    known = found.get("identifier")
    if known is not None and not (isinstance(known, dict) and known.get("value")):
        yield error("bad_value", "identifier", "A PropertyValue with a value.", GOOGLE, key)


def _needs(found: Posting, key: str) -> Iterator[Finding]:
    school = found.get("educationRequirements")
    if isinstance(school, dict) and school.get("credentialCategory") not in EDUCATION:
        message = "One of the categories that Google knows."
        yield error("unknown_word", "educationRequirements", message, GOOGLE, key)
    asked = found.get("experienceRequirements")
    if isinstance(asked, dict) and not isinstance(asked.get("monthsOfExperience"), int):
        yield error("bad_value", "experienceRequirements", "A number of months.", GOOGLE, key)


def _dates(found: Posting, key: str, now: datetime) -> Iterator[Finding]:
    for name in ("datePosted", "validThrough"):
        if name not in found:
            continue
        at = moment(str(found[name]))
        if at is None:
            yield error("bad_date", name, "Expected ISO 8601.", GOOGLE, key)
        elif name == "datePosted" and at > now:
            yield error("date_ahead", name, "The date lies in the future.", GOOGLE, key)
        elif name == "validThrough" and at <= now:
            yield error("expired", name, "An ended job carries no posting.", GOOGLE, key)


def _where(found: Posting, key: str) -> Iterator[Finding]:
    kind = found.get("jobLocationType")
    if kind not in (None, "TELECOMMUTE"):
        yield error("unknown_word", "jobLocationType", "Only TELECOMMUTE.", GOOGLE, key)
    places = found.get("jobLocation")
    places = places if isinstance(places, list) else [places] if places else []
    countries = [_country(place) for place in places]
    if kind == "TELECOMMUTE":
        if not found.get("applicantLocationRequirements") and not any(countries):
            message = "Remote work says where one may live, or where the job is."
            yield error("missing", "applicantLocationRequirements", message, GOOGLE, key)
    elif not places:
        yield error("missing", "jobLocation", "The place of the work.", GOOGLE, key)
    for country in countries:
        if len(country) != 2:  # noqa: PLR2004 # ISO 3166
            field = "jobLocation.address.addressCountry"
            yield error("bad_country", field, "Two letters of ISO 3166.", GOOGLE, key)


def _country(place: Any) -> str:
    spot = place.get("address", {}) if isinstance(place, dict) else {}
    return str(spot.get("addressCountry", "")) if isinstance(spot, dict) else ""


def _pay(found: Posting, key: str) -> Iterator[Finding]:
    pay = found.get("baseSalary")
    if pay is None:
        return
    value = pay.get("value") if isinstance(pay, dict) else None
    if not isinstance(value, dict) or len(str(pay.get("currency", ""))) != 3:  # noqa: PLR2004 # ISO 4217
        yield error("bad_value", "baseSalary", "Currency and value.", GOOGLE, key)
        return
    if value.get("unitText") not in UNITS:
        yield error("unknown_word", "baseSalary.unitText", "HOUR to YEAR.", GOOGLE, key)
    low, high = value.get("minValue"), value.get("maxValue")
    whole = isinstance(low, int | float) and isinstance(high, int | float) and low <= high
    if not whole and not isinstance(value.get("value"), int | float):
        yield error("bad_value", "baseSalary.value", "One figure, or both ends.", GOOGLE, key)
