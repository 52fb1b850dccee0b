"""Cookies of one host, as plain values: what is taken from an answer, what goes with a request."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

MOST = 50
LONGEST = 4096  # characters of a value

Jar = Mapping[str, Mapping[str, Any]]


def taken(jar: Jar, given: Iterable[Mapping[str, Any]], host: str) -> dict[str, dict[str, Any]]:
    """Return the jar with the cookies an answer of `host` gave; empty values delete.

    Each of `given` has name, value, domain, path, secure and expires (epoch seconds or None).
    Whatever domain a cookie names, it is kept for this one host only.
    """
    kept = {name: dict(cookie) for name, cookie in jar.items()}
    for cookie in given:
        name, value = str(cookie["name"]), cookie["value"]
        domain = str(cookie.get("domain") or host).lstrip(".").lower()
        if domain != host and not host.endswith(f".{domain}"):
            continue
        if not value or len(str(value)) > LONGEST:
            kept.pop(name, None)
        elif name in kept or len(kept) < MOST:
            kept[name] = {
                "value": str(value),
                "host": host,
                "path": str(cookie.get("path") or "/"),
                "secure": bool(cookie.get("secure")),
                "expires": cookie.get("expires"),
            }
    return kept


def header(jar: Jar, url: str, now: float) -> str:
    """Return the Cookie header for a URL: of its very host, path and scheme, not yet over."""
    parts = urlsplit(url)
    fitting = (
        f"{name}={cookie['value']}"
        for name, cookie in sorted(jar.items())
        if cookie.get("host") == (parts.hostname or "").lower()
        and (parts.path or "/").startswith(str(cookie.get("path") or "/"))
        and (parts.scheme == "https" or not cookie.get("secure"))
        and (cookie.get("expires") is None or float(cookie["expires"]) > now)
    )
    return "; ".join(fitting)
