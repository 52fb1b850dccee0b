"""What a board would refuse, found before anything is sent: S1.6 to S1.10 and the contracts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingestion.rules.sources import RIGHTS, TO_BOARDS

from .channels import FEED, INDEED, INTERNAL, INTRANET, LINKEDIN, REST, WEBHOOK, BoardKind
from .content import Content
from .payloads import country_of, plain_length, rich_text, whole_salary

LINKEDIN_DESCRIPTION = (100, 25_000)  # characters
INDEED_DESCRIPTION_MIN = 30  # characters
INDEED_DESCRIPTION_MAX = 65_000  # bytes of UTF-8

HIDDEN = "The job is internal: its company has not ticked “Public posting”."
PRIVATE = "Its source is for the operator's eyes only."
S1 = "Jobly requirement {}"
CONTRACT = "{} contract"
CHANNEL = "settings of the channel"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a board refuses (error) or likes less (warning), by field, with its source."""

    code: str
    level: Literal["error", "warning"]
    field: str
    message: str
    source: str

    def to_dict(self) -> dict[str, str]:
        """Return the JSON shape of the preview route."""
        return asdict(self)


def lint(kind: BoardKind, content: Content, options: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Check a job against a board's rules; `options` are the channel's, defaults laid under."""
    return (*_leave(kind, content), *RULES[kind](content, options))


def withheld(kind: BoardKind, content: Content) -> str:
    """Say why a job may not go to a board, whatever it is like; empty if it may.

    A company's internal job goes to its colleagues' board only. Our own boards show what sources
    let be seen; the others take only what may be passed on.
    """
    return _kept_back(kind, content) if _may_be_told(kind, content) else HIDDEN


def _may_be_told(kind: BoardKind, content: Content) -> bool:
    return content.is_public or kind == INTRANET


def _kept_back(kind: BoardKind, content: Content) -> str:
    """Say why a job's source keeps it from a board; empty if it does not."""
    if kind in (INTERNAL, INTRANET):
        return PRIVATE if content.rights == "private" else ""
    if content.rights in TO_BOARDS:
        return ""
    return f"Its source does not let it go to other boards ({RIGHTS[content.rights]})."


def _leave(kind: BoardKind, content: Content) -> Iterator[Finding]:
    if not _may_be_told(kind, content):
        yield _error("not_public", "is_public", HIDDEN, S1.format("S1.4"))
    if why := _kept_back(kind, content):
        yield _error("rights", "source", why, "terms of the source")


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Keep what stops a publication."""
    return tuple(finding for finding in findings if finding.level == "error")


def publishable(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing found stops a publication."""
    return not errors(findings)


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
    """Check what the channel itself asks for: a webhook's or a feed's receiver sets the rules."""
    source = CHANNEL
    yield from _title(content, int(options["title_max"]), source)
    values = {
        "description": plain_length(content),
        "location": content.location_text or content.city,
        "apply_url": content.link,
        "employment_type": content.employment_type,
        "country": content.country,
        "salary_min": content.salary_min,
        "salary_max": content.salary_max,
    }
    for name in options["required"]:
        if name in values:
            yield from _missing(name, values[name], source)


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
        yield _error("title_too_long", "title", message, source)


def _missing(field: str, value: object, source: str) -> Iterator[Finding]:
    if value in (None, "", 0):
        yield _error("missing", field, f"{field.replace('_', ' ').capitalize()} is needed.", source)


def _salary_order(content: Content, source: str) -> Iterator[Finding]:
    if whole_salary(content) and (content.salary_max or 0) < (content.salary_min or 0):
        message = "The highest salary is below the lowest."
        yield _error("salary_order", "salary_max", message, source)


def _error(code: str, field: str, message: str, source: str) -> Finding:
    return Finding(code, "error", field, message, source)


def _warning(code: str, field: str, message: str, source: str) -> Finding:
    return Finding(code, "warning", field, message, source)
