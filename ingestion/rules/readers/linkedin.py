"""LinkedIn's guest fragments: cards of a search, and the detail of one posting.

The classes are those of fragments recorded in June 2026; a change of them is what drift looks for.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

CARD = "div.base-search-card, div.base-card, div.job-search-card"
DETAIL = ".top-card-layout__title, .topcard__title"
VIEW = "https://www.linkedin.com/jobs/view/"
NUMBER = re.compile(r"(\d{6,20})/?$")
URN = re.compile(r"jobPosting:(\d{6,20})")
HEADINGS = {
    "seniority level": "seniority",
    "employment type": "employment_type",
    "job function": "category",
}
SAYS_NOTHING = "not applicable"


def is_linkedin(page: LexborHTMLParser) -> bool:
    """Whether this is one of the two fragments."""
    return page.css_first(CARD) is not None or page.css_first(DETAIL) is not None


def cards(page: LexborHTMLParser) -> list[dict[str, Any]]:
    """Read the cards of a search in order, each posting once; what has no number is left out."""
    found: dict[str, dict[str, Any]] = {}
    for node in page.css(CARD):
        number = _number(node)
        if number:
            found.setdefault(number, _card(node, number))
    return list(found.values())


def card_count(page: LexborHTMLParser) -> int:
    """Count the cards a search answered with, repeated ones too: what paging goes on by."""
    return len({node.mem_id for node in page.css(CARD)})


def _card(node: LexborNode, number: str) -> dict[str, Any]:
    day = node.css_first("time[datetime]")
    return {
        "external_id": number,
        "url": VIEW + number,
        "title": _text(node, "h3.base-search-card__title") or _text(node, "span.sr-only"),
        "employer": _text(node, "h4.base-search-card__subtitle a.hidden-nested-link")
        or _text(node, "h4.base-search-card__subtitle"),
        "location": _text(node, ".job-search-card__location"),
        "salary": _text(node, "span.job-search-card__salary-info"),
        "posted_at": (day.attributes.get("datetime") or "") if day else "",
    }


def _number(node: LexborNode) -> str:
    """Return a card's own number: of its urn, else the digits its link ends with."""
    urn = URN.search(node.attributes.get("data-entity-urn") or "")
    if urn:
        return urn[1]
    link = node.css_first("a.base-card__full-link")
    return _number_of((link.attributes.get("href") or "") if link else "")


def _number_of(url: str) -> str:
    found = NUMBER.search(urlsplit(url).path)
    return found[1] if found else ""


def detail(page: LexborHTMLParser) -> dict[str, Any] | None:
    """Read the one posting of a detail fragment; None when it is none."""
    title = page.css_first(DETAIL)
    if title is None:
        return None
    link = page.css_first("a.topcard__link")
    number = _number_of((link.attributes.get("href") or "") if link else "")
    number = number or next(iter(URN.findall(page.html or "")), "")
    body = page.css_first("div.show-more-less-html__markup")
    found: dict[str, Any] = {
        "external_id": number,
        "url": VIEW + number if number else "",
        "title": " ".join(title.text(deep=True).split()),
        "employer": _text(page, "a.topcard__org-name-link"),
        "location": _text(page, "span.topcard__flavor--bullet"),
        "posted_at": _text(page, "span.posted-time-ago__text"),
        "salary": _text(page, "div.compensation__salary"),
        "description": (body.inner_html or "").strip() if body else "",
        "description_format": "html",
    }
    found |= _criteria(page)
    if target := _target(page):
        found["apply_url"] = target
    return found


def _criteria(page: LexborHTMLParser) -> dict[str, str]:
    found = {}
    for item in page.css("ul.description__job-criteria-list > li"):
        name = HEADINGS.get(_text(item, "h3.description__job-criteria-subheader").lower())
        value = _text(item, "span.description__job-criteria-text--criteria")
        if name and value and value.lower() != SAYS_NOTHING:
            found[name] = value
    return found


def _target(page: LexborHTMLParser) -> str:
    """Return the employer's own address of the posting, where the fragment hides one."""
    node = page.css_first("code#applyUrl")
    inside = (node.inner_html or "") if node else ""
    place = inside.replace("<!--", "").replace("-->", "").strip().strip('"')
    given = parse_qs(urlsplit(place.replace("&amp;", "&")).query).get("url", [""])
    return given[0]


def _text(node: LexborHTMLParser | LexborNode, selector: str) -> str:
    found = node.css_first(selector)
    return " ".join(found.text(deep=True).split()) if found else ""
