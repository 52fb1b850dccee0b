"""How work is called and shown in front of people."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import template

from jobly.logs import sanitise
from jobly.runs.rules import values
from jobly.runs.rules.timeline import holder, lasting
from jobly.runs.rules.words import in_words

MOST_JSON = 20_000  # characters

register = template.Library()
register.filter("in_words", in_words)


@register.filter
def pairs(value: Any) -> list[tuple[str, str]]:
    """Return a JSON value as names and values, without secrets."""
    return values.pairs(sanitise(value))


@register.filter
def as_json(value: Any) -> str:
    """Return a JSON value as text with a line for each value, without secrets."""
    text = json.dumps(sanitise(value), indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_JSON else f"{text[:MOST_JSON]}\n…"


@register.filter
def lasted(span: timedelta | None) -> str:
    """Say a length of time."""
    return "" if span is None else lasting(span)


@register.filter
def since(later: Any, earlier: Any) -> str:
    """Say how much time lies between two moments."""
    return lasting(later - earlier) if later and earlier else ""


@register.filter
def named(owner: str, people: Mapping[str, str]) -> str:
    """Name who had a run, or who did something to it."""
    if owner.startswith("user:"):
        return people.get(owner, "somebody who is gone")
    return holder(owner)
