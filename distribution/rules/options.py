"""Which settings a channel of a kind takes, so that a slip of the pen is found when it is made."""

from collections.abc import Mapping
from typing import Any

from .channels import DEFAULTS, FEED_FORMATS

OPTIONS: Mapping[str, Mapping[str, Any]] = {kind: row.options for kind, row in DEFAULTS.items()}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": FEED_FORMATS,
    "route": ("rest", "via_indeed", "feed"),
    "flavour": ("rest", "v2"),
    "auth_style": ("headers", "query", "basic", "bearer"),
    "listing_type": ("BASIC", "PREMIUM"),
    "source_type": ("Employer", "Job Board", "Staffing Agency"),
}
NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    str: "a text",
    list: "a list",
    dict: "names and values in braces",
}


def wrong_options(kind: str, chosen: Mapping[str, Any]) -> dict[str, str]:
    """Say by name what is wrong with a channel's own settings; nothing if all will do.

    Names that the kind does not know are left alone: they may be a template's.
    """
    known = OPTIONS[kind]
    found = {
        name: _wrong(name, known[name], value) for name, value in chosen.items() if name in known
    }
    return {name: words for name, words in found.items() if words}


def _wrong(name: str, usual: Any, value: Any) -> str:
    if name in CHOICES and value not in CHOICES[name]:
        return f"{name} is one of {', '.join(CHOICES[name])}"
    if type(value) is not type(usual):
        return f"{name} is {NAMES[type(usual)]}"
    if type(usual) is int and value < 1:
        return f"{name} is a whole number from 1"
    if isinstance(value, list) and not all(isinstance(one, str | int) for one in value):
        return f"{name} is a list of words or numbers"
    return ""
