"""Which source an item of JSON or XML comes from: told by the keys that only it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.rules.readers import ats, boards, hackernews, schemaorg
from ingestion.rules.readers.paths import Item, Read


@dataclass(frozen=True, slots=True)
class Family:
    """Name a source, the keys its items always have and the function that reads them."""

    name: str
    keys: frozenset[str]
    read: Read


def _family(name: str, read: Read, *keys: str) -> Family:
    return Family(name, frozenset(keys), read)


FAMILIES: tuple[Family, ...] = (
    _family("jsearch", boards.jsearch, "job_id", "job_title", "employer_name"),
    _family("usajobs", boards.usajobs, "MatchedObjectDescriptor"),
    _family("workday_detail", ats.workday_detail, "jobPostingInfo"),
    _family("workday", ats.workday_list, "title", "externalPath"),
    _family("greenhouse", ats.greenhouse, "id", "title", "absolute_url"),
    _family("lever", ats.lever, "text", "hostedUrl"),
    _family("ashby", ats.ashby, "title", "jobUrl", "employmentType"),
    _family("recruitee", ats.recruitee, "title", "careers_url"),
    _family("smartrecruiters", ats.smartrecruiters, "name", "releasedDate", "company"),
    _family("smartrecruiters", ats.smartrecruiters, "name", "jobAd"),
    _family("workable", ats.workable, "title", "shortcode"),
    _family("personio", ats.personio, "name", "jobDescriptions"),
    _family("personio", ats.personio, "name", "recruitingCategory", "employmentType"),
    _family("bamboohr", ats.bamboohr, "jobOpeningName"),
    _family("pinpoint", ats.pinpoint, "title", "workplace_type", "compensation"),
    _family("pinpoint", ats.pinpoint, "title", "key_responsibilities", "description"),
    _family("rippling", ats.rippling, "name", "workLocation"),
    _family("rippling", ats.rippling, "name", "workLocations", "department"),
    _family("eightfold", ats.eightfold, "name", "canonicalPositionUrl"),
    _family("remotive", boards.remotive, "title", "company_name", "candidate_required_location"),
    _family("arbeitnow", boards.arbeitnow, "slug", "company_name", "job_types"),
    _family("remoteok", boards.remoteok, "position", "company", "slug"),
    _family("himalayas", boards.himalayas, "title", "companyName", "applicationLink"),
    _family("jobicy", boards.jobicy, "jobTitle", "companyName", "jobGeo"),
    _family("themuse", boards.themuse, "name", "refs", "contents"),
    _family("adzuna", boards.adzuna, "title", "redirect_url", "company"),
    _family("ats_snapshot", boards.ats_snapshot, "company", "platform", "jobId", "title"),
    _family("hackernews", hackernews.comment, "id", "text", "by"),
    _family("hackernews", hackernews.comment, "id", "text", "author"),
    _family("schema_org", schemaorg.schema_org, "hiringOrganization", "title"),
    _family("schema_org", schemaorg.schema_org, "jobLocation", "title"),
)


def family_of(item: Item) -> Family | None:
    """Name the source of an item, or None when its keys are nobody's."""
    kind = item.get("@type")
    if kind is not None and "JobPosting" in (kind if isinstance(kind, list) else [kind]):
        return SCHEMA_ORG
    keys = item.keys()
    return next((family for family in FAMILIES if family.keys <= keys), None)


SCHEMA_ORG = _family("schema_org", schemaorg.schema_org)


def unwrapped(item: dict[str, Any]) -> dict[str, Any]:
    """Take the posting out of an envelope around one item (JSON feeds, search hits, JSON:API)."""
    inside = item.get("_jobposting")
    if isinstance(inside, dict):  # Teamtailor's JSON feed: the item has the link and the text
        outer = {
            "url": item.get("url"),
            "description": item.get("content_html") or item.get("content_text"),
            "id": item.get("id"),
        }
        return (
            {key: value for key, value in outer.items() if value}
            | inside
            | {"url": item.get("url") or inside.get("url")}
        )
    for key in ("_source", "node", "job", "posting", "vacancy"):
        inside = item.get(key)
        if isinstance(inside, dict) and not family_of(item):
            return {
                **{k: v for k, v in item.items() if not isinstance(v, Mapping | list)},
                **inside,
            }
    return item
