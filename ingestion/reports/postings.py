"""A job of the catalogue as the posting it was made of, and both in words."""

from dataclasses import fields
from typing import Any, Final

from ingestion.models import Job
from ingestion.rules import display
from ingestion.rules.normalise import Posting
from ingestion.rules.salaries import Salary
from ingestion.rules.skills_facts import SkillFact

#: the columns of a preview, and the fields whose values and problems stand in them
CELLS: Final[dict[str, tuple[str, ...]]] = {
    "Title": ("title",),
    "Employer": ("employer", "employer_url"),
    "Place": ("location", "city", "region", "country", "remote"),
    "Work": ("employment_type", "seniority"),
    "Pay": ("salary", "salary_min", "salary_max", "salary_currency", "salary_period"),
    "Dates": ("posted_at", "expires_at"),
    "Link": ("apply_url", "url"),
    "Text": ("description", "skills", "category", "language"),
}
CELL_OF: Final = {name: cell for cell, names in CELLS.items() for name in names}
MOST_SKILLS: Final = 6


def posting_of(job: Job) -> Posting:
    """Return a job, whose employer is loaded, as the posting that says the same."""
    names = [field.name for field in fields(Posting) if hasattr(job, field.name)]
    same: dict[str, Any] = {name: getattr(job, name) for name in names}
    employer = job.employer
    return Posting(
        **same
        | {
            "external_id": job.reference,
            "employer": employer.name,
            "employer_url": employer.url,
            "employer_domain": employer.domain,
            "employer_size": employer.size,
            "is_agency": employer.is_agency,
            "salary": _salary(job),
            "skills": tuple(job.skills),
            "skill_facts": tuple(SkillFact(**fact) for fact in job.skill_facts),
            "benefits": tuple(job.benefits),
        }
    )


def _salary(job: Job) -> Salary | None:
    if job.salary_min is None and job.salary_max is None:
        return None
    return Salary(
        job.salary_min,
        job.salary_max,
        job.salary_currency,
        job.salary_period,
        job.salary_annual_min,
        job.salary_annual_max,
        "text" if job.salary_source == "text" else "stated",
        job.salary_text,
        1.0 if job.salary_confidence is None else job.salary_confidence,
    )


def understood(posting: Posting) -> dict[str, str]:
    """Say what a posting was understood to be, by column of `CELLS`."""
    pay = posting.salary
    parts = (posting.city, posting.region, posting.country)
    words = {
        "Title": posting.title,
        "Employer": posting.employer,
        "Place": _joined(
            ", ".join(dict.fromkeys(filter(None, parts))) or posting.location_text,
            display.REMOTE.get(posting.remote, ""),
        ),
        "Work": _joined(
            display.EMPLOYMENT_TYPES.get(posting.employment_type, ""),
            display.SENIORITIES.get(posting.seniority, ""),
        ),
        "Pay": display.pay(pay.min_minor, pay.max_minor, pay.currency, pay.period) if pay else "",
        "Dates": _joined(
            f"{posting.posted_at:%-d %b %Y}" if posting.posted_at else "",
            f"closes {posting.expires_at:%-d %b %Y}" if posting.expires_at else "",
        ),
        "Link": posting.apply_url or posting.url,
        "Text": _joined(", ".join(posting.skills[:MOST_SKILLS]), posting.description_text),
    }
    return {name: words[name] for name in CELLS}


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))
