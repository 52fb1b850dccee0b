"""What LinkedIn refuses in one element of simpleJobPostings.

Source: linkedin.com Job Posting API schema, versions 2025-02 and li-lts-2026-03.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jobly.sandbox import checks

OPERATIONS: Final = frozenset({"CREATE", "UPDATE", "RENEW", "CLOSE"})
ENUMS: Final[dict[str, frozenset[str]]] = {
    "jobPostingOperationType": OPERATIONS,
    "employmentStatus": frozenset(
        {"FULL_TIME", "PART_TIME", "CONTRACT", "INTERNSHIP", "TEMPORARY", "VOLUNTEER", "OTHER"}
    ),
    "experienceLevel": frozenset(
        {"ENTRY_LEVEL", "ASSOCIATE", "MID_SENIOR_LEVEL", "DIRECTOR", "EXECUTIVE"}
        | {"INTERNSHIP", "NOT_APPLICABLE"}
    ),
    "listingType": frozenset({"BASIC", "PREMIUM"}),
    "availability": frozenset({"PUBLIC", "PRIVATE_TO_ATS_INTEGRATION", "INTERNAL"}),
}
PERIODS: Final = frozenset(
    {"YEARLY", "MONTHLY", "SEMIMONTHLY", "BIWEEKLY", "WEEKLY", "DAILY", "HOURLY"}
)
PAY_TYPES: Final = frozenset(
    {"BASE_SALARY", "TIPS", "COMMISSION", "PROFIT_SHARING", "STOCK_OPTIONS", "STOCK", "BONUS"}
    | {"SIGN_ON_BONUS", "OVER_TIME", "OTHER"}
)
WORKPLACES: Final = frozenset({"on-site", "hybrid", "remote"})
#: Texts that must be there, with their shortest and longest length in characters.
TEXTS: Final = {
    "externalJobPostingId": (1, 75),
    "jobPostingOperationType": (1, 10),
    "title": (1, 200),
    "description": (100, 25_000),
    "location": (1, 500),
    "companyApplyUrl": (1, 2_000),
    "posterEmail": (3, 320),
}
#: Lists, with the most entries they take.
LISTS: Final = {"alternateLocations": 7, "categories": 3, "industries": 100, "workplaceTypes": 1}
SKILLS_MAX: Final = 4_000
#: The clocks of two machines differ; a listing time this far ahead still counts as now (seconds).
SKEW: Final = 60
MAX_LIFE_DAYS: Final = 180
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse an element."""

    status: int
    path: str
    message: str


def problems(element: Any, now: float) -> list[Problem]:
    """Return every reason to refuse an element; none means that it becomes a task."""
    if not isinstance(element, dict):
        return [Problem(422, "/", "record expected")]
    return [
        *_texts(element),
        *_enums(element),
        *_employer(element),
        *_lists(element),
        *_dates(element, now),
        *_pay(element),
    ]


def status_of(found: list[Problem]) -> int:
    """Return the status of a refused element."""
    return max(problem.status for problem in found)


def message_of(found: list[Problem]) -> str:
    """Write problems as LinkedIn does, a line each."""
    return "".join(f"ERROR :: {problem.path} :: {problem.message}\n" for problem in found)


def location_fits(element: dict[str, Any]) -> bool:
    """Tell whether a place can be standardised: a place alone is enough for remote jobs only."""
    kinds = element.get("workplaceTypes") or []
    remote = [str(kind).lower() for kind in kinds] == ["remote"] or element.get("workRemoteAllowed")
    return bool(remote) or "," in element["location"]


def _texts(element: dict[str, Any]) -> Iterator[Problem]:
    for name, (shortest, longest) in TEXTS.items():
        value = element.get(name)
        if value is None:
            message = "field is required but not found and has no default value"
            yield Problem(422, f"/{name}", message)
        elif not isinstance(value, str):
            yield Problem(422, f"/{name}", f"{value!r:.40} cannot be coerced to String")
        elif not shortest <= len(value.strip()) <= longest:
            length = f"length {len(value)} is out of range {shortest}...{longest}"
            yield Problem(422, f"/{name}", length)
    if len(str(element.get("skillsDescription") or "")) > SKILLS_MAX:
        yield Problem(422, "/skillsDescription", f"longer than {SKILLS_MAX} characters")


def _enums(element: dict[str, Any]) -> Iterator[Problem]:
    for name, symbols in ENUMS.items():
        value = element.get(name)
        if value is not None and not checks.one_of(value, symbols):
            yield Problem(422, f"/{name}", f'"{value}" is not an enum symbol')
    email = element.get("posterEmail")
    if isinstance(email, str) and not checks.matches(checks.EMAIL, email):
        yield Problem(400, "/posterEmail", "not an e-mail address")


def _employer(element: dict[str, Any]) -> Iterator[Problem]:
    names = ("integrationContext", "companyPageUrl", "companyName")
    if not any(checks.text(element.get(name)) for name in names):
        yield Problem(400, "/", f"one of {', '.join(names)} must be present")
    context = element.get("integrationContext")
    if context and not str(context).startswith("urn:li:organization:"):
        yield Problem(400, "/integrationContext", "not an organization URN")
    apply_url = element.get("companyApplyUrl")
    if isinstance(apply_url, str) and not checks.is_url(apply_url):
        yield Problem(400, "/companyApplyUrl", "invalid URL")
    if element.get("listingType") == "PREMIUM" and not element.get("contract"):
        yield Problem(422, "/contract", "required for a PREMIUM listing")


def _lists(element: dict[str, Any]) -> Iterator[Problem]:
    for name, most in LISTS.items():
        value = element.get(name)
        if value is None:
            continue
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            yield Problem(422, f"/{name}", "array of strings expected")
        elif len(value) > most:
            status = 400 if name == "workplaceTypes" else 422
            yield Problem(status, f"/{name}", f"at most {most} allowed, found {len(value)}")
        elif name == "workplaceTypes" and not {kind.lower() for kind in value} <= WORKPLACES:
            yield Problem(422, f"/{name}", f"{value} is not one of On-site, Hybrid, Remote")


def _dates(element: dict[str, Any], now: float) -> Iterator[Problem]:
    listed, ends, now_ms = element.get("listedAt"), element.get("expireAt"), int(now * 1000)
    if not checks.is_whole(listed):
        yield Problem(422, "/listedAt", "field is required and must be a Long in milliseconds")
    elif not 0 < listed <= now_ms + SKEW * 1000:
        yield Problem(422, "/listedAt", "must be a time in the past")
    if ends is None:
        return
    if not checks.is_whole(ends):
        yield Problem(422, "/expireAt", "must be a Long in milliseconds")
    elif not now_ms < ends <= now_ms + MAX_LIFE_DAYS * DAY_MS:
        yield Problem(422, "/expireAt", f"must lie within the next {MAX_LIFE_DAYS} days")


def _pay(element: dict[str, Any]) -> Iterator[Problem]:
    pay = element.get("compensation")
    if pay is None:
        return
    rows = checks.at(pay, "compensations")
    if not isinstance(rows, list):
        yield Problem(422, "/compensation/compensations", "array expected")
        return
    for place, row in enumerate(rows):
        path = f"/compensation/compensations/{place}"
        kind, period = checks.at(row, "type"), checks.at(row, "period")
        if not checks.one_of(kind, PAY_TYPES) or not checks.one_of(period, PERIODS):
            yield Problem(422, path, "type or period is not an enum symbol")
        ends = [checks.at(row, f"value.range.{end}") for end in ("start", "end")]
        amounts = [amount for amount in [checks.at(row, "value.exactAmount"), *ends] if amount]
        if not amounts or not all(_is_amount(amount) for amount in amounts):
            yield Problem(422, f"{path}/value", "amount is a string, currencyCode is ISO 4217")


def _is_amount(value: Any) -> bool:
    amount, currency = checks.at(value, "amount"), checks.at(value, "currencyCode")
    return checks.matches(checks.AMOUNT, amount) and checks.matches(checks.CURRENCY, currency)
