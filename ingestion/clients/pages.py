"""Pages of one site, asked for politely: a walk over its lists, and one posting at a time.

Before each request its host's robots.txt is asked, and the host's turn waited for; who does not
want us is not asked again. Nothing here hides who we are, and no wall is climbed.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from selectolax.lexbor import SelectolaxError

from ingestion.errors import FileRefused, NotAcknowledged, SourceRefused, Throttled
from ingestion.rules import cookies, listings
from ingestion.rules.asking import Wish
from ingestion.rules.entries import Entry, mark_of
from ingestion.rules.listings import At, extract_job_data, parse_job_listings
from ingestion.rules.pages import TOKEN, Meaning, Plan, is_guarded, meaning_of, pause, within
from ingestion.rules.paging import Told
from ingestion.rules.readers.pages import PAGE_BYTES, parsed
from ingestion.rules.robots import Robots
from jobly import http
from jobly.errors import Rejected, Unavailable

from .walking import HEADER_CHARS, KEPT_HEADERS, Link, Page

__all__ = [
    "Site",
    "check_rate_limit",
    "extract_job_data",
    "get_job_details",
    "make_request",
    "parse_job_listings",
    "random_delay",
    "search_jobs",
]

MOST_HOPS = 3
ACCEPTED = "text/html,application/xhtml+xml,application/xml;q=0.8"
#: pages of a list that are passed by: taken down, led away, or not for us to see
PASSED_BY = frozenset({"not_there", "redirected", "robots_disallow"})
DRIFT_PAGES = 3  # pages of postings without any, in a row, until the site counts as changed


@dataclass(frozen=True, slots=True)
class Site:
    """One visit to one site: its plan, our name, and who is asked before anything is sent.

    `robots` returns the rules of an origin; `turn` waits until its host may be asked again, at
    least so long after the last time, and raises what stops the walk. `jar` holds the host's
    cookies, `keep` is told when they change. `private`: origins that the operator named, which
    need not be public. `proxies`: egress of the operator's, the source's own first.
    """

    plan: Plan
    agent: str
    delay: timedelta
    timeout: timedelta
    robots: Callable[[str], Robots]
    turn: Callable[[timedelta], None]
    obeys_robots: bool = True
    jar: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    keep: Callable[[Mapping[str, Any]], None] = lambda _: None
    private: frozenset[str] = frozenset()
    proxies: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """One page as it came, from where it was in the end."""

    url: str
    response: requests.Response
    milliseconds: int
    calls: int


def walk(link: Link, wish: Wish) -> Iterator[Page]:
    """Walk over the lists of the site that is visited. Raises: what `search_jobs` raises."""
    return search_jobs(_visited(link), wish)


def each(link: Link, _: Wish, entries: list[Entry]) -> Iterator[Page | None]:
    """Ask for the posting of each entry; None for one that is gone, led away, or not for us."""
    for entry in entries:
        try:
            yield get_job_details(_visited(link), entry.item)
        except SourceRefused as refused:
            if refused.code not in PASSED_BY:
                raise
            yield None


def unread(body: bytes, _: str) -> list[Entry]:
    """Refuse a list that the walk over it could not read. Raises: FileRefused."""
    parsed(body)
    raise FileRefused("no_postings", "What this page lists cannot be told any more.")


def _visited(link: Link) -> Site:
    """Return the visit. Raises: NotAcknowledged without one."""
    if link.site is None:
        raise NotAcknowledged("Pages of a site are asked for on a visit only; nothing was asked.")
    return link.site


def search_jobs(site: Site, wish: Wish) -> Iterator[Page]:
    """Walk over the site's lists from where the wish says; each page says what it lists.

    A page that cannot be read is yielded too, and is the last. Raises: what `make_request` raises.
    """
    position: Mapping[str, Any] | None = wish.position or _start(site)
    while position is not None:
        url = listings.address_of(site.plan, position, wish)
        answer = make_request(site, url)
        at = At(position, answer.url, time.time())
        try:
            listed = parse_job_listings(site.plan, answer.response.content, at)
        except FileRefused:
            yield _page(site, answer, url)
            return
        if listed.next is not None and site.plan.paging == "sitemap" and not listed.entries:
            position = listed.next  # an index of maps, or a map without jobs
            continue
        page = _page(site, answer, url)
        told = Told(None, listed.next)
        yield replace(page, told=told, is_list=listed.is_list, listed=listed.entries)
        position = listed.next


def get_job_details(site: Site, entry: Mapping[str, Any]) -> Page:
    """Ask for the page of one posting that a list named.

    Raises: what `make_request` raises; SourceRefused when page after page has no posting in it.
    """
    url = listings.detail_address(site.plan, entry)
    if not url:
        raise SourceRefused("The list names no page of this site.", code="not_there")
    answer = make_request(site, url)
    page = _page(site, answer, url)
    return replace(page, listed=_held(site, url, page.body))


def make_request(site: Site, url: str) -> Answer:
    """Ask for one page of the site, following its own redirects only, each hop in turn.

    Raises: SourceRefused with code robots_disallow, not_wanted, not_there, no_more_pages or
        redirected; Throttled; Unavailable; Rejected; what `site.turn` raises.
    """
    for hop in range(MOST_HOPS + 1):
        asked = check_rate_limit(site, url)
        random_delay(site, asked)
        began = time.monotonic()
        response = _send(site, url)
        took = round((time.monotonic() - began) * 1000)
        target = response.headers.get("Location", "")
        meaning = meaning_of(response.status_code, target, response.content)
        if meaning is not Meaning.MOVED:
            _check(meaning, response)
            return Answer(url, response, took, hop + 1)
        url = within(site.plan, url, target)
        if not url:
            break
    raise SourceRefused(
        "The site led to another place, or in circles; its address may have changed.",
        code="redirected",
    )


def check_rate_limit(site: Site, url: str) -> timedelta:
    """Ask whether a page may be asked for at all; return the pause its host wants.

    Raises: SourceRefused with code robots_disallow, or not_wanted for a host of its own rules.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host != site.plan.host or (is_guarded(host) and not site.plan.guest):
        raise SourceRefused(f"{host} is not asked by this source.", code="not_wanted")
    rules = site.robots(f"{parts.scheme}://{parts.netloc}")
    if site.obeys_robots and not rules.allows(url, TOKEN):
        raise SourceRefused(
            f"robots.txt of {host} does not allow {parts.path or '/'}; it was not asked.",
            code="robots_disallow",
        )
    return rules.gap(TOKEN) if site.obeys_robots else timedelta()


def random_delay(site: Site, asked: timedelta) -> None:
    """Wait for the host's turn: once to twice the delay, so that collectors do not ask in step."""
    site.turn(pause(site.delay, asked, random.random()))  # noqa: S311 # spread, no secret


def send(site: Site, url: str) -> requests.Response:
    """Send one request without following anywhere; the next proxy only when this one is dead.

    Raises: what requests raises.
    """
    ways = site.proxies or ("",)
    for number, proxy in enumerate(ways, 1):
        try:
            with _way(site, url, proxy) as session:
                return session.get(url, headers=_headers(site, url), allow_redirects=False)
        except requests.RequestException as exc:
            if number == len(ways) or not http.never_sent(exc):
                raise
    raise AssertionError("unreachable")


def _send(site: Site, url: str) -> requests.Response:
    """Send one request, keep its cookies, and name what went wrong."""
    try:
        response = send(site, url)
    except http.AnswerTooLarge as exc:
        most = PAGE_BYTES >> 20
        raise SourceRefused(
            f"A page of more than {most} MB; reading stopped there.", code="answer_too_large"
        ) from exc
    except requests.RequestException as exc:
        raise http.classify(exc, idempotent=True) or Rejected("This cannot be asked.") from exc
    given = [
        {name: getattr(cookie, name) for name in ("name", "value", "domain", "path", "secure")}
        | {"expires": cookie.expires}
        for cookie in response.cookies
    ]
    if given:
        kept = cookies.taken(site.jar, given, site.plan.host)
        site.jar.clear()
        site.jar.update(kept)
        site.keep(kept)
    return response


def _way(site: Site, url: str, proxy: str) -> http.Session:
    """Open the way out to a URL."""
    seconds = site.timeout.total_seconds()
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin in site.private:
        session = http.configured(origin, timeout=seconds, max_bytes=PAGE_BYTES)
    else:
        session = http.outside(timeout=seconds, max_bytes=PAGE_BYTES)
    return session.through(proxy) if proxy else session


def _headers(site: Site, url: str) -> dict[str, str]:
    found = {"User-Agent": site.agent, "Accept": ACCEPTED}
    if cookie := cookies.header(site.jar, url, time.time()):
        found["Cookie"] = cookie
    return found


def _check(meaning: Meaning, response: requests.Response) -> None:
    """Raise what an answer means.

    Raises: SourceRefused, Throttled, Unavailable.
    """
    status = response.status_code
    wait = http.retry_after(response)
    if meaning is Meaning.REFUSED:
        raise SourceRefused(
            f"The site does not want us ({status}); nothing more is asked for a day.",
            code="not_wanted",
            status=status,
        )
    if meaning is Meaning.LATER and status == requests.codes.too_many_requests:
        raise Throttled("The site asks for a pause (429).", retry_after=wait, status=status)
    if meaning is Meaning.LATER:
        raise Unavailable(f"The site failed to answer ({status}).", retry_after=wait)
    if meaning is Meaning.GONE:
        raise SourceRefused(f"The page is gone ({status}).", code="not_there", status=status)
    if meaning is Meaning.END:
        raise SourceRefused(
            f"The site has no such page ({status}).", code="no_more_pages", status=status
        )


def _page(site: Site, answer: Answer, url: str) -> Page:
    """Return an answer as it is kept: without what the plan leaves out, with where it is from."""
    body, left_out = _without(site.plan, answer.response.content)
    request: dict[str, Any] = {"method": "GET", "url": url, **site.notes}
    if left_out:
        request["left_out"] = left_out
    request["mapping"] = {**site.plan.fields, "url": f"={answer.url}"}
    headers = {"content-type": "text/html"} | {
        name.lower(): value[:HEADER_CHARS]
        for name, value in answer.response.headers.items()
        if name.lower() in KEPT_HEADERS
    }
    return Page(
        body,
        request,
        hashlib.sha256(url.encode()).hexdigest(),
        answer.response.status_code,
        headers,
        answer.milliseconds,
        calls=answer.calls,
    )


def _without(plan: Plan, body: bytes) -> tuple[bytes, int]:
    """Drop what the plan leaves out, such as who posted; return what is left, and how many."""
    if not plan.left_out:
        return body, 0
    page, many = parsed(body), 0
    try:
        for selector in plan.left_out:
            for node in page.css(selector):
                node.decompose()
                many += 1
    except SelectolaxError as exc:
        raise SourceRefused("left_out is no CSS selector.", code="bad_selector") from exc
    return ((page.html or "").encode(), many) if many else (body, 0)


def _held(site: Site, url: str, body: bytes) -> list[Entry]:
    """Return what a posting's page holds, and notice when the site looks different now.

    Raises: SourceRefused with code page_changed when page after page cannot be read.
    """
    try:
        found = extract_job_data(site.plan, body)
    except FileRefused:
        found = []
    if found:
        site.empty.clear()
        return [Entry(url, mark_of(one), one) for one in found]
    site.empty.append(url)
    if len(site.empty) >= DRIFT_PAGES:
        raise SourceRefused(
            f"{len(site.empty)} pages in a row have no posting that can be read, the last is "
            f"{url}: the site has changed. Look at its selectors; what was collected stays.",
            code="page_changed",
        )
    return []


def _start(site: Site) -> dict[str, Any]:
    """Return where a walk begins: at the sitemaps robots.txt names, where there are such."""
    if site.plan.paging != "sitemap" or urlsplit(site.plan.url).path.endswith(".xml"):
        return {}
    parts = urlsplit(site.plan.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    named = [within(site.plan, origin, url) for url in site.robots(origin).sitemaps()]
    maps = [url for url in named if url] or [f"{origin}/sitemap.xml"]
    return {"url": maps[0], "maps": maps[1:]}
