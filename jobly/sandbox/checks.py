"""Small questions about values that came as JSON, shared by the boards' validation."""

import json
import math
import re
from collections.abc import Container
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

COUNTRY: Final = re.compile(r"[A-Z]{2}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
AMOUNT: Final = re.compile(r"\d+(\.\d+)?")


def load(body: bytes) -> Any:
    """Parse a JSON body; None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def at(value: Any, path: str) -> Any:
    """Follow a dotted path through objects; None where it ends early."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str:
    """Return a string without blanks around it; "" for anything else."""
    return value.strip() if isinstance(value, str) else ""


def is_whole(value: Any) -> TypeGuard[int]:
    """Tell whether a value is a JSON integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Tell whether a value is a number as JSON knows them, so not 1e999 either."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_url(value: Any) -> bool:
    """Tell whether a value is an absolute http(s) address."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def one_of(value: Any, choices: Container[str]) -> bool:
    """Tell whether a value is one of some words; lists and objects are none."""
    return isinstance(value, str) and value in choices


def matches(pattern: re.Pattern[str], value: Any) -> bool:
    """Tell whether a value is a string that a pattern fits as a whole."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None
