"""What Indeed refuses in one entry of createSourcedJobPostings.

Source: docs.indeed.com, CreateSourcedJobPostingInput.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from jobly.sandbox import checks

#: Indeed's schema names none; S1.7 of our requirements does (some integrators advise 75).
TITLE_MAX: Final = 120
DESCRIPTION_MIN: Final = 30
#: In bytes of UTF-8.
DESCRIPTION_MAX: Final = 65_000
PERIODS: Final = frozenset({"DAY", "HOUR", "MILE", "MONTH", "WEEK", "YEAR", "TASK", "SHIFT"})
SOURCE_TYPES: Final = frozenset({"Employer", "Job Board", "Staffing Agency"})
FORMATTING: Final = frozenset({"TEXT", "RICH_FORMATTING"})
#: Where an application stands, in Disposition Sync.
DISPOSITIONS: Final = frozenset(
    "NEW REVIEW LIKED CONTACTED SCREEN ASSESS_QUALIFICATIONS POSITIVELY_SCREENED INTERVIEW"
    " BACKGROUND_CHECK VERIFY_ELIGIBILITY OFFER_MADE OFFER_DECLINED HIRED ONBOARDED NOT_SELECTED"
    " WITHDRAWN INCOMPLETE JOB_CLOSED JOB_INACTIVE UNABLE_TO_MAP".split()
)
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
#: Paths of texts that must be there.
REQUIRED: Final = (
    "body.title",
    "body.description",
    "body.location.country",
    "metadata.jobSource.companyName",
    "metadata.jobSource.sourceName",
    "metadata.jobSource.sourceType",
    "metadata.jobPostingId",
    "metadata.datePublished",
    "metadata.url",
)
#: Where integrators were seen to say that a job is remote; Indeed's own place is not published.
REMOTE: Final = (
    "body.location.remoteType",
    "metadata.remoteType",
    "metadata.taxonomyClassification.remoteType",
)

Problem = tuple[str, str]


def problems(posting: Any) -> list[Problem]:
    """Return every reason to refuse an entry, as path and message."""
    return [
        *_required(posting),
        *_body(posting),
        *_location(posting),
        *_salary(checks.at(posting, "body.salary")),
        *_source(posting),
        *_contacts(checks.at(posting, "metadata.contacts")),
    ]


def _required(posting: Any) -> Iterator[Problem]:
    for path in REQUIRED:
        if not checks.text(checks.at(posting, path)):
            yield path, "must not be null or blank"
    if not isinstance(checks.at(posting, "body.benefits"), list):
        yield "body.benefits", "must be a list, which may be empty"


def _body(posting: Any) -> Iterator[Problem]:
    title = checks.text(checks.at(posting, "body.title"))
    if len(title) > TITLE_MAX:
        yield "body.title", f"size must be between 1 and {TITLE_MAX}"
    description = checks.text(checks.at(posting, "body.description"))
    if description and not (
        len(description) >= DESCRIPTION_MIN and len(description.encode()) <= DESCRIPTION_MAX
    ):
        yield "body.description", f"size must be between {DESCRIPTION_MIN} and {DESCRIPTION_MAX}"
    formatting = checks.at(posting, "body.descriptionFormatting")
    if formatting is not None and not checks.one_of(formatting, FORMATTING):
        yield "body.descriptionFormatting", f"unknown value {formatting!r}"
    address = checks.at(posting, "metadata.url")
    if checks.text(address) and not checks.is_url(address):
        yield "metadata.url", "not a web address"


def _location(posting: Any) -> Iterator[Problem]:
    country = checks.at(posting, "body.location.country")
    if checks.text(country) and not checks.matches(checks.COUNTRY, country):
        yield "body.location.country", "not an ISO 3166-1 alpha-2 code"
    remote = {str(checks.at(posting, path)).lower() for path in REMOTE}
    place = checks.text(checks.at(posting, "body.location.cityRegionPostal"))
    if not place and "fully remote" not in remote:
        yield "body.location.cityRegionPostal", "must not be null unless the job is Fully Remote"


def _salary(salary: Any) -> Iterator[Problem]:
    if salary is None:
        return
    least, most = checks.at(salary, "minimumMinor"), checks.at(salary, "maximumMinor")
    if not checks.matches(checks.CURRENCY, checks.at(salary, "currency")):
        yield "body.salary.currency", "not an ISO 4217 code"
    if not checks.one_of(checks.at(salary, "period"), PERIODS):
        yield "body.salary.period", "unknown period"
    if not checks.is_whole(least) or least <= 0:
        yield "body.salary.minimumMinor", "must be a positive whole number"
    elif most is not None and (not checks.is_whole(most) or most < least):
        yield "body.salary.maximumMinor", "must be a whole number, at least the minimum"


def _source(posting: Any) -> Iterator[Problem]:
    source = checks.at(posting, "metadata.jobSource")
    kind = checks.at(source, "sourceType")
    if checks.text(kind) and not checks.one_of(kind, SOURCE_TYPES):
        yield "metadata.jobSource.sourceType", f"not one of {', '.join(sorted(SOURCE_TYPES))}"
    if checks.text(checks.at(source, "sourceName")).isdecimal():
        yield "metadata.jobSource.sourceName", "must be a readable name, not a number"
    if checks.at(source, "isPlacement") is True and kind != "Staffing Agency":
        yield "metadata.jobSource.isPlacement", "only a Staffing Agency places"


def wrong_disposition(item: Any) -> str:
    """Return why a disposition is refused; "" if it is taken. Source: Disposition Sync API."""
    status = checks.at(item, "dispositionStatus")
    if not checks.one_of(status, DISPOSITIONS):
        return f"unknown dispositionStatus {status!r:.40}"
    named = checks.at(item, "identifiedBy")
    if not isinstance(named, dict) or len(named) != 1:
        return "identifiedBy names exactly one identifier"
    other = named.get("alternateIdentifier")
    ids = ("jobIdentifier", "jobSeekerIdentifier")
    if other is not None and not all(checks.text(checks.at(other, name)) for name in ids):
        return "alternateIdentifier needs both of its parts"
    if not checks.matches(MOMENT, checks.at(item, "statusChangeDateTime")):
        return "statusChangeDateTime is not ISO 8601"
    return ""


def _contacts(contacts: Any) -> Iterator[Problem]:
    if contacts is None:
        return
    rows = contacts if isinstance(contacts, list) else []
    main = [row for row in rows if checks.at(row, "contactType") in ("contact", ["contact"])]
    if len(main) != 1:
        yield "metadata.contacts", "exactly one contact of type contact is required"
