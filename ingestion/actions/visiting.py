"""Visits to sites: whether we may, under which name, by which rules, and when to stay away."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from ingestion.actions import quotas
from ingestion.actions.robots import rules_at
from ingestion.clients import pages
from ingestion.clients.pages import Site
from ingestion.clients.walking import Link
from ingestion.errors import NotAcknowledged, SourceRefused
from ingestion.models import Acknowledgement, CookieJar, Fetch, Source
from ingestion.rules.acknowledging import is_honest
from ingestion.rules.cookies import COOKIES_LAST
from ingestion.rules.pages import Plan, guest_plan, opens_in, plan_of
from ingestion.rules.robots import Robots, State
from ingestion.rules.sources import base_url
from jobly import limits
from jobly.errors import AuthExpired, Deferred, JoblyError
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress

PLANS: MappingProxyType[str, Callable[[dict[str, Any], str], Plan]] = MappingProxyType(
    {"pages": plan_of, "linkedin_guest": guest_plan}
)
AWAY = timedelta(hours=24)  # from a site that does not want us, or looks different now
SHUT = frozenset({"not_wanted", "page_changed"})
LONGEST_TURN = timedelta(minutes=10)  # waited for on the spot
SLOWEST = timedelta(minutes=5)  # between two pages; who wants more has to be collected otherwise
NAP = 0.25  # seconds between two looks whether the run may go on
NOTHING = "nothing was asked."
log = structlog.get_logger("ingestion.visiting")


def is_visit(source: Source) -> bool:
    """Whether a source's pages are asked for under the rules of visits."""
    return source.adapter in PLANS


def visit(progress: Progress, fetch: Fetch, link: Link) -> Link:
    """Return the link with all a visit to its site needs.

    Raises: NotAcknowledged, Rejected for a plan that cannot work, Deferred while the site is shut.
    """
    source = fetch.source
    word = allowed(source)
    search = fetch.search
    plan = PLANS[source.adapter](
        {**source.settings, **(search.settings if search else {})}, link.base_url
    )
    gate = partial(_turn, progress, plan, link.gate)
    return replace(link, site=site_for(source, plan, word, gate))


def allowed(source: Source) -> Acknowledgement:
    """Return the word under which a source's pages may be asked for.

    Raises: NotAcknowledged unless all switches are set and somebody answers for it; SourceRefused
        while it is to be left alone.
    """
    if not settings.COLLECTOR_WEB_ENABLED:
        raise NotAcknowledged(
            f"Collecting pages is switched off (COLLECTOR_WEB_ENABLED); {NOTHING}",
            code="collector_off",
        )
    if not source.enabled:
        raise NotAcknowledged(f"{source} is switched off; {NOTHING}", code="source_off")
    word = source.acknowledgements.valid().order_by("-created_at").first()
    if word is None:
        raise NotAcknowledged(
            f"Nobody answers for collecting pages of {source}, or not any more; {NOTHING} "
            "A superuser acknowledges it in the admin, for 180 days."
        )
    if source.parked_until and source.parked_until > clock():
        raise SourceRefused(
            f"{source} is left alone until {source.parked_until:%Y-%m-%d %H:%M} UTC: "
            f"{source.parked_why}",
            code="left_alone",
        )
    return word


def site_for(
    source: Source, plan: Plan, word: Acknowledgement, turn: Callable[[timedelta], None]
) -> Site:
    """Put a visit together: name, rules, cookies and ways out."""
    agent = agent_of(source, plan, word)
    jar, keep = _jar(source) if not plan.guest else ({}, lambda _: None)
    site = Site(
        plan=plan,
        agent=agent,
        delay=source.figures.call_delay,
        timeout=source.figures.call_timeout,
        robots=lambda _: Robots(State.CLOSED),
        turn=turn,
        obeys_robots=word.respect_robots,
        jar=jar,
        keep=keep,
        private=frozenset(settings.COLLECTOR_PRIVATE_ORIGINS),
        proxies=_proxies(source),
        notes={"basis": word.basis, "acknowledgement": str(word.pk), "agent": agent},
    )
    return replace(site, robots=partial(rules_of, site))


def agent_of(source: Source, plan: Plan, word: Acknowledgement) -> str:
    """Return the one name a source's pages are asked for under, always the same one.

    Another name than ours needs the acknowledgement, and is logged.
    """
    if word.agent and not is_honest(word.agent):
        log.warning("other_agent", source=str(source.pk), agent=word.agent, by=word.who)
    if word.agent:
        return word.agent
    ours = [name for name in settings.COLLECTOR_AGENTS if is_honest(name)]
    ours = ours or [settings.COLLECTOR_AGENT]
    if plan.agent in ours:
        return plan.agent
    return ours[_stable(source) % len(ours)]


def rules_of(site: Site, origin: str) -> Robots:
    """Return what an origin's robots.txt lets us do, asked for in its host's turn."""

    def send(url: str) -> Any:
        site.turn(site.delay)
        return pages.send(site, url)

    return rules_at(origin, send)


def stay_away(source: Source, error: JoblyError) -> None:
    """Leave a site alone for a day that refused us, with every source of its; tell the staff.

    To be called in the transaction that ends the walk. Emits: SourceParked.
    """
    if not is_visit(source) or error.code not in SHUT:
        return
    host = _host(source)
    until = clock() + AWAY
    for other in Source.objects.filter(adapter__in=PLANS).select_related("company"):
        if other.pk == source.pk or (error.code == "not_wanted" and _host(other) == host):
            quotas.park(other, until, error.message)


def _turn(progress: Progress, plan: Plan, gate: Callable[[int], None], gap: timedelta) -> None:
    """Wait until the host may be asked again, then let one request out.

    Raises: Deferred outside of its hours; SourceRefused for a host that wants longer pauses than
        a run can make; what `gate` raises.
    """
    if wait := opens_in(plan, clock()):
        raise Deferred(f"{plan.host} is asked in its hours only.", until=clock() + wait)
    if gap > 2 * SLOWEST:
        raise SourceRefused(
            f"{plan.host} wants {gap} between two pages; {NOTHING} Ask it for a feed.",
            code="too_slow",
        )
    until = time.monotonic() + LONGEST_TURN.total_seconds()
    key, window = f"host:{plan.host}", max(gap, limits.MILLISECOND)
    while wait := limits.take(key, limit=1, window=window, kept=2 * SLOWEST):
        if time.monotonic() > until:
            raise Deferred(f"{plan.host} is asked by others just now.", until=clock() + wait)
        time.sleep(min(wait.total_seconds(), NAP))
        progress.checkpoint()
    gate(1)


def _jar(source: Source) -> tuple[dict[str, Any], Callable[[Any], None]]:
    """Return a source's cookies that are not over, and how to keep new ones."""

    def keep(cookies: Any) -> None:
        keep_cookies(source, cookies)

    row = CookieJar.objects.filter(source=source, expires_at__gt=clock()).first()
    try:
        return (dict(row.cookies or {}) if row else {}), keep
    except AuthExpired:  # the key that sealed them is gone: the site gives new ones
        return {}, keep


def keep_cookies(source: Source, cookies: Mapping[str, Any]) -> CookieJar:
    """Store a source's cookies in place of those it had, sealed, for a week."""
    now = clock()
    row = CookieJar.objects.filter(source=source).first() or CookieJar(source=source)
    row.cookies = dict(cookies)
    row.many, row.updated_at, row.expires_at = len(cookies), now, now + COOKIES_LAST
    row.save()
    return row


@transaction
def wipe_cookies(source: Source) -> int:
    """Forget all cookies of a source; return how many jars there were."""
    return CookieJar.objects.filter(source=source).delete()[0]


def _proxies(source: Source) -> tuple[str, ...]:
    """Return the operator's ways out, the one that is always this source's first."""
    ways: list[str] = settings.COLLECTOR_PROXIES
    start = _stable(source) % len(ways) if ways else 0
    return tuple(ways[start:] + ways[:start])


def _stable(source: Source) -> int:
    return int.from_bytes(hashlib.sha256(source.pk.bytes).digest()[:4])


def _host(source: Source) -> str:
    url = source.base_url or str(source.settings.get("url") or base_url(source.adapter, {}))
    return (urlsplit(url).hostname or "").lower()
