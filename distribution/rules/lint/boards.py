"""What each board would refuse, by its contract and our requirements S1.6 to S1.9."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from distribution.rules.channels import (
    FEED,
    INDEED,
    INTERNAL,
    INTRANET,
    LINKEDIN,
    REST,
    WEBHOOK,
    BoardKind,
)
from distribution.rules.content import Content
from distribution.rules.payloads import country_of, plain_length, rich_text, whole_salary

from .findings import CONTRACT, S1, Finding
from .findings import error as _error
from .findings import missing as _missing
from .findings import warning as _warning

LINKEDIN_DESCRIPTION = (100, 25_000)  # characters
INDEED_DESCRIPTION_MIN = 30  # characters
INDEED_DESCRIPTION_MAX = 65_000  # bytes of UTF-8
INDEED_SOURCES = ("Employer", "Job Board", "Staffing Agency")
CHANNEL = "settings of the channel"
AT_A_WORD = " -–—,;:|/("


def _linkedin(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _title(content, int(options["title_max"]), S1.format("S1.6"))
    yield from _missing("description", plain_length(content), S1.format("S1.6"))
    low, high = LINKEDIN_DESCRIPTION
    if 0 < plain_length(content) < low:
        yield _error(
            "too_short",
            "description",
            f"LinkedIn wants {low} characters or more ({plain_length(content)}/{low}).",
            CONTRACT.format("LinkedIn §3.1"),
        )
    if (size := len(rich_text(content))) > high:
        yield _error(
            "too_long",
            "description",
            f"LinkedIn takes {high} characters at most ({size}/{high}).",
            CONTRACT.format("LinkedIn §3.1"),
        )
    yield from _missing("location", content.location_text or content.city, S1.format("S1.6"))
    yield from _missing("employment_type", content.employment_type, S1.format("S1.6"))
    yield from _missing("company", options.get("org_urn") or content.employer, S1.format("S1.6"))
    yield from _missing("apply_url", content.link, CONTRACT.format("LinkedIn §3.1"))
    if not options.get("poster_email"):
        yield _error(
            "missing",
            "poster_email",
            "LinkedIn requires the poster's e-mail since June 2025; set it on the channel.",
            CONTRACT.format("LinkedIn §1"),
        )
    if options["listing_type"] == "PREMIUM" and not options["contract_urn"]:
        message = "A promoted job needs the contract it is paid by; set contract_urn."
        yield _error("missing", "contract_urn", message, CONTRACT.format("LinkedIn §3.3"))


def _indeed(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _title(content, int(options["title_max"]), S1.format("S1.7"))
    advised = int(options["title_advised"])
    if advised < len(content.title) <= int(options["title_max"]):
        yield _warning(
            "title_long",
            "title",
            f"Some Indeed partners cut titles at {advised} ({len(content.title)}/{advised}).",
            CONTRACT.format("Indeed §4.1"),
        )
    yield from _missing("location", content.location_text or content.city, S1.format("S1.7"))
    yield from _missing("employment_type", content.employment_type, S1.format("S1.7"))
    yield from _indeed_country(content, options)
    yield from _indeed_description(content)
    yield from _salary_order(content, CONTRACT.format("Indeed §4.1"))
    yield from _missing("page_url", content.page_url, CONTRACT.format("Indeed §4.1"))
    if options["source_type"] not in INDEED_SOURCES:
        message = f"Indeed knows employers as {', '.join(INDEED_SOURCES)}; set source_type."
        yield _error("unknown", "source_type", message, CONTRACT.format("Indeed §4.1"))


def _indeed_country(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    source = CONTRACT.format("Indeed §4.1")
    country = country_of(content, options)
    if not country:
        message = "Indeed needs the country; name it in the job's location."
        yield _error("missing", "country", message, source)
    elif not content.country:
        message = f"No country is stated for this remote job; {country} is sent."
        yield _warning("assumed", "country", message, source)


def _indeed_description(content: Content) -> Iterator[Finding]:
    source = CONTRACT.format("Indeed §4.1")
    length, size = plain_length(content), len(rich_text(content).encode())
    if length < INDEED_DESCRIPTION_MIN:
        message = f"Indeed wants {INDEED_DESCRIPTION_MIN} characters or more ({length})."
        yield _error("too_short" if length else "missing", "description", message, source)
    if size > INDEED_DESCRIPTION_MAX:
        message = f"Indeed takes {INDEED_DESCRIPTION_MAX} bytes at most ({size})."
        yield _error("too_long", "description", message, source)


def _rest(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    source = S1.format("S1.8")
    yield from _title(content, int(options["title_max"]), source)
    yield from _missing("location", content.location_text or content.city, source)
    if options["salary_required"]:
        yield from _missing("salary_min", content.salary_min, source)
        yield from _missing("salary_max", content.salary_max, source)
    yield from _salary_order(content, source)


def _internal(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _title(content, int(options["title_max"]), S1.format("S1.9"))


def _plain(content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _title(content, int(options["title_max"]), CHANNEL)


def check(kind: BoardKind, content: Content, options: Mapping[str, Any]) -> Iterator[Finding]:
    """Check a job against a board's own rules, and for what the channel asks beyond them."""
    found = list(RULES[kind](content, options))
    yield from found
    named = {finding.field for finding in found}
    yield from _asked(content, [name for name in options["required"] if name not in named])


def _asked(content: Content, names: Sequence[str]) -> Iterator[Finding]:
    values = {
        "description": plain_length(content),
        "location": content.location_text or content.city,
        "apply_url": content.link,
        "employment_type": content.employment_type,
        "country": content.country,
        "company": content.employer,
        "reference": content.reference,
        "salary_min": content.salary_min,
        "salary_max": content.salary_max,
    }
    for name in names:
        if name in values:
            yield from _missing(name, values[name], CHANNEL)


RULES: Mapping[BoardKind, Callable[[Content, Mapping[str, Any]], Iterator[Finding]]] = {
    LINKEDIN: _linkedin,
    INDEED: _indeed,
    REST: _rest,
    WEBHOOK: _plain,
    FEED: _plain,
    INTRANET: _internal,
    INTERNAL: _internal,
}


def _title(content: Content, limit: int, source: str) -> Iterator[Finding]:
    yield from _missing("title", content.title.strip(), source)
    if (size := len(content.title)) > limit:
        message = f"The title is longer than {limit} characters ({size}/{limit})."
        short = shortened(content.title, limit)
        yield _error("title_too_long", "title", message, source).fixed_by(
            "title", short, f"Shorten the title to “{short}”"
        )


def _salary_order(content: Content, source: str) -> Iterator[Finding]:
    if whole_salary(content) and (content.salary_max or 0) < (content.salary_min or 0):
        message = "The highest salary is below the lowest."
        yield _error("salary_order", "salary_max", message, source)


def shortened(title: str, limit: int) -> str:
    """Cut a title to a length at the end of a word."""
    cut = title[: limit + 1]
    at = max(cut.rfind(sign) for sign in AT_A_WORD)
    return (cut[:at] if at > limit // 2 else title[:limit]).rstrip(AT_A_WORD)
