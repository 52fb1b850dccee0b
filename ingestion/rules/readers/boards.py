"""The answers of job boards and aggregators, item by item, in our fields."""

from typing import Any

from ingestion.rules.readers.ats import place_in_path
from ingestion.rules.readers.paths import Found, Item, by_paths, places
from ingestion.rules.readers.values import at, first, joined, texts
from ingestion.rules.skills import SEED
from ingestion.rules.skills_reading import term_key

MOST_PLACES = 5
DEGREES = ("high_school", "associates_degree", "bachelors_degree", "postgraduate_degree")
TOO_SHORT = 300  # a description under this is a teaser: JSearch's highlights say more


def jsearch(item: Item, _: Item) -> Found:
    """GET jsearch /search and /search-v2."""
    found = by_paths(
        item,
        {
            "external_id": "job_id",
            "title": "job_title",
            "employer": "employer_name",
            "employer_url": "employer_website",
            "employer_logo": "employer_logo",
            "location": "job_location",
            "city": "job_city",
            "region": "job_state",
            "country": "job_country",
            "remote": "job_is_remote",
            "salary_min": "job_min_salary",
            "salary_max": "job_max_salary",
            "salary_currency": "job_salary_currency",
            "salary_period": "job_salary_period",
            "salary": "job_salary",
            "apply_url": "job_apply_link",
            "url": "job_google_link",
            "description": "job_description",
            "posted_at": "job_posted_at_datetime_utc|job_posted_at_timestamp|job_posted_at"
            "|job_posted_human_readable",
            "expires_at": "job_offer_expiration_datetime_utc|job_offer_expiration_timestamp",
            "language": "job_posting_language",
            "employment_type": "job_employment_types|job_employment_type|job_employment_type_text",
        },
    )
    found["location"] = found["location"] or joined(
        found["city"], found["region"], found["country"]
    )
    found["apply_url"] = found["apply_url"] or next(
        iter(texts(at(item, "apply_options.apply_link"))), ""
    )
    found["skills"] = texts(at(item, "job_required_skills"))
    found["benefits"] = texts(at(item, "job_benefits"))
    found |= _required(item)
    found["description_format"] = "text"
    if len(found["description"]) < TOO_SHORT:
        found["description"] += _highlights(at(item, "job_highlights"))
    return found


def _required(item: Item) -> Found:
    """Read experience and education; what is only preferred is not required."""
    experience = at(item, "job_required_experience") or {}
    months = first(experience, "required_experience_in_months")
    found: Found = {}
    if months and not _is_set(experience, "experience_preferred"):
        found["experience"] = f"{months} months"
    education = at(item, "job_required_education") or {}
    if not _is_set(education, "degree_preferred"):
        found["education"] = next((level for level in DEGREES if _is_set(education, level)), "")
    return found


def _is_set(item: Any, name: str) -> bool:
    return first(item, name) == "true"  # flags come as true and as "true"


def _highlights(groups: Any) -> str:
    if not isinstance(groups, dict):
        return ""
    return "".join(
        f"\n\n{name.capitalize()}\n" + "\n".join(f"• {line}" for line in texts(lines))
        for name, lines in groups.items()
        if lines
    )


def _known(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the skills among a board's tags, by our names: "exec" and "full time" are none."""
    terms = (SEED.by_key.get(term_key(tag)) for tag in tags)
    return tuple(dict.fromkeys(term.name for term in terms if term))


def remotive(item: Item, _: Item) -> Found:
    """GET remotive.com/api/remote-jobs."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "employer": "company_name",
            "employer_logo": "company_logo_url|company_logo",
            "location": "candidate_required_location",
            "employment_type": "job_type",
            "salary": "salary",
            "category": "category",
            "url": "url",
            "posted_at": "publication_date",
            "description": "description",
        },
    )
    return found | {"remote": "remote", "skills": _known(texts(at(item, "tags")))}


def arbeitnow(item: Item, _: Item) -> Found:
    """GET www.arbeitnow.com/api/job-board-api."""
    return by_paths(
        item,
        {
            "external_id": "slug",
            "title": "title",
            "employer": "company_name",
            "location": "location",
            "remote": "remote",
            "employment_type": "job_types",
            "category": "tags",
            "url": "url",
            "posted_at": "created_at",
            "description": "description",
        },
    )


def remoteok(item: Item, _: Item) -> Found:
    """GET remoteok.com/api."""
    found = by_paths(
        item,
        {
            "external_id": "id|slug",
            "title": "position",
            "employer": "company",
            "employer_logo": "company_logo|logo",
            "location": "location",
            "salary_min": "salary_min",
            "salary_max": "salary_max",
            "apply_url": "apply_url|url",
            "url": "url",
            "posted_at": "date|epoch",
            "description": "description",
        },
    )
    return found | {"remote": "remote", "skills": _known(texts(at(item, "tags")))}


def himalayas(item: Item, _: Item) -> Found:
    """GET himalayas.app/jobs/api."""
    found = by_paths(
        item,
        {
            "external_id": "guid",
            "title": "title",
            "employer": "companyName",
            "employer_logo": "companyLogo",
            "employment_type": "employmentType",
            "salary_min": "minSalary",
            "salary_max": "maxSalary",
            "salary_currency": "currency",
            "salary_period": "salaryPeriod",
            "seniority": "seniority",
            "category": "parentCategories|categories",
            "url": "applicationLink",
            "posted_at": "pubDate",
            "expires_at": "expiryDate",
            "description": "description|excerpt",
        },
    )
    return found | {"remote": "remote", "location": places(at(item, "locationRestrictions"))}


def jobicy(item: Item, _: Item) -> Found:
    """GET jobicy.com/api/v2/remote-jobs."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "jobTitle",
            "employer": "companyName",
            "employer_logo": "companyLogo",
            "location": "jobGeo",
            "seniority": "jobLevel",
            "employment_type": "jobType",
            "category": "jobIndustry",
            "url": "url",
            "posted_at": "pubDate",
            "description": "jobDescription|jobExcerpt",
            "salary_min": "salaryMin|annualSalaryMin",
            "salary_max": "salaryMax|annualSalaryMax",
            "salary_currency": "salaryCurrency",
            "salary_period": "salaryPeriod",
        },
    )
    if not found["salary_period"] and first(item, "annualSalaryMin", "annualSalaryMax"):
        found["salary_period"] = "year"
    return found | {"remote": "remote"}


def themuse(item: Item, _: Item) -> Found:
    """GET www.themuse.com/api/public/jobs."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "name",
            "employer": "company.name",
            "seniority": "levels.name",
            "category": "categories.name",
            "url": "refs.landing_page",
            "posted_at": "publication_date",
            "description": "contents",
        },
    )
    return found | {"location": places(at(item, "locations.name"))}


def adzuna(item: Item, _: Item) -> Found:
    """GET api.adzuna.com/v1/api/jobs/{cc}/search/{page}."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "employer": "company.display_name",
            "location": "location.display_name",
            "salary_min": "salary_min",
            "salary_max": "salary_max",
            "category": "category.label",
            "url": "redirect_url",
            "posted_at": "created",
            "description": "description",
        },
    )
    found["employment_type"] = joined(first(item, "contract_time"), first(item, "contract_type"))
    if first(item, "salary_is_predicted") == "1":
        found["salary_min"] = found["salary_max"] = ""  # a model's guess is no stated salary
    if found["salary_min"] or found["salary_max"]:
        found["salary_period"] = "year"
    return found


def usajobs(item: Item, _: Item) -> Found:
    """GET data.usajobs.gov/api/search."""
    job = at(item, "MatchedObjectDescriptor") or {}
    found = by_paths(
        job,
        {
            "title": "PositionTitle",
            "employer": "OrganizationName|DepartmentName",
            "location": "PositionLocationDisplay",
            "employment_type": "PositionSchedule.Name",
            "category": "JobCategory.Name",
            "url": "PositionURI",
            "posted_at": "PublicationStartDate|PositionStartDate",
            "expires_at": "ApplicationCloseDate|PositionEndDate",
            "remote": "UserArea.Details.RemoteIndicator",
        },
    )
    places_named = texts(at(job, "PositionLocation.LocationName"))
    found["location"] = (
        places(places_named)
        if 1 < len(places_named) <= MOST_PLACES
        else found["location"] or places(places_named)
    )
    found["external_id"] = first(item, "MatchedObjectId") or first(job, "PositionID")
    found["apply_url"] = next(iter(texts(at(job, "ApplyURI"))), "")
    pay: Item = next(iter(at(job, "PositionRemuneration") or []), {})
    found |= by_paths(
        pay,
        {
            "salary_min": "MinimumRange",
            "salary_max": "MaximumRange",
            "salary_period": "RateIntervalCode",
        },
    )
    found["salary_period"] = PAY_CODES.get(found["salary_period"], found["salary_period"])
    found["salary_currency"] = "USD"
    details = at(job, "UserArea.Details") or {}
    duties = "\n".join(texts(at(details, "MajorDuties")))
    summary = first(details, "JobSummary") or first(job, "QualificationSummary")
    found["description"] = "\n\n".join(
        filter(None, [summary, duties, first(job, "QualificationSummary") if duties else ""])
    )
    return found


PAY_CODES = {
    "PA": "year",
    "PH": "hour",
    "PD": "day",
    "PW": "week",
    "PM": "month",
    "BW": "two weeks",
    "FB": "fee",
    "WC": "",
}


def ats_snapshot(item: Item, _: Item) -> Found:
    """Read one job of a snapshot of many ATS boards (platform, jobId, locations[], applyUrl)."""
    found = by_paths(
        item,
        {
            "external_id": "jobId",
            "title": "title",
            "employer": "company",
            "employment_type": "employmentType",
            "remote": "isRemote",
            "category": "department",
            "url": "applyUrl",
            "posted_at": "postedAt|firstSeenAt",
            "description": "descriptionHtml|description|descriptionPlain",
        },
    )
    found["location"] = place_in_path(places(at(item, "locations")), found["external_id"])
    return found
