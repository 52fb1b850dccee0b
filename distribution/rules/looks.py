"""How a posting will look on a board, read off what the board is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.rules import display

from .channels import INDEED, LINKEDIN, REST, WEBHOOK, BoardKind
from .content import Content
from .payloads import rich_text, whole_salary


@dataclass(frozen=True, slots=True)
class Look:
    """What a seeker reads on a board. `text` is HTML in the tags boards keep; "" = not shown."""

    title: str
    company: str
    place: str
    pay: str
    facts: tuple[str, ...]
    text: str
    apply: str


def look(kind: BoardKind, content: Content, payload: Mapping[str, Any]) -> Look:
    """Return what a board of this kind will show of a job it is sent like this."""
    build = _LOOKS.get(kind)
    return build(content, payload) if build and payload else _own(content, payload)


def _linkedin(content: Content, sent: Mapping[str, Any]) -> Look:
    pays = sent.get("compensation")
    facts = (_said(sent.get("employmentStatus")), *sent.get("workplaceTypes", ()))
    return Look(
        title=sent["title"],
        company=sent.get("companyName") or content.employer,
        place=sent["location"],
        pay=pay_of(content) if pays else "",
        facts=_those(*facts, _said(sent.get("experienceLevel"))),
        text=sent["description"],
        apply=sent.get("companyApplyUrl", ""),
    )


def _indeed(content: Content, sent: Mapping[str, Any]) -> Look:
    body, extra = sent["body"], sent["metadata"]
    known = extra["taxonomyClassification"]
    where = body["location"]
    return Look(
        title=body["title"],
        company=extra["jobSource"]["companyName"],
        place=", ".join(_those(where.get("cityRegionPostal", ""), where["country"])),
        pay=pay_of(content) if "salary" in body else "",
        facts=_those(*known.get("jobTypes", ()), known.get("remoteType", "")),
        text=body["description"],
        apply=extra["url"],
    )


def _rest(content: Content, sent: Mapping[str, Any]) -> Look:
    return Look(
        title=sent["jobTitle"],
        company=sent["company"],
        place=sent["location"],
        pay=pay_of(content) if "salaryMin" in sent or "salaryMax" in sent else "",
        facts=_those(_said(sent.get("employmentType"))),
        text=sent["description"],
        apply=sent["applyUrl"],
    )


def _webhook(content: Content, sent: Mapping[str, Any]) -> Look:
    data = sent["data"]
    return Look(
        title=data["title"],
        company=data["company"],
        place=data["location"],
        pay=pay_of(content) if data["salary"] else "",
        facts=_those(_said(data["employment_type"]), _said(data["workplace"])),
        text=data["description"],
        apply=data["apply_url"],
    )


def _own(content: Content, sent: Mapping[str, Any]) -> Look:
    """Return what our own pages and feeds show: all we know."""
    workplace = "remote" if content.is_remote else content.remote
    facts = (
        display.EMPLOYMENT_TYPES.get(content.employment_type, ""),
        display.REMOTE.get(workplace, ""),
        display.SENIORITIES.get(content.seniority, ""),
    )
    return Look(
        title=content.title,
        company=content.employer,
        place=content.location_text or content.city,
        pay=pay_of(content),
        facts=_those(*facts),
        text=rich_text(content),
        apply=str(sent.get("apply_url") or content.link),
    )


def pay_of(content: Content) -> str:
    """Say the pay as seekers read it; "" where none is stated."""
    ends = (content.salary_min, content.salary_max)
    if ends == (None, None):
        return ""
    said = display.pay(*ends, content.salary_currency, content.salary_period)
    return said if whole_salary(content) or said else ""


def _said(code: Any) -> str:
    """Write an enum's word as a person would."""
    text = str(code or "").replace("_", " ").replace("-", " ").lower()
    return "" if text == "not applicable" else text.capitalize()


def _those(*words: str) -> tuple[str, ...]:
    return tuple(word for word in words if word)


_LOOKS: Mapping[BoardKind, Callable[[Content, Mapping[str, Any]], Look]] = {
    LINKEDIN: _linkedin,
    INDEED: _indeed,
    REST: _rest,
    WEBHOOK: _webhook,
}
