"""One item as its source tells it: our words, their values."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawPosting:
    """Hold the texts of one item unchanged; only their names are ours.

    `row` is the 1-based number of the item in its collection (a header is not counted), `raw` the
    original item as JSON values. Dates stay text: ISO, RFC 822, epoch seconds or milliseconds.
    `remote` is a text or "true"/"false"/"remote"/"hybrid"/"onsite" as given. `description_format`
    is "html", "escaped_html" (HTML escaped once more) or "text". `experience` is in years where
    it is a bare number.
    """

    row: int
    raw: dict[str, Any]
    external_id: str = ""
    title: str = ""
    employer: str = ""
    employer_url: str = ""
    location: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    remote: str = ""
    employment_type: str = ""
    seniority: str = ""
    salary: str = ""
    salary_min: str = ""
    salary_max: str = ""
    salary_currency: str = ""
    salary_period: str = ""
    description: str = ""
    description_format: str = "html"
    apply_url: str = ""
    url: str = ""
    posted_at: str = ""
    expires_at: str = ""
    skills: tuple[str, ...] = ()
    category: str = ""
    language: str = ""
    employer_logo: str = ""
    employer_size: str = ""
    education: str = ""
    experience: str = ""
    benefits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Say why one item could not be read; the items after it still are."""

    row: int
    raw: dict[str, Any]
    field: str
    code: str
    message: str
