"""Where a counted link may lead: straight on, past a page that names the site, or nowhere."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

MOST = 2_048  # characters of an address that is followed
OWN_LINKS = "/go/"  # a link of ours never leads to another of them
# applicant tracking systems: what they serve below their names are application forms
APPLICATION_SITES = frozenset(
    {
        "applytojob.com", "ashbyhq.com", "bamboohr.com", "breezy.hr", "greenhouse.io",
        "icims.com", "jobvite.com", "lever.co", "myworkdayjobs.com", "personio.com",
        "personio.de", "recruitee.com", "smartrecruiters.com", "successfactors.com",
        "successfactors.eu", "taleo.net", "teamtailor.com", "usajobs.gov", "workable.com",
    }
)  # fmt: skip
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\\]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?")
_KEPT = "/%:@!$&'()*+,;=~-._"

Way = Literal["straight", "ask", "nowhere"]


@dataclass(frozen=True, slots=True)
class Landing:
    """A way on: the address to use and the name of its site, both in plain ASCII."""

    way: Way
    url: str = ""
    host: str = ""


NOWHERE = Landing("nowhere")


def landing(url: str, *, known: Iterable[str], own: str) -> Landing:
    """Judge a stored address: only http(s), no credentials, no host that reads in two ways.

    `known` are sites that a reader may be led to straight away, with all below them; `own` is our
    own origin. What is no such address leads nowhere.
    """
    given = url.strip()
    parts = _parts(given)
    host = _host(parts.hostname) if parts is not None and parts.hostname else ""
    if parts is None or not host:
        return NOWHERE
    ours = urlsplit(own)
    if (host, parts.port) == (ours.hostname, ours.port) and parts.path.startswith(OWN_LINKS):
        return NOWHERE
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if parts.port is None else f"{shown}:{parts.port}"
    safe = urlunsplit(
        (
            parts.scheme,
            netloc,
            quote(parts.path, safe=_KEPT),
            quote(parts.query, safe=_KEPT + "?"),
            quote(parts.fragment, safe=_KEPT + "?"),
        )
    )
    listed = {ours.hostname or "", *map(str.lower, known)}
    return Landing("straight" if is_listed(host, listed) else "ask", safe, shown)


def is_listed(host: str, listed: Iterable[str]) -> bool:
    """Whether a host, or a site it lies below, is listed; single labels count as themselves."""
    return any(
        name and (host == name or ("." in name and host.endswith(f".{name}"))) for name in listed
    )


def plain_host(text: str) -> str:
    """Return the host that a person means by a host or an address, in ASCII; "" for none."""
    parts = _parts(text if "//" in text else f"https://{text.strip()}")
    return _host(parts.hostname) if parts is not None and parts.hostname else ""


def _parts(url: str) -> SplitResult | None:
    """Take an address apart; None for what is none, or not one we would follow."""
    if len(url) > MOST or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # ValueError for what is no port
    except ValueError:
        return None
    fine = parts.scheme in {"http", "https"} and parts.netloc and "@" not in parts.netloc
    return parts if fine else None


def _host(name: str) -> str:
    """Return a host in the ASCII form that a browser asks for; "" for what is none."""
    try:
        return ip_address(name).compressed
    except ValueError:
        pass
    try:
        ascii_name = name.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return ""
    # a name that ends in a number is an address in disguise (WHATWG URL, ends in a number)
    last = ascii_name.rpartition(".")[2]
    number = last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last)
    return ascii_name if _HOST.fullmatch(ascii_name) and not number else ""
