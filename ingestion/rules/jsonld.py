"""A live job as schema.org JobPosting, by the rules of Google's job search.

Source: https://developers.google.com/search/docs/appearance/structured-data/job-posting
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ingestion.rules import currencies

# What would end a script element or be read as markup; U+2028 and U+2029 end lines of old parsers.
_ESCAPES: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_WORDS: Final = re.compile(r"\W+")
_PERIODS: Final = frozenset({"HOUR", "DAY", "WEEK", "MONTH", "YEAR"})
_EMPLOYMENT_TYPES: Final = frozenset(
    "FULL_TIME PART_TIME CONTRACTOR TEMPORARY INTERN VOLUNTEER PER_DIEM OTHER".split()
)

_SCHOOLS: Final = {
    "school": "high school",
    "vocational": "professional certificate",
    "associate": "associate degree",
    "bachelor": "bachelor degree",
    "master": "postgraduate degree",
    "doctorate": "postgraduate degree",
}


@dataclass(frozen=True, slots=True)
class Published:
    """What the page of a job shows; "" and None where it shows nothing.

    Pay is in minor units; `pay_stated` tells the employer's own figure from one read in the text.
    `direct`: one applies on our own page, without an account.
    """

    identifier: str
    title: str
    description_html: str
    description_text: str
    employer: str
    employer_url: str
    posted_at: datetime
    expires_at: datetime | None
    city: str
    region: str
    country: str
    remote: str
    employment_type: str
    target: str
    pay_min: int | None = None
    pay_max: int | None = None
    pay_currency: str = ""
    pay_period: str = ""
    pay_stated: bool = False
    direct: bool = False
    education: str = ""
    experience_months: int | None = None
    more_places: tuple[Mapping[str, Any], ...] = ()


def job_posting(job: Published, *, now: datetime) -> dict[str, Any] | None:
    """Return the JobPosting, or None for a job that may carry none (see `missing`)."""
    if missing(job, now=now):
        return None
    posting: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": job.title,
        "description": job.description_html,
        "datePosted": job.posted_at.date().isoformat(),
        "hiringOrganization": _organisation(job),
        "identifier": {"@type": "PropertyValue", "name": job.employer, "value": job.identifier},
        "directApply": job.direct,  # else one finishes at the employer's or another board's page
    }
    if job.expires_at:
        posting["validThrough"] = job.expires_at.isoformat(timespec="seconds")
    if job.employment_type in _EMPLOYMENT_TYPES:
        posting["employmentType"] = job.employment_type
    return posting | _where(job) | _pay(job) | _needs(job)


def missing(job: Published, *, now: datetime) -> tuple[str, ...]:
    """Name what keeps a job from having markup; nothing when it may have it.

    Google acts by hand against sites that mark up ended jobs, jobs nobody can apply to, and
    descriptions that say no more than the title.
    """
    found = []
    if _bare(job.description_text) in {"", _bare(job.title)}:
        found.append("description")
    if not job.employer:
        found.append("employer")
    if not job.country:
        found.append("country")  # wanted of the place, and of remote work for where one may live
    if not job.target:
        found.append("apply link")
    if job.expires_at and job.expires_at <= now:
        found.append("time left")
    return tuple(found)


def as_script(value: dict[str, Any]) -> str:
    """Return JSON that may stand between script tags, whatever the strings hold."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _bare(text: str) -> str:
    return _WORDS.sub(" ", text).strip().casefold()


def _organisation(job: Published) -> dict[str, str]:
    known = {"@type": "Organization", "name": job.employer}
    return known | ({"sameAs": job.employer_url} if job.employer_url else {})


def _where(job: Published) -> dict[str, Any]:
    """Say where the work is; for wholly remote work, where one may live."""
    first = {"city": job.city, "region": job.region, "country": job.country}
    places = [first, *(place for place in job.more_places if place.get("country"))]
    if job.remote == "remote":
        names = dict.fromkeys(place["country"] for place in places)
        countries = [{"@type": "Country", "name": name} for name in names]
        return {"jobLocationType": "TELECOMMUTE", "applicantLocationRequirements": _one(countries)}
    return {"jobLocation": _one([_place(place) for place in places])}


def _one(values: list[Any]) -> Any:
    """Return a lone value by itself."""
    return values[0] if len(values) == 1 else values


def _place(place: Mapping[str, Any]) -> dict[str, Any]:
    named = {"addressLocality": place.get("city"), "addressRegion": place.get("region")}
    address = {"@type": "PostalAddress", **{key: text for key, text in named.items() if text}}
    return {"@type": "Place", "address": address | {"addressCountry": place["country"]}}


def _needs(job: Published) -> dict[str, Any]:
    """Say which school and how much experience are asked for, where the job says."""
    told: dict[str, Any] = {}
    if school := _SCHOOLS.get(job.education):
        credential = {"@type": "EducationalOccupationalCredential", "credentialCategory": school}
        told["educationRequirements"] = credential
    if job.experience_months:
        told["experienceRequirements"] = {
            "@type": "OccupationalExperienceRequirements",
            "monthsOfExperience": job.experience_months,
        }
    return told


def _pay(job: Published) -> dict[str, Any]:
    """Say what is paid, when the employer says both ends, the currency and the period.

    Google knows one figure or a whole range; an open end ("from") fits neither.
    """
    low, high, currency = job.pay_min, job.pay_max, job.pay_currency
    if not job.pay_stated or low is None or high is None:
        return {}
    if not currency or job.pay_period not in _PERIODS:
        return {}
    scale = 10 ** currencies.exponent(currency)
    ends = {"minValue": _plain(low / scale), "maxValue": _plain(high / scale)}
    amounts = {"value": ends["minValue"]} if low == high else ends
    value = {"@type": "QuantitativeValue", **amounts, "unitText": job.pay_period}
    return {"baseSalary": {"@type": "MonetaryAmount", "currency": currency, "value": value}}


def _plain(amount: float) -> int | float:
    return int(amount) if amount == int(amount) else amount
