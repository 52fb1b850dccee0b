"""Any value of a source as the text our fields hold."""

import html
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from ingestion.rules.posting import RawPosting

MISSING = frozenset(
    {
        "",
        "-1",
        "nan",
        "none",
        "null",
        "nil",
        "n/a",
        "#n/a",
        "undefined",
        "-",
        "--",
        "—",
        "nat",
        "[]",
        "{}",
    }
)
NAMES = (
    "name",
    "label",
    "title",
    "descriptor",
    "displayName",
    "display_name",
    "value",
    "text",
    "fullText",
)
TAGS = re.compile(
    r"<(?:p|br|li|ul|ol|div|span|h[1-6]|strong|b|em|i|a|table)\b[^>]{0,400}>", re.IGNORECASE
)
ESCAPED_TAGS = re.compile(
    r"&lt;/?(?:p|br|li|ul|ol|div|span|h[1-6]|strong|b|em|table)\b", re.IGNORECASE
)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE)
RATING = re.compile(r"\s*\n\s*\d(?:\.\d)?\s*$")
NUMBERED = ("external_id", "posted_at", "expires_at")
ONE_LINE = ("title", "employer", "location", "city", "region", "country", "category")
# pandas turns 10045 into 10045.0; NeoGov writes 04:59:00:0
FLOATED = re.compile(r"(?<=^\d{4})\.0+$|(?<=\d{5})\.0+$|(?<=:\d\d:\d\d):0$")
ZERO = re.compile(r"^0*(?:\.0*)?$")  # zero stands for "not said" wherever it was seen
LIST_TEXT = re.compile(r"""^\[\s*(?:["'].*["'])?\s*\]$""", re.DOTALL)
QUOTED = re.compile(r"""(["'])(.*?)\1\s*(?:,|\]|$)""", re.DOTALL)
SKILL_ENDS = re.compile(r"\s*[,;|\n•·]\s*")
MOST_SKILLS = 100
EXACT = 1e15  # floats above are not whole numbers any more
LONGEST_MISSING = 9
# a salary of "-1" is what the row says: the normaliser warns of it
TOLD = frozenset({"salary"})


def text(value: Any) -> str:
    """Turn one value into text: numbers without a needless fraction, times as ISO, lists joined."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value).strip() if UNSTORABLE.search(value) else value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return next((found for key in NAMES if (found := _leaf(value.get(key)))), "")
    return "; ".join(texts(value)) if isinstance(value, list | tuple) else _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < EXACT
        return str(int(value)) if whole else repr(value) if math.isfinite(value) else ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _leaf(value: Any) -> str:
    return "" if isinstance(value, Mapping | list) else text(value)


def texts(value: Any) -> tuple[str, ...]:
    """Give the texts of a list (or of one value), without empty and repeated ones."""
    many = value if isinstance(value, list | tuple) else [value]
    found = (_leaf(v) if isinstance(v, list) else text(v) for v in many)
    return tuple(dict.fromkeys(word for word in found if word))


def at(item: Any, path: str) -> Any:
    """Look a dotted path up in nested objects; lists give the values of all their elements."""
    for key in path.split("."):
        if isinstance(item, list):
            item = [found for element in item if (found := _get(element, key)) is not None]
        else:
            item = _get(item, key)
        if item is None or item == []:
            return None
    return item


def _get(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, Mapping) else None


def first(item: Any, *paths: str) -> str:
    """Give the text at the first of the paths that has one."""
    for path in paths:
        if found := text(at(item, path)):
            return found
    return ""


def joined(*parts: str) -> str:
    """Join the texts that are there with commas."""
    return ", ".join(dict.fromkeys(part for part in parts if part))


def with_headings(parts: Iterable[tuple[str, str]]) -> str:
    """Put pieces of HTML under their headings, leaving out the empty ones."""
    return "\n".join(
        f"<h3>{html.escape(heading)}</h3>\n{body}" if heading else body
        for heading, body in parts
        if body.strip()
    )


def format_of(description: str) -> str:
    """Tell whether a description is HTML, HTML escaped once more, or plain text."""
    if TAGS.search(description):
        return "html"
    return "escaped_html" if ESCAPED_TAGS.search(description) else "text"


def skills(value: Any) -> tuple[str, ...]:
    """Split a list of skills: a JSON list, a Python list in text, or words between commas."""
    if not isinstance(value, str):
        return texts(value)[:MOST_SKILLS]
    if LIST_TEXT.match(value.strip()):
        return tuple(
            dict.fromkeys(found[1].strip() for found in QUOTED.findall(value.strip()[1:]))
        )[:MOST_SKILLS]
    return tuple(dict.fromkeys(word for word in SKILL_ENDS.split(value) if word))[:MOST_SKILLS]


def posting(row: int, raw: dict[str, Any], found: Mapping[str, Any]) -> RawPosting:
    """Make a posting of the texts found for our fields, leaving out what only says "missing"."""
    fields = {n: v for n, v in found.items() if v and (n in TOLD or not _missing(v))}
    for name, tidy in TIDIED:
        if name in fields:
            fields[name] = tidy(fields[name])
    if "apply_url" not in fields and "url" in fields:
        fields["apply_url"] = fields["url"]
    if "description" in fields and "description_format" not in fields:
        fields["description_format"] = format_of(fields["description"])
    return RawPosting(row=row, raw=raw, **fields)


def _missing(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= LONGEST_MISSING
        and value.strip().lower() in MISSING
    )


def _one_line(value: str) -> str:
    if "\n" not in value and "&" not in value:
        return value
    value = RATING.sub("", value)  # Glassdoor exports write the rating under the company's name
    if ENTITY.search(value):
        value = html.unescape(value)
    return " ".join(value.split())


TIDIED: tuple[tuple[str, Callable[[str], str]], ...] = (
    *((name, _one_line) for name in ONE_LINE),
    *((name, lambda value: FLOATED.sub("", value)) for name in NUMBERED),
    *((name, lambda value: ZERO.sub("", value)) for name in ("salary_min", "salary_max")),
)


def storable(value: Any) -> Any:
    """Take NUL and lone surrogates, which no JSON column can hold, out of parsed JSON."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value) if UNSTORABLE.search(value) else value
    if isinstance(value, list):
        return [storable(element) for element in value]
    if isinstance(value, dict):
        return {storable(key): storable(element) for key, element in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
