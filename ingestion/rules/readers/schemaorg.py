"""schema.org JobPosting to our fields. Source: https://schema.org/JobPosting."""

from ingestion.rules.readers.paths import Found, Item, by_paths, places
from ingestion.rules.readers.values import at, first, joined, text, texts, with_headings

LONGEST_SKILL = 300


def schema_org(item: Item, answer: Item) -> Found:
    """Read a schema.org JobPosting, also in the older spelling of the National Labor Exchange."""
    found = by_paths(
        item,
        {
            "title": "title|name",
            "employer": "hiringOrganization.name|hiringOrganization.organizationName"
            "|hiringOrganization.legalName",
            "employer_url": "hiringOrganization.sameAs|hiringOrganization.url",
            "employer_logo": "hiringOrganization.logo.url|hiringOrganization.logo.contentUrl"
            "|hiringOrganization.logo",
            "employer_size": "hiringOrganization.numberOfEmployees.value"
            "|hiringOrganization.numberOfEmployees",
            "education": "educationRequirements.credentialCategory|educationRequirements",
            "experience": "experienceRequirements",
            "employment_type": "employmentType",
            "posted_at": "datePosted|dateCreated",
            "expires_at": "validThrough|dateExpires",
            "url": "url|sameAs|mainEntityOfPage",
            "category": "industry|normalizedTitle.onetName|occupationalCategory",
            "language": "inLanguage",
            "seniority": "seniorityLevel",
        },
    )
    if isinstance(organization := item.get("hiringOrganization"), str):
        found["employer"] = organization
    if not found["employer"] and "home_page_url" in answer:
        found["employer"] = first(answer, "title")  # Teamtailor's JSON feed is one company's
    found["external_id"] = _identifier(item)
    if months := first(item, "experienceRequirements.monthsOfExperience"):
        found["experience"] = f"{months} months"
    found["benefits"] = texts(item.get("jobBenefits"))
    if first(item, "jobLocationType").upper() == "TELECOMMUTE":
        found["remote"] = "remote"
    return (
        found
        | _place(item)
        | _pay(item)
        | {"description": _description(item), "skills": _skills(item)}
    )


def _identifier(item: Item) -> str:
    given = item.get("identifier")
    given = next(iter(given), "") if isinstance(given, list) else given
    if isinstance(given, dict):
        return first(given, "value", "@id")
    return text(given) or first(item, "id", "jobId")


def _place(item: Item) -> Found:
    found_at = item.get("jobLocation")
    many = found_at if isinstance(found_at, list) else [found_at] if found_at else []
    named = []
    for place in many:
        address = at(place, "address") if isinstance(place, dict) else place
        if isinstance(address, dict):
            named.append(
                by_paths(
                    address,
                    {
                        "city": "addressLocality|locality",
                        "region": "addressRegion|region|regionCode",
                        "country": "addressCountry|addressCountry.name|countryCode|countryName",
                        "text": "fullText",
                    },
                )
            )
        elif text(address or at(place, "name")):
            named.append({"text": text(address or at(place, "name"))})
    written = [
        joined(*(p.get(k, "") for k in ("city", "region", "country"))) or p.get("text", "")
        for p in named
    ]
    anywhere = places(at(item, "applicantLocationRequirements.name"))
    only = named[0] if len(named) == 1 else {}
    return {
        "location": places(written) or anywhere,
        **{k: v for k, v in only.items() if k != "text"},
    }


def _pay(item: Item) -> Found:
    pay = item.get("baseSalary") or item.get("estimatedSalary")
    pay = next(iter(pay), None) if isinstance(pay, list) else pay
    if not isinstance(pay, dict):
        return {"salary": text(pay), "salary_currency": first(item, "salaryCurrency")}
    return by_paths(
        pay,
        {
            "salary_min": "value.minValue|minValue|minSalary|value.value|salary",
            "salary_max": "value.maxValue|maxValue|maxSalary|value.value|salary",
            "salary_period": "value.unitText|unitText|duration",
            "salary_currency": "currency|value.currency|salaryCurrency",
        },
    ) | ({"salary": text(pay["value"])} if isinstance(pay.get("value"), str | int | float) else {})


def _description(item: Item) -> str:
    whole = first(item, "description", "jobDescription")
    parts = [("", whole)]
    for key, heading in (
        ("responsibilities", "Responsibilities"),
        ("qualifications", "Qualifications"),
    ):
        said = "\n".join(texts(item.get(key)))
        if said and said[:60].lower() not in whole.lower():
            parts.append((heading, said))
    if len(parts) == 1:
        return whole
    if "<" in whole:
        return with_headings(parts)
    return "\n\n".join(f"{heading}\n{body}".strip() for heading, body in parts if body)


def _skills(item: Item) -> tuple[str, ...]:
    given = item.get("skills")
    words = texts(given) if isinstance(given, list) else tuple(text(given).split(","))
    return tuple(word.strip() for word in words if 0 < len(word.strip()) < LONGEST_SKILL)
