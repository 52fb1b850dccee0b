"""Cookies of one host, as plain values: taken from an answer or a person, sent with a request."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from jobly.errors import Rejected

COOKIES_LAST = timedelta(days=7)  # then a jar is forgotten, whatever its cookies say
MOST = 50
LONGEST = 4096  # characters of a value

#: RFC 6265 §4.1.1: a token, and what browsers show as a value
_PAIR = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=([\x20-\x3a\x3c-\x7e]+)")
_NAMED = re.compile(r"cookie:", re.IGNORECASE)

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


def entered(text: str, url: str) -> dict[str, dict[str, Any]]:
    """Return the jar of cookies typed as a browser sends them: "name=value; name=value".

    A leading "Cookie:" and line ends between them do no harm. They go to the host of `url` alone,
    for all of its pages, and never unencrypted where `url` is https. Raises: Rejected naming the
    field; no value is in its message.
    """
    site = urlsplit(url)
    place = {"host": (site.hostname or "").lower(), "path": "/", "secure": site.scheme == "https"}
    jar: dict[str, dict[str, Any]] = {}
    parts = _NAMED.sub("", text.strip(), count=1).replace("\n", ";").split(";")
    for number, part in enumerate((part.strip() for part in parts), start=1):
        if not part:
            continue
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise _refused(f"Cookie {number} is none: give name=value, several with ; between.")
        name, value = pair.groups()
        if len(value) > LONGEST:
            raise _refused(f"The value of {name} is longer than {LONGEST:,} characters.")
        jar[name] = {"value": value, **place, "expires": None}
    if not jar or len(jar) > MOST:
        raise _refused(f"Give between one and {MOST} cookies.")
    return jar


def _refused(why: str) -> Rejected:
    return Rejected("Nothing was kept.", fields={"typed": [why]})


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
