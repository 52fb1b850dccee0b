"""The feeds that boards ask for: one element a job and place, every text as character data.

Sources: ../contracts/indeed.md §9, linkedin.md §9, google-for-jobs.md §4.
"""

from distribution.rules.payloads import (
    LINKEDIN_EMPLOYMENT,
    LINKEDIN_EXPERIENCE,
    LINKEDIN_PERIOD,
    LINKEDIN_WORKPLACE,
)

from .listed import Frame, Listed, Spot, apply_link, iso, link, page_link, pay, plain, rfc822, spots
from .markup import DECLARATION, escaped, for_indeed, for_linkedin, for_readers, tagged

Pairs = list[tuple[str, str]]

INDEED_TYPES = {
    "FULL_TIME": "fulltime",
    "PART_TIME": "parttime",
    "CONTRACTOR": "contract",
    "TEMPORARY": "temporary",
    "PER_DIEM": "temporary",
    "INTERN": "internship",
    "VOLUNTEER": "volunteer",
}
INDEED_EDUCATION = {
    "school": "High school",
    "vocational": "Vocational",
    "associate": "Associates",
    "bachelor": "Bachelors",
    "master": "Masters",
    "doctorate": "Doctorate",
}
INDEED_REMOTE = {"remote": "Fully remote", "hybrid": "Hybrid remote"}
YEAR = 12  # months


def said(pairs: Pairs) -> Pairs:
    """Leave out what is not known."""
    return [pair for pair in pairs if pair[1]]


def experience(months: int | None) -> str:
    """Say how much experience is asked for as Indeed writes it, "" where nothing is said."""
    if not months:
        return ""
    years, rest = divmod(months, YEAR)
    return f"{months} months" if rest or not years else f"{years}+ years"


def indeed_pairs(job: Listed, spot: Spot, frame: Frame) -> Pairs:
    """Return the elements of one Indeed entry; the three of the place stand there even if empty."""
    remote = job.remote == "remote"
    region = "" if remote else spot.region
    country = spot.country or frame.option("remote_country")
    return [
        ("title", job.title),
        ("date", iso(job.listed_at)),
        ("referencenumber", spot.reference),
        ("requisitionid", job.requisition or spot.reference),
        ("url", page_link(job, frame)),
        ("company", job.employer),
        ("sourcename", frame.option("source_name") or frame.company),
        ("city", "Remote" if remote else spot.city or spot.text),
        ("state", region),
        ("country", country),
        ("description", for_indeed(job.description)),
        *said(
            [
                ("email", frame.option("contact_email")),
                ("salary", pay(job)),
                ("education", INDEED_EDUCATION.get(job.education, "")),
                ("experience", experience(job.experience_months)),
                ("jobtype", INDEED_TYPES.get(job.employment_type, "")),
                ("category", job.department),
                ("remotetype", INDEED_REMOTE.get(job.remote, "")),
                ("expirationdate", rfc822(job.expires_at)[:16] if job.expires_at else ""),
                ("lastactivitydate", iso(job.updated_at)),
            ]
        ),
    ]


def indeed_head(frame: Frame) -> str:
    """Open an Indeed feed."""
    return f"{DECLARATION}<source>" + tagged(
        [
            ("publisher", frame.company),
            ("publisherurl", frame.board),
            ("lastBuildDate", rfc822(frame.changed_at)),
        ]
    )


def indeed_entry(job: Listed, frame: Frame) -> str:
    """Write the entries of one job for Indeed."""
    written = [tagged(indeed_pairs(job, spot, frame)) for spot in spots(job)]
    return "".join([f"\n<job>{one}</job>" for one in written])


def linkedin_pairs(job: Listed, spot: Spot, frame: Frame) -> Pairs:
    """Return the elements of one LinkedIn entry, but for the salary's."""
    place = ", ".join(filter(None, (spot.city, spot.region, spot.country)))
    return said(
        [
            ("partnerJobId", spot.reference),
            ("company", job.employer),
            ("companyId", frame.option("linkedin_company_id")),
            ("title", job.title),
            ("description", for_linkedin(job.description)),
            ("applyUrl", apply_link(job, frame)),
            ("posterEmail", frame.option("poster_email")),
            ("location", place or spot.text or frame.option("remote_location")),
            ("city", spot.city),
            ("state", spot.region),
            ("country", spot.country),
            ("workplaceTypes", LINKEDIN_WORKPLACE.get(job.remote, "")),
            ("experienceLevel", LINKEDIN_EXPERIENCE.get(job.seniority, "")),
            ("jobtype", LINKEDIN_EMPLOYMENT.get(job.employment_type, "")),
            ("listDate", f"{job.listed_at:%m/%d/%Y}"),
            ("expirationDate", f"{job.expires_at:%m/%d/%Y}" if job.expires_at else ""),
        ]
    )


def linkedin_salary(job: Listed) -> str:
    """Write the base salary, "" unless its ends, currency and period are known."""
    low, high, period = job.salary_min, job.salary_max, LINKEDIN_PERIOD.get(job.period)
    if low is None or high is None or not period or not job.currency:
        return ""
    ends = "".join(
        f"<{name}><amount>{plain(end, job.currency)}</amount>"
        f"<currencyCode>{escaped(job.currency)}</currencyCode></{name}>"
        for name, end in (("highEnd", high), ("lowEnd", low))
    )
    more = f"<period>{period}</period><type>BASE_SALARY</type>"
    return f"<salaries><salary>{ends}{more}</salary></salaries>"


def linkedin_head(frame: Frame) -> str:
    """Open a LinkedIn feed; the count tells a reader whether it got all."""
    return f"{DECLARATION}<source>" + tagged(
        [
            ("lastBuildDate", rfc822(frame.changed_at)),
            ("publisherUrl", frame.board),
            ("publisher", frame.company),
            ("expectedJobCount", str(frame.entries)),
        ]
    )


def linkedin_entry(job: Listed, frame: Frame) -> str:
    """Write the entries of one job for LinkedIn."""
    salary = linkedin_salary(job)
    written = [tagged(linkedin_pairs(job, spot, frame)) for spot in spots(job)]
    return "".join([f"\n<job>{one}{salary}</job>" for one in written])


def jooble_pairs(job: Listed, spot: Spot, frame: Frame) -> Pairs:
    """Return the elements of one Jooble entry."""
    place = ", ".join(filter(None, (spot.city, spot.region, spot.country)))
    return said(
        [
            ("link", link(job, frame)),
            ("name", job.title),
            ("region", place or spot.text or ("Remote" if job.remote == "remote" else "")),
            ("description", for_readers(job.description)),
            ("pubdate", f"{job.listed_at:%d.%m.%Y}"),
            ("updated", f"{job.updated_at:%d.%m.%Y}"),
            ("expire", f"{job.expires_at:%d.%m.%Y}" if job.expires_at else ""),
            ("salary", pay(job)),
            ("company", job.employer),
            ("jobtype", INDEED_TYPES.get(job.employment_type, "")),
        ]
    )


def jooble_head(_frame: Frame) -> str:
    """Open a Jooble feed."""
    return f"{DECLARATION}<jobs>"


def jooble_entry(job: Listed, frame: Frame) -> str:
    """Write the entries of one job for Jooble."""
    written = [(spot.reference, tagged(jooble_pairs(job, spot, frame))) for spot in spots(job)]
    return "".join([f'\n<job id="{key}">{one}</job>' for key, one in written])


def generic_pairs(job: Listed, spot: Spot, frame: Frame) -> Pairs:
    """Return the elements of one entry for whoever has no format of their own."""
    ends = ((name, getattr(job, name)) for name in ("salary_min", "salary_max"))
    known = [(name, plain(end, job.currency)) for name, end in ends if end is not None]
    return said(
        [
            ("reference", spot.reference),
            ("requisition", job.requisition),
            ("title", job.title),
            ("company", job.employer),
            ("url", link(job, frame)),
            ("location", spot.text),
            ("city", spot.city),
            ("region", spot.region),
            ("country", spot.country),
            ("remote", job.remote),
            ("employment_type", job.employment_type),
            ("seniority", job.seniority),
            ("department", job.department),
            *(known if job.currency else ()),
            ("salary_currency", job.currency if known else ""),
            ("salary_period", job.period if known else ""),
            ("posted_at", iso(job.listed_at)),
            ("updated_at", iso(job.updated_at)),
            ("expires_at", iso(job.expires_at) if job.expires_at else ""),
            ("description", for_readers(job.description)),
        ]
    )


def generic_head(frame: Frame) -> str:
    """Open a feed for whoever has no format of their own."""
    return f"{DECLARATION}<jobs>" + tagged(
        [
            ("publisher", frame.company),
            ("publisher_url", frame.board),
            ("edition", str(frame.edition)),
            ("built_at", iso(frame.changed_at)),
            ("expected_entries", str(frame.entries)),
        ]
    )


def generic_entry(job: Listed, frame: Frame) -> str:
    """Write the entries of one job for whoever has no format of their own."""
    written = [tagged(generic_pairs(job, spot, frame)) for spot in spots(job)]
    return "".join([f"\n<job>{one}</job>" for one in written])
