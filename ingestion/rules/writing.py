"""A posting as a person types it into a form, there and back, touching only what was changed."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Final

from ingestion.rules.currencies import whole_units
from ingestion.rules.normalise import Posting
from ingestion.rules.posting import RawPosting
from ingestion.rules.readers.values import format_of
from ingestion.rules.salaries import Salary
from ingestion.rules.skills import canonical_skill

#: what of a posting follows from each field of the form
FOLLOWS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title", "occupation", "department"),
    "employer": ("employer", "employer_flagged"),
    "reference": ("external_id",),
    "location": ("location_text", "city", "region", "country", "lat", "lon"),
    "remote": ("remote",),
    "employment_type": ("employment_type",),
    "seniority": ("seniority",),
    "salary": ("salary",),
    "description": (
        "description_html", "description_text", "skill_facts", "benefits", "education",
        "experience_months", "language",
    ),
    "apply_url": ("apply_url", "url"),
    "skills": ("skills",),
    "closes": ("expires_at",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """The fields of the form, all text: `skills` between commas, `closes` an ISO date."""

    title: str = ""
    employer: str = ""
    reference: str = ""
    location: str = ""
    remote: str = ""
    employment_type: str = ""
    seniority: str = ""
    salary: str = ""
    description: str = ""
    apply_url: str = ""
    skills: str = ""
    closes: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def raw_posting(written: Written) -> RawPosting:
    """Return what was typed as a source would tell it, for the rules that all sources go by."""
    told = written.to_dict()
    skills = tuple(word.strip() for word in told["skills"].split(",") if word.strip())
    return RawPosting(
        row=1,
        raw=told,
        external_id=told["reference"],
        title=told["title"],
        employer=told["employer"],
        location=told["location"],
        remote=told["remote"],
        employment_type=told["employment_type"],
        seniority=told["seniority"],
        salary=told["salary"],
        description=told["description"],
        description_format=format_of(told["description"]),
        apply_url=told["apply_url"],
        url=told["apply_url"],
        expires_at=told["closes"],
        skills=skills,
    )


def written_of(posting: Posting) -> Written:
    """Return a posting as the form shows it."""
    return Written(
        title=posting.title,
        employer=posting.employer,
        reference=posting.external_id,
        location=posting.location_text,
        remote=posting.remote,
        employment_type=posting.employment_type,
        seniority=posting.seniority,
        salary=pay_text(posting.salary),
        description=posting.description_html,
        apply_url=posting.apply_url,
        skills=", ".join(posting.skills),
        closes=posting.expires_at.date().isoformat() if posting.expires_at else "",
    )


def pay_text(salary: Salary | None) -> str:
    """Say pay so that it reads back as the same; "" where none is stated."""
    if salary is None:
        return ""
    low, high = (_amount(end, salary.currency) for end in (salary.min_minor, salary.max_minor))
    if low and high:
        amount = low if low == high else f"{low} - {high}"
    else:
        amount = f"from {low}" if low else f"up to {high}"
    period = f"per {salary.period.lower()}" if salary.period else ""
    return " ".join(filter(None, (salary.currency, amount, period)))


def _amount(minor: int | None, currency: str) -> str:
    value = whole_units(minor, currency)
    if value is None:
        return ""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def merged(old: Posting, new: Posting, touched: Collection[str]) -> Posting:
    """Return a posting with only those parts new that follow from fields a person changed.

    `new` is the whole form read anew. Skills that were typed are exactly those; where the text
    changed, what is asked for in it joins them.
    """
    names = {name for field in touched for name in FOLLOWS.get(field, ())}
    if names & {"title", "description_text"}:
        names |= {"occupation", "skill_facts"} | ({"skills"} if "skills" not in touched else set())
        if old.salary is None or old.salary.source == "text":
            names.add("salary")
    return replace(old, **{name: getattr(new, name) for name in names})


def with_typed_skills(posting: Posting, written: Written) -> Posting:
    """Return the posting with exactly the skills that were typed, in our spelling."""
    typed = (canonical_skill(word) or word.strip() for word in written.skills.split(","))
    skills = tuple(dict.fromkeys(filter(None, typed)))
    facts = tuple(fact for fact in posting.skill_facts if fact.name in skills)
    return replace(posting, skills=skills, skill_facts=facts)
