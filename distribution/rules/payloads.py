"""The exact words each board is sent, made from a job's content and the channel's options."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import nh3

from .channels import (
    INDEED,
    INTERNAL,
    INTRANET,
    LINKEDIN,
    WEBHOOK,
    BoardKind,
    calls,
)
from .content import Content

Op = Literal["create", "update", "renew", "close"]

LINKEDIN_STAY = timedelta(days=180)  # longest that a posting may ask for (§3.1)
LINKEDIN_PREMIUM_STAY = timedelta(days=90)  # and a promoted one


@dataclass(frozen=True, slots=True)
class Naming:
    """What an exchange adds to the content: the operation, our id, the moment and our links.

    `link` counts who follows it and leads on to where one applies; `via` is the token in it, which
    the address of our page carries where a board wants the page itself. Both may be "".
    """

    op: Op
    external_id: str
    now: datetime
    link: str = ""
    via: str = ""

    def page(self, content: Content) -> str:
        """Return the address of our page that tells where a reader came from."""
        return f"{content.page_url}?via={self.via}" if self.via else content.page_url


RICH_TAGS = {"b", "strong", "u", "i", "em", "br", "p", "ul", "li"}  # LinkedIn §3.1
HEADING = re.compile(r"<(/?)h[1-6]\b[^>]*>", re.IGNORECASE)
ORDERED = re.compile(r"<(/?)ol\b[^>]*>", re.IGNORECASE)
# ISO 4217 currencies whose minor unit is not a hundredth
EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
LINKEDIN_EMPLOYMENT = {
    "FULL_TIME": "FULL_TIME",
    "PART_TIME": "PART_TIME",
    "CONTRACTOR": "CONTRACT",
    "TEMPORARY": "TEMPORARY",
    "PER_DIEM": "TEMPORARY",
    "INTERN": "INTERNSHIP",
    "VOLUNTEER": "VOLUNTEER",
}
LINKEDIN_EXPERIENCE = {
    "intern": "INTERNSHIP",
    "junior": "ENTRY_LEVEL",
    "mid": "ASSOCIATE",
    "senior": "MID_SENIOR_LEVEL",
    "lead": "MID_SENIOR_LEVEL",
    "director": "DIRECTOR",
    "executive": "EXECUTIVE",
}
LINKEDIN_WORKPLACE = {"onsite": "On-site", "hybrid": "Hybrid", "remote": "Remote"}
LINKEDIN_PERIOD = {
    "HOUR": "HOURLY",
    "DAY": "DAILY",
    "WEEK": "WEEKLY",
    "MONTH": "MONTHLY",
    "YEAR": "YEARLY",
}
INDEED_EMPLOYMENT = {
    "FULL_TIME": "Full-time",
    "PART_TIME": "Part-time",
    "CONTRACTOR": "Contract",
    "TEMPORARY": "Temporary",
    "PER_DIEM": "Per diem",
    "INTERN": "Internship",
    "VOLUNTEER": "Volunteer",
}
WEBHOOK_EVENTS: Mapping[Op, str] = {
    "create": "job.published",
    "update": "job.updated",
    "renew": "job.renewed",
    "close": "job.closed",
}
NAMED_CLOSES: frozenset[BoardKind] = frozenset({LINKEDIN, WEBHOOK})  # whose closes say which
INDEED_PERIODS = {"DAY", "HOUR", "MONTH", "WEEK", "YEAR"}


def rich_text(content: Content) -> str:
    """Return the description in the tags boards keep; headings turn bold, numbers bullets."""
    html = HEADING.sub(lambda m: "</b></p>" if m[1] else "<p><b>", content.description_html)
    html = ORDERED.sub(lambda m: f"<{m[1]}ul>", html)
    return nh3.clean(html, tags=RICH_TAGS, attributes={}).strip()


def plain_length(content: Content) -> int:
    """Count the characters a reader sees in what is sent."""
    return len(nh3.clean(rich_text(content), tags=set()).strip())


def whole_salary(content: Content) -> bool:
    """Whether both ends of the pay range are known."""
    return content.salary_min is not None and content.salary_max is not None


def country_of(content: Content, options: Mapping[str, Any]) -> str:
    """Return the job's country; a remote job without one takes the channel's."""
    fallback = str(options.get("remote_country") or "") if content.is_remote else ""
    return content.country or fallback


def amount(minor: int, currency: str) -> str:
    """Write minor units as a plain decimal number in the currency's own unit."""
    exponent = EXPONENTS.get(currency, 2)
    value = Decimal(minor).scaleb(-exponent)
    return f"{value:f}" if value % 1 else str(int(value))


def linkedin_element(
    content: Content, options: Mapping[str, Any], *, naming: Naming
) -> dict[str, Any]:
    """Build one element of a simpleJobPostings batch (LinkedIn contract §3)."""
    element: dict[str, Any] = {
        "externalJobPostingId": naming.external_id,
        "jobPostingOperationType": naming.op.upper(),
        "title": content.title,
        "description": rich_text(content),
        "listedAt": int(content.listed_at.timestamp() * 1000),
        "location": _linkedin_location(content, options),
        "companyApplyUrl": naming.link or content.link,
        "companyJobCode": content.reference or naming.external_id,
        "employmentStatus": LINKEDIN_EMPLOYMENT.get(content.employment_type, "OTHER"),
        "experienceLevel": LINKEDIN_EXPERIENCE.get(content.seniority, "NOT_APPLICABLE"),
        "workplaceTypes": [
            LINKEDIN_WORKPLACE.get("remote" if content.is_remote else content.remote, "On-site")
        ],
        "listingType": options["listing_type"],
    }
    if options.get("org_urn"):
        element["integrationContext"] = options["org_urn"]
    else:
        element["companyName"] = content.employer
    if options.get("poster_email"):
        element["posterEmail"] = options["poster_email"]
    stay = LINKEDIN_STAY
    if options["listing_type"] == "PREMIUM":
        stay = LINKEDIN_PREMIUM_STAY
        element["contract"] = options["contract_urn"]
        element["showPosterInfo"] = bool(options["show_poster"])
    if content.expires_at and naming.now < content.expires_at <= naming.now + stay:
        element["expireAt"] = int(content.expires_at.timestamp() * 1000)
    if pay := _linkedin_pay(content):
        element["compensation"] = {"compensations": [pay]}
    return element


def _linkedin_location(content: Content, options: Mapping[str, Any]) -> str:
    """Name the place; for a remote job without one LinkedIn wants a country (§3.1)."""
    if content.is_remote and not (content.city or content.country):
        return str(options.get("remote_location") or content.location_text)
    return content.location_text or _place(content)


def _linkedin_pay(content: Content) -> dict[str, Any] | None:
    """Build one base salary, a range or an exact amount (contract §3.2)."""
    currency, period = content.salary_currency, LINKEDIN_PERIOD.get(content.salary_period)
    ends = [end for end in (content.salary_min, content.salary_max) if end is not None]
    if not (currency and period and ends):
        return None
    sums = [{"amount": amount(end, currency), "currencyCode": currency} for end in ends]
    exact = len(sums) == 1 or ends[0] == ends[1]
    value = {"exactAmount": sums[0]} if exact else {"range": {"start": sums[0], "end": sums[1]}}
    return {"type": "BASE_SALARY", "period": period, "value": value}


def indeed_posting(
    content: Content, options: Mapping[str, Any], *, naming: Naming
) -> dict[str, Any]:
    """Build one CreateSourcedJobPostingInput (Indeed contract §4.1)."""
    location: dict[str, Any] = {"country": country_of(content, options)}
    if not content.is_remote or content.city:
        location["cityRegionPostal"] = (
            ", ".join(filter(None, (content.city, content.region))) or content.location_text
        )
    contact = {
        "contactType": ["contact"],
        "contactInfo": {
            "contactName": options.get("contact_name") or content.employer,
            "contactEmail": options.get("contact_email") or "",
        },
    }
    taxonomy: dict[str, Any] = {}
    if job_type := INDEED_EMPLOYMENT.get(content.employment_type):
        taxonomy["jobTypes"] = [job_type]
    if content.is_remote:
        taxonomy["remoteType"] = "Fully Remote"
    body: dict[str, Any] = {
        "title": content.title,
        "description": rich_text(content),
        "descriptionFormatting": "RICH_FORMATTING",
        "location": location,
        "benefits": [],
    }
    if pay := _indeed_pay(content):
        body["salary"] = pay
    return {
        "body": body,
        "metadata": {
            "jobPostingId": naming.external_id,
            "jobRequisitionId": content.reference or naming.external_id,
            "jobSource": {
                "companyName": content.employer,
                "sourceName": options.get("source_name") or content.employer,
                "sourceType": options["source_type"],
                "isPlacement": False,
            },
            # renewed means listed again: Indeed drops what was listed 90 days ago
            "datePublished": iso(naming.now if naming.op == "renew" else content.listed_at),
            "url": naming.page(content),  # the page itself: its text must match (§4.1)
            "contacts": [contact],
            "taxonomyClassification": taxonomy,
        },
    }


def _indeed_pay(content: Content) -> dict[str, Any] | None:
    """Build the salary in minor units; a lone upper end cannot be said (§4.1)."""
    known = content.salary_min and content.salary_currency
    if not known or content.salary_period not in INDEED_PERIODS:
        return None
    pay: dict[str, Any] = {
        "currency": content.salary_currency,
        "minimumMinor": content.salary_min,
        "period": content.salary_period,
    }
    if content.salary_max:
        pay["maximumMinor"] = content.salary_max
    return pay


def rest_body(content: Content, *, naming: Naming) -> dict[str, Any]:
    """Build the generic REST job (S1.8 names, Glassdoor contract §3)."""
    body: dict[str, Any] = {
        "externalReference": naming.external_id,
        "jobTitle": content.title,
        "description": rich_text(content),
        "location": content.location_text or _place(content),
        "employmentType": content.employment_type,
        "company": content.employer,
        "applyUrl": naming.link or content.link,
        "datePosted": iso(content.listed_at),
    }
    if content.country:
        body["country"] = content.country
    if content.salary_currency:
        exponent = EXPONENTS.get(content.salary_currency, 2)
        body["salaryCurrency"] = content.salary_currency
        body["salaryPeriod"] = content.salary_period
        for name, minor in (("salaryMin", content.salary_min), ("salaryMax", content.salary_max)):
            if minor is not None:
                body[name] = float(Decimal(minor).scaleb(-exponent))
    return body


def webhook_body(content: Content, *, naming: Naming) -> dict[str, Any]:
    """Build what a webhook of a company gets: the event, and unless it is a close, the job."""
    data: dict[str, Any] = {"id": naming.external_id, "reference": content.reference}
    if naming.op != "close":
        data |= {
            "title": content.title,
            "description": rich_text(content),
            "company": content.employer,
            "location": content.location_text or _place(content),
            "city": content.city,
            "region": content.region,
            "country": content.country,
            "workplace": "remote" if content.is_remote else content.remote,
            "employment_type": content.employment_type,
            "seniority": content.seniority,
            "salary": _plain_pay(content),
            "apply_url": naming.link or content.link,
            "page_url": content.page_url,
            "posted_at": iso(content.listed_at),
            "expires_at": iso(content.expires_at) if content.expires_at else None,
        }
    return {"type": WEBHOOK_EVENTS[naming.op], "timestamp": iso(naming.now), "data": data}


def _plain_pay(content: Content) -> dict[str, Any] | None:
    """Write the pay range as decimal texts, without the end that is not known."""
    ends = (("min", content.salary_min), ("max", content.salary_max))
    currency = content.salary_currency
    known = {name: amount(minor, currency) for name, minor in ends if minor is not None}
    return {**known, "currency": currency, "period": content.salary_period} if known else None


def payload(
    kind: BoardKind, content: Content, options: Mapping[str, Any], *, naming: Naming
) -> dict[str, Any]:
    """Build what one operation says to a board; an empty object where it says nothing."""
    if kind in (INTERNAL, INTRANET):
        return {
            "id": str(content.job_id),
            "url": content.page_url,
            "apply_url": naming.link or content.link,
        }
    if not calls(kind, options) or (naming.op == "close" and kind not in NAMED_CLOSES):
        return {}
    if kind == LINKEDIN:
        return linkedin_element(content, options, naming=naming)
    if kind == WEBHOOK:
        return webhook_body(content, naming=naming)
    if kind == INDEED:
        return indeed_posting(content, options, naming=naming)
    return rest_body(content, naming=naming)


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _place(content: Content) -> str:
    return ", ".join(filter(None, (content.city, content.region, content.country)))
