"""How one site is walked politely: its plan, its pace, and what its answers mean."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jobly.errors import Rejected

TOKEN = "JoblyBot"  # noqa: S105 # the product token robots.txt is asked with
Paging = Literal["none", "next", "page", "offset", "sitemap"]
PAGINGS: tuple[Paging, ...] = ("none", "next", "page", "offset", "sitemap")
REFRESH = timedelta(days=7)  # a posting that is still listed is read again after this
MOST_SELECTORS = 40
KEPT_MARKS = 1_000  # pages remembered to notice one that comes again
WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
LOGIN = re.compile(
    r"/(?:authwall|signup|sign-?up|login|log-in|signin|sign-in|checkpoint|uas/)",
    re.IGNORECASE,
)
# what only a page has that stands between us and the content
CHALLENGE = re.compile(
    rb"_cf_chl_opt|cf-challenge-running|id=[\"']challenge-form|px-captcha|_Incapsula_Resource|"
    rb"captcha-delivery\.com|/_sec/cp_challenge|<title>\s*(?:Just a moment|Attention Required|"
    rb"Access Denied|Are you (?:a )?(?:human|robot)|Security Check)",
    re.IGNORECASE,
)
CAPTCHA = re.compile(rb"g-recaptcha|h-captcha|hcaptcha\.com/1/api|recaptcha/api\.js", re.IGNORECASE)
SMALL_PAGE = 20_000  # bytes; a captcha on a longer one guards a form of it, not the page
STOP = frozenset({401, 402, 403, 407, 451, 999})
LATER = frozenset({408, 425, 429})
GONE = frozenset({404, 410})
OK, MOVED, CLIENT_ERROR, SERVER_ERROR = 200, 300, 400, 500
LINKEDIN = re.compile(r"(?:^|\.)linkedin\.[a-z.]{2,10}$", re.IGNORECASE)
LINKEDIN_START = 1_000  # an offset from which LinkedIn answers 400
PEOPLE = (".message-the-recruiter", "a[href*='/in/']")  # who posts, in LinkedIn's fragments
LINKEDIN_PAGE = 10  # cards of a page; fewer are the last


class Meaning(StrEnum):
    """What an answer says about going on."""

    FINE = "fine"
    GONE = "gone"  # this page is no more
    END = "end"  # no page behind this one
    MOVED = "moved"  # it stands elsewhere
    LATER = "later"  # not now
    REFUSED = "refused"  # we are not wanted: nothing more is asked


@dataclass(frozen=True, slots=True)
class Plan:
    """How the pages of one source are walked; made of its settings by `plan_of`.

    `link` selects links to postings, `next_link` the one to the next page; without `link` the
    postings stand on the pages themselves. `fields` are selectors for pages without JobPosting
    data. `left_out` selects what is dropped before a page is stored. `guest`: LinkedIn's fragments.
    """

    url: str
    paging: Paging = "none"
    parameter: str = ""
    first: int = 0
    step: int = 1
    link: str = ""
    next_link: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    window: tuple[time, time] | None = None
    zone: str = "UTC"
    refresh: timedelta = REFRESH
    agent: str = ""
    guest: bool = False

    @property
    def host(self) -> str:
        """The one host whose pages are asked for."""
        return (urlsplit(self.url).hostname or "").lower()


def guest_plan(settings: Mapping[str, Any], url: str) -> Plan:
    """Return the plan of LinkedIn's guest search: its own paging, and nobody named in a page kept.

    Raises: Rejected as `plan_of` does.
    """
    known = {name: settings[name] for name in ("window", "zone", "agent") if name in settings}
    return replace(plan_of(known, url), guest=True, left_out=PEOPLE)


def plan_of(settings: Mapping[str, Any], url: str) -> Plan:
    """Read a source's settings.

    Raises: Rejected naming every setting that cannot work.
    """
    wrong: dict[str, list[str]] = {}
    paging = settings.get("paging", "none")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        wrong["url"] = ["Give the address of the page that lists the jobs: https://…"]
    if paging not in PAGINGS:
        wrong["paging"] = [f"One of: {', '.join(PAGINGS)}."]
    if paging in {"page", "offset"} and not settings.get("parameter"):
        wrong["parameter"] = ["Name the part of the address that counts pages, such as page."]
    if paging == "next" and not settings.get("next_link"):
        wrong["next_link"] = ["Give the selector of the link to the next page."]
    fields = _selectors(settings, wrong)
    window = _window(settings, wrong)
    numbers = _numbers(settings, wrong)
    if wrong:
        raise Rejected("The settings of this source cannot work; nothing was asked.", fields=wrong)
    return Plan(
        url=url,
        paging=paging,
        parameter=str(settings.get("parameter", "")),
        link=str(settings.get("link", "")),
        next_link=str(settings.get("next_link", "")),
        fields=fields,
        left_out=tuple(map(str, settings.get("left_out", ()))),
        window=window,
        zone=str(settings.get("zone", "UTC")),
        agent=str(settings.get("agent", "")),
        refresh=timedelta(days=numbers["refresh_days"]),
        first=numbers["first"],
        step=numbers["step"],
    )


NUMBERS = {  # setting → its default, the least and the most it may be
    "first": (0, 0, 10_000),
    "step": (1, 1, 1_000),
    "refresh_days": (REFRESH.days, 0, 365),
}


def _numbers(settings: Mapping[str, Any], wrong: dict[str, list[str]]) -> dict[str, int]:
    found = {}
    for name, (usual, least, most) in NUMBERS.items():
        value = settings.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            wrong[name] = [f"A whole number from {least} to {most}."]
            value = usual
        found[name] = value
    return found


def _selectors(settings: Mapping[str, Any], wrong: dict[str, list[str]]) -> dict[str, str]:
    given = settings.get("fields") or {}
    if not isinstance(given, Mapping) or len(given) > MOST_SELECTORS:
        wrong["fields"] = ['Selectors by field, such as {"title": "h1", "location": ".place"}.']
        return {}
    return {str(name): str(selector)[:300] for name, selector in given.items()}


def _window(settings: Mapping[str, Any], wrong: dict[str, list[str]]) -> tuple[time, time] | None:
    try:
        ZoneInfo(str(settings.get("zone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        wrong["zone"] = ["A time zone such as Europe/Oslo."]
    text = str(settings.get("window", ""))
    found = WINDOW.fullmatch(text)
    if not text:
        return None
    if found is None:
        wrong["window"] = ["Hours in which pages are asked for, such as 22:00-06:00."]
        return None
    return time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))


def opens_in(plan: Plan, now: datetime) -> timedelta:
    """Return how long until the site's hours begin; zero within them, and without any."""
    if plan.window is None or plan.window[0] == plan.window[1]:
        return timedelta()
    here = now.astimezone(ZoneInfo(plan.zone))
    start, end = plan.window
    clock = here.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if inside:
        return timedelta()
    opening = here.replace(hour=start.hour, minute=start.minute, second=0, microsecond=0)
    return opening - here if opening > here else opening + timedelta(days=1) - here


def pause(delay: timedelta, asked: timedelta, draw: float) -> timedelta:
    """Return the gap before the next request: the longer of ours and the site's, times U(1, 2).

    `draw` is of [0, 1). The spread keeps collectors from asking in step; it hides nothing.
    """
    return max(delay, asked) * (1 + draw)


def meaning_of(status: int, location: str, body: bytes) -> Meaning:
    """Say what an answer means for going on; who does not want us is asked no more."""
    if status in STOP or LOGIN.search(location):
        return Meaning.REFUSED
    if status in LATER or status >= SERVER_ERROR:
        return Meaning.LATER
    if status in GONE:
        return Meaning.GONE
    if MOVED <= status < CLIENT_ERROR:
        return Meaning.MOVED if location else Meaning.LATER
    if status >= CLIENT_ERROR:
        return Meaning.END
    return Meaning.REFUSED if is_challenge(body) else Meaning.FINE


def is_challenge(body: bytes) -> bool:
    """Whether a page only asks who we are: such a thing is neither solved nor passed by."""
    if CHALLENGE.search(body[:200_000]):
        return True
    return len(body) < SMALL_PAGE and b"JobPosting" not in body and bool(CAPTCHA.search(body))


def is_guarded(host: str) -> bool:
    """Whether a host is only ever asked under its own profile and all its switches: LinkedIn's."""
    return bool(LINKEDIN.search(host))


def within(plan: Plan, base: str, link: str) -> str:
    """Return the whole address of a link on the plan's host, without fragment; else nothing."""
    try:
        whole = urljoin(base, link.strip())
        parts = urlsplit(whole)
        same = (parts.hostname or "").lower() == plan.host and parts.port == urlsplit(plan.url).port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not same or "@" in parts.netloc:
        return ""
    return urlunsplit(parts._replace(fragment=""))


def numbered(plan: Plan, number: int) -> str:
    """Return the address of a page by its number or offset."""
    parts = urlsplit(plan.url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True)]
    kept = [(k, v) for k, v in query if k != plan.parameter]
    return urlunsplit(parts._replace(query=urlencode([*kept, (plan.parameter, str(number))])))


def mark_of(keys: Iterable[str]) -> str:
    """Return 16 hex digits that tell pages apart by the entries they list, whatever their order."""
    return hashlib.sha256("\n".join(sorted(set(keys))).encode()).hexdigest()[:16]


def listing_mark(*parts: str) -> str:
    """Return 16 hex digits that change when what a list says of an entry does."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
