"""Who followed a link: a person, somebody who asked not to be followed, or a machine."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Literal

KEPT = timedelta(days=35)  # single clicks; what they came to a day stays
MATCHED_FOR = timedelta(days=30)  # a click may explain an application this much later
IPV6_SITE = 64  # bits; below them an address changes while its person stays
MOST_AGENT = 512  # characters that are looked at

Reader = Literal["person", "unseen", "machine"]

_MACHINES = re.compile(
    r"(?<!cu)bot(\b|[/;_-])|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|embedly|pinterest"
    r"|headless|lighthouse|pingdom|uptime|monitor|scan|fetch|curl/|wget/|python|java/|okhttp"
    r"|go-http|libwww|httpclient|axios|node|ruby|perl|php|validator|archive|mediapartners",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def reader_of(method: str, headers: Mapping[str, str]) -> Reader:
    """Say who asks, by the method and the headers (names in small letters).

    Source: DNT (W3C Tracking Preference Expression), Sec-GPC (Global Privacy Control).
    """
    agent = headers.get("user-agent", "")[:MOST_AGENT]
    ahead = any(_AHEAD.search(headers.get(name, "")) for name in _PURPOSES)
    if method != "GET" or ahead or not agent.strip() or _MACHINES.search(agent):
        return "machine"
    if headers.get("dnt") == "1" or headers.get("sec-gpc") == "1":
        return "unseen"
    return "person"


def network_of(address: str) -> str:
    """Return what of an address stays the same while its person does: IPv6 by its site."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(IPv6Address(int(known) >> IPV6_SITE << IPV6_SITE))
    return str(known.ipv4_mapped or known) if isinstance(known, IPv6Address) else str(known)


def days_before(today: date) -> list[date]:
    """Return the days on which a click may explain an application of today, newest first."""
    return [today - timedelta(days=back) for back in range(MATCHED_FOR.days + 1)]
