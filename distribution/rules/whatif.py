"""What a job would be if a field were written otherwise; nothing is saved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from ingestion.rules.normalise import Posting, RowRejected, normalise
from ingestion.rules.salaries import Salary
from ingestion.rules.writing import Written, pay_text, raw_posting

from .content import Content

FIELDS: Final = ("title", "location", "salary", "description")


def written(content: Content) -> dict[str, str]:
    """Return the fields one may change, as the form of a job shows them."""
    return {
        "title": content.title,
        "location": content.location_text,
        "salary": _pay(content),
        "description": content.description_html,
    }


def _pay(content: Content) -> str:
    if content.salary_min is None and content.salary_max is None:
        return ""
    ends = (content.salary_min, content.salary_max)
    currency, period = content.salary_currency, content.salary_period
    return pay_text(Salary(*ends, currency, period, None, None))


def changed(
    content: Content, wish: Mapping[str, str], *, now: datetime
) -> tuple[Content, dict[str, str]]:
    """Return the content with the fields of `wish` read by the rules of every source.

    Fields that are as they were are left alone. The second value says, by field, what could not
    be understood; such a field stays as it is.
    """
    old = written(content)
    new = {
        name: wish[name].strip()
        for name in FIELDS
        if name in wish and _plain(wish[name]) != _plain(old[name])
    }
    if not new:
        return content, {}
    if not new.get("title", content.title):
        return content, {"title": "A job needs a title."}
    try:
        told = Written(**{**old, **new, "employer": content.employer})
        posting, issues = normalise(raw_posting(told), now=now)
    except RowRejected as wrong:
        return content, {wrong.field: wrong.message}
    unread = {issue.field: issue.message for issue in issues if issue.field in new}
    values: dict[str, Any] = {}
    for name in new:
        if name not in unread:
            values |= _READ[name](posting)
    return replace(content, **values), unread


def _plain(text: str) -> list[str]:
    return text.strip().splitlines()


def _place(posting: Posting) -> dict[str, Any]:
    names = ("location_text", "city", "region", "country")
    found = {name: getattr(posting, name) for name in names}
    return {**found, "remote": posting.remote} if posting.remote else found


def _salary(posting: Posting) -> dict[str, Any]:
    pay = posting.salary
    return {
        "salary_min": pay.min_minor if pay else None,
        "salary_max": pay.max_minor if pay else None,
        "salary_currency": pay.currency if pay else "",
        "salary_period": pay.period if pay else "",
    }


_READ: Final[dict[str, Any]] = {
    "title": lambda posting: {"title": posting.title},
    "location": _place,
    "salary": _salary,
    "description": lambda posting: {
        "description_html": posting.description_html,
        "description_text": posting.description_text,
    },
}
