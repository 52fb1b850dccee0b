"""The answers of applicant tracking systems, item by item, in our fields."""

import re

from ingestion.rules.readers.paths import Found, Item, by_paths, flags, places
from ingestion.rules.readers.values import at, first, format_of, joined, text, texts, with_headings

WORK_MODELS = frozenset(
    {"hybrid", "remote", "on-site", "onsite", "on site", "in office", "flexible"}
)
MANY_PLACES = re.compile(r"\d+ locations?$", re.IGNORECASE)
LONGEST_ID = 40
PATH_PARTS = 4  # "", "job", place, title_id
WORKDAY_ID = re.compile(r"_([A-Za-z]{0,4}-?\d[\w-]*)$")


def greenhouse(item: Item, _: Item) -> Found:
    """GET boards-api.greenhouse.io/v1/boards/{token}/jobs."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "employer": "company_name",
            "location": "location.name",
            "url": "absolute_url",
            "posted_at": "first_published|updated_at",
            "expires_at": "application_deadline",
            "language": "language",
            "description": "content",
        },
    )
    found["category"] = places(at(item, "departments.name"))
    if found["location"].lower() in WORK_MODELS:
        found["remote"] = found["location"]
        found["location"] = places(at(item, "offices.location")) or places(at(item, "offices.name"))
    for extra in at(item, "metadata") or []:
        if text(at(extra, "name")).lower() in ("employment type", "time type", "job type"):
            found["employment_type"] = text(at(extra, "value"))
    # Greenhouse escapes the HTML of a job once more than JSON needs.
    found["description_format"] = (
        "escaped_html" if format_of(found["description"]) != "html" else "html"
    )
    return found


def lever(item: Item, _: Item) -> Found:
    """GET api.lever.co/v0/postings/{site}?mode=json."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "text",
            "country": "country",
            "employment_type": "categories.commitment",
            "category": "categories.team|categories.department",
            "apply_url": "applyUrl",
            "url": "hostedUrl",
            "posted_at": "createdAt",
            "salary": "salaryDescriptionPlain|salaryDescription",
            "salary_min": "salaryRange.min",
            "salary_max": "salaryRange.max",
            "salary_currency": "salaryRange.currency",
            "salary_period": "salaryRange.interval",
        },
    )
    found["location"] = places(at(item, "categories.location"), at(item, "categories.allLocations"))
    found["remote"] = first(item, "workplaceType").replace("unspecified", "")
    lists = [
        (first(part, "text"), f"<ul>{first(part, 'content')}</ul>")
        for part in at(item, "lists") or []
    ]
    found["description"] = with_headings(
        [
            ("", first(item, "description", "descriptionBody")),
            *lists,
            ("", first(item, "additional")),
        ]
    )
    if not found["description"]:
        found["description"] = first(item, "descriptionPlain", "descriptionBodyPlain")
    return found


def ashby(item: Item, _: Item) -> Found:
    """GET api.ashbyhq.com/posting-api/job-board/{name}?includeCompensation=true."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "employment_type": "employmentType",
            "category": "department|team",
            "city": "address.postalAddress.addressLocality",
            "region": "address.postalAddress.addressRegion",
            "country": "address.postalAddress.addressCountry",
            "apply_url": "applyUrl",
            "url": "jobUrl",
            "posted_at": "publishedAt",
            "description": "descriptionHtml|descriptionPlain",
            "salary": "compensation.scrapeableCompensationSalarySummary"
            "|compensation.compensationTierSummary",
            "remote": "workplaceType|isRemote",
        },
    )
    found["location"] = places(at(item, "location"), at(item, "secondaryLocations.location"))
    for part in at(item, "compensation.summaryComponents") or []:
        if first(part, "compensationType") == "Salary":
            found |= by_paths(
                part,
                {
                    "salary_min": "minValue",
                    "salary_max": "maxValue",
                    "salary_currency": "currencyCode",
                    "salary_period": "interval",
                },
            )
    return found


def recruitee(item: Item, _: Item) -> Found:
    """GET {slug}.recruitee.com/api/offers/."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "employer": "company_name",
            "city": "city",
            "region": "state_name|state_code",
            "country": "country_code|country",
            "employment_type": "employment_type_code",
            "seniority": "experience_code",
            "education": "education_code",
            "salary_min": "salary.min",
            "salary_max": "salary.max",
            "salary_currency": "salary.currency",
            "salary_period": "salary.period",
            "category": "department",
            "apply_url": "careers_apply_url",
            "url": "careers_url",
            "posted_at": "published_at|created_at",
            "expires_at": "close_at",
        },
    )
    named = [
        joined(*(first(place, key) for key in ("city", "state", "country")))
        for place in at(item, "locations") or []
    ]
    found["location"] = places(named if len(named) > 1 else at(item, "location"))
    found["remote"] = flags(item, "remote", "hybrid", "on_site")
    found["description"] = with_headings(
        [("", first(item, "description")), ("", first(item, "requirements"))]
    )
    return found


def smartrecruiters(item: Item, _: Item) -> Found:
    """GET api.smartrecruiters.com/v1/companies/{id}/postings, and /postings/{id} with the text."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "name",
            "employer": "company.name",
            "location": "location.fullLocation",
            "city": "location.city",
            "region": "location.region",
            "country": "location.country",
            "employment_type": "typeOfEmployment.label",
            "seniority": "experienceLevel.label",
            "category": "department.label|function.label",
            "url": "postingUrl",
            "apply_url": "applyUrl",
            "posted_at": "releasedDate",
            "language": "language.code",
        },
    )
    found["remote"] = flags(item, "location.remote", "location.hybrid")
    parts = at(item, "jobAd.sections") or {}
    order = ("jobDescription", "qualifications", "additionalInformation", "companyDescription")
    found["description"] = with_headings(
        [(first(parts, f"{key}.title"), first(parts, f"{key}.text")) for key in order]
    )
    owner = first(item, "company.identifier")
    if not found["url"] and owner:
        found["url"] = f"https://jobs.smartrecruiters.com/{owner}/{found['external_id']}"
    return found


def workable(item: Item, answer: Item) -> Found:
    """GET apply.workable.com/api/v1/widget/accounts/{slug}?details=true."""
    found = by_paths(
        item,
        {
            "external_id": "shortcode",
            "title": "title",
            "city": "city",
            "region": "state",
            "country": "country",
            "employment_type": "employment_type",
            "seniority": "experience",
            "education": "education",
            "category": "department|function",
            "apply_url": "application_url",
            "url": "url|shortlink",
            "posted_at": "published_on|created_at",
            "description": "description",
            "remote": "telecommuting|remote",
        },
    )
    found["employer"] = first(answer, "name")
    found["location"] = joined(found["city"], found["region"], found["country"])
    return found


def workday_list(item: Item, _: Item) -> Found:
    """POST {tenant}.{wdN}.myworkdayjobs.com/wday/cxs/{tenant}/{site}/jobs."""
    found = by_paths(
        item,
        {
            "title": "title",
            "posted_at": "postedOn",
            "location": "locationsText",
            "employment_type": "timeType",
        },
    )
    path = first(item, "externalPath")
    named = WORKDAY_ID.search(path)
    references = [
        bullet
        for bullet in texts(at(item, "bulletFields"))
        if re.search(r"\d", bullet) and len(bullet) < LONGEST_ID
    ]
    found["external_id"] = references[0] if references else named[1] if named else path
    found["location"] = place_in_path(found["location"], path)
    found["remote"] = first(item, "remoteType")
    return found


def place_in_path(location: str, path: str) -> str:
    """Read the first of "3 Locations" from Workday's path /job/Illinois---Chicago/Title_ID."""
    parts = path.split("/")
    if not MANY_PLACES.match(location) or len(parts) < PATH_PARTS or parts[1] != "job":
        return location
    return parts[2].replace("---", " \0 ").replace("-", " ").replace("\0", "-")


def workday_detail(item: Item, _: Item) -> Found:
    """GET {tenant}.{wdN}.myworkdayjobs.com/wday/cxs/{tenant}/{site}{externalPath}."""
    found = by_paths(
        item,
        {
            "external_id": "jobPostingInfo.jobReqId|jobPostingInfo.id",
            "title": "jobPostingInfo.title",
            "description": "jobPostingInfo.jobDescription",
            "posted_at": "jobPostingInfo.startDate|jobPostingInfo.postedOn",
            "employment_type": "jobPostingInfo.timeType",
            "expires_at": "jobPostingInfo.endDate",
            "url": "jobPostingInfo.externalUrl",
            "remote": "jobPostingInfo.remoteType",
            "country": "jobPostingInfo.jobRequisitionLocation.country.alpha2Code"
            "|jobPostingInfo.country.descriptor",
            "employer": "hiringOrganization.name",
            "employer_url": "hiringOrganization.url",
        },
    )
    found["location"] = places(
        at(item, "jobPostingInfo.location"), at(item, "jobPostingInfo.additionalLocations")
    )
    return found


def personio(item: Item, _: Item) -> Found:
    """GET {slug}.jobs.personio.de/xml."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "name",
            "employer": "subcompany",
            "seniority": "seniority",
            "category": "department|recruitingCategory|occupationCategory",
            "posted_at": "createdAt",
        },
    )
    found["location"] = places(at(item, "office"), at(item, "additionalOffices.office"))
    # "full-time" is in the schedule; the employment type tells permanent, intern, freelance.
    kinds = [first(item, "employmentType").replace("permanent", ""), first(item, "schedule")]
    found["employment_type"] = joined(*kinds) or first(item, "employmentType")
    parts = at(item, "jobDescriptions.jobDescription") or []
    parts = parts if isinstance(parts, list) else [parts]
    found["description"] = with_headings(
        [(first(part, "name"), first(part, "value")) for part in parts]
    )
    return found


def bamboohr(item: Item, _: Item) -> Found:
    """GET {slug}.bamboohr.com/careers/list."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "jobOpeningName",
            "category": "departmentLabel",
            "employment_type": "employmentStatusLabel|employmentType",
            "city": "location.city|atsLocation.city",
            "region": "location.state|atsLocation.state|atsLocation.province",
            "country": "location.country|atsLocation.country",
            "description": "description",
            "posted_at": "datePosted",
        },
    )
    found["location"] = joined(found["city"], found["region"], found["country"])
    found["remote"] = {"1": "remote", "2": "hybrid"}.get(
        first(item, "locationType"), first(item, "isRemote")
    )
    return found


def pinpoint(item: Item, _: Item) -> Found:
    """GET {slug}.pinpointhq.com/postings.json."""
    found = by_paths(
        item,
        {
            "external_id": "id",
            "title": "title",
            "location": "location.name",
            "city": "location.city",
            "remote": "workplace_type|workplace_type_text",
            "employment_type": "employment_type|employment_type_text",
            "url": "url",
            "expires_at": "deadline_at",
            "category": "job.department.name|department.name",
        },
    )
    if at(item, "compensation_visible") is not False:
        found |= by_paths(
            item,
            {
                "salary": "compensation",
                "salary_min": "compensation_minimum",
                "salary_max": "compensation_maximum",
                "salary_currency": "compensation_currency",
                "salary_period": "compensation_frequency",
            },
        )
    more = ("key_responsibilities", "skills_knowledge_expertise", "benefits")
    found["description"] = with_headings(
        [
            ("", first(item, "description")),
            *((first(item, f"{key}_header"), first(item, key)) for key in more),
        ]
    )
    return found


def rippling(item: Item, _: Item) -> Found:
    """GET ats.rippling.com/api/v2/board/{slug}/jobs."""
    return by_paths(
        item,
        {
            "external_id": "uuid|id",
            "title": "name",
            "location": "workLocation.label|workLocations.label",
            "url": "url",
            "category": "department.label|department.name",
            "description": "description.role|description",
            "employment_type": "employmentType.label",
            "posted_at": "createdOn|createdAt",
        },
    )


def eightfold(item: Item, answer: Item) -> Found:
    """GET {tenant}.eightfold.ai/api/apply/v2/jobs."""
    found = by_paths(
        item,
        {
            "external_id": "ats_job_id|id",
            "title": "name|posting_name",
            "url": "canonicalPositionUrl",
            "posted_at": "t_create",
            "description": "job_description",
            "category": "department|business_unit",
            "remote": "work_location_option",
        },
    )
    found["location"] = places(at(item, "locations")) or first(item, "location")
    found["employer_url"] = first(answer, "domain")
    return found
