"""Sources and their search sets: made by name, checked before they are asked, put on the clock."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ingestion.clients import SOURCES
from ingestion.errors import SourceMisconfigured
from ingestion.models import Search, Source
from ingestion.rules.asking import address
from ingestion.rules.sources import ANSWERED_FOR, PROFILES, base_url, lacking
from jobly.errors import AuthExpired, Rejected
from jobly.runs.actions import transaction
from jobly.runs.actions.rescheduling import change
from jobly.runs.actions.schedules import tell_beat
from jobly.runs.models import Schedule
from jobly.runs.rules.clock import parse_clock
from jobly.users.models import User

FEEDS = frozenset({"feed", "personio", "teamtailor", "weworkremotely"})
NOTHING = "nothing was asked."


def check(source: Source) -> None:
    """Raise SourceMisconfigured unless a source is switched on and has all that asking it takes."""
    if not source.enabled:
        raise SourceMisconfigured(f"{source} is switched off; {NOTHING} Switch it on first.")
    if source.adapter not in SOURCES:
        why = "takes files only" if not source.adapter else f"has no adapter {source.adapter}"
        raise SourceMisconfigured(f"{source} {why}; {NOTHING}")
    try:
        credentials = source.credentials or {}
    except AuthExpired as exc:
        raise SourceMisconfigured(f"{source}: {exc.message} {NOTHING}") from exc
    if missing := lacking(source.adapter, source.settings, credentials):
        raise SourceMisconfigured(
            f"{source} lacks {', '.join(missing)}; {NOTHING} Set it in the source's settings or "
            "credentials.",
            fields={name: ["missing"] for name in missing},
        )
    if not source.base_url:
        address(base_url(source.adapter, source.settings), source.settings)


def source_to_collect(name: str) -> Source:
    """Return the source of that name; `adapter` or `adapter:board` makes one that needs no more.

    Raises: Rejected with the nearest names.
    """
    found = list(Source.objects.filter(name=name).select_related("company")[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise Rejected(f"Several companies have a source {name}; name it in the admin. {NOTHING}")
    adapter, _, value = name.partition(":")
    profile = PROFILES.get(adapter)
    if profile is None or profile.secrets or len(profile.needs) != bool(value):
        near = get_close_matches(name, Source.objects.values_list("name", flat=True), n=3)
        known = ", ".join(near) or ", ".join(sorted(PROFILES))
        raise Rejected(f"There is no source {name}; {NOTHING} There are: {known}.")
    settings = {profile.needs[0]: value} if value else {}
    return add_source(name, adapter, settings=settings)


def kind_of(adapter: str) -> Source.Kind:
    """Return how items of an adapter arrive."""
    if adapter in ANSWERED_FOR:
        return Source.Kind.PAGES
    return Source.Kind.FEED if adapter in FEEDS else Source.Kind.API


def add_source(name: str, adapter: str, **columns: Any) -> Source:
    """Make a public source of an adapter, switched on; one of pages waits to be answered for."""
    known = {"adapter": adapter, "kind": kind_of(adapter), "enabled": adapter not in ANSWERED_FOR}
    row, _ = Source.objects.get_or_create(company=None, name=name, defaults={**known, **columns})
    return row


def search_of(source: Source, query: str, location: str, country: str = "") -> Search:
    """Return the cell of a source's search set for these words, made beside the set when new.

    Raises: SourceMisconfigured for a source that takes no query.
    """
    if not source.searches_by_query and (query or location):
        raise SourceMisconfigured(
            f"{source} gives all it has and takes no query; {NOTHING} Leave the query out."
        )
    row, _ = Search.objects.get_or_create(
        source=source,
        query=query,
        location=location,
        country=country.upper(),
        defaults={"enabled": False},
    )
    return row


@transaction
def set_searches(source: Source, queries: list[str], locations: list[str], **columns: Any) -> int:
    """Make every cell of queries × locations; return how many are new. Others are left alone."""
    cells = [(query, place) for query in queries for place in locations or [""]]
    made = 0
    for query, place in cells:
        cell = search_of(source, query, place, str(columns.get("country") or ""))
        made += not cell.enabled
        Search.objects.filter(pk=cell.pk).update(enabled=True, pages=columns.get("pages"))
    return made


@transaction
def set_credentials(source: Source, credentials: Mapping[str, str]) -> None:
    """Replace the secrets of a source."""
    source.credentials = dict(credentials)
    source.save(update_fields=["credentials"])


@transaction
def set_clock(source: Source, clock: str, *, actor: User | None) -> Source:
    """Have a source collected by the clock (a crontab in UTC, or "every 6 h"); empty = by hand.

    Raises: Rejected for what is no clock; nothing is changed.
    """
    schedule = source.schedule
    if schedule is not None:
        columns = {"enabled": bool(clock)} | ({"clock": clock} if clock else {})
        change(schedule, actor=actor, **columns)
        return source
    if not clock:
        return source
    try:
        parsed = parse_clock(clock)
    except ValueError as wrong:
        text = f"{wrong}; the source was not changed."
        raise Rejected(text, fields={"clock": [str(wrong)]}) from wrong
    schedule = Schedule.objects.create(
        name=f"collect {source.name[:60]} ({str(source.pk)[-6:]})",
        kind="ingestion.collect",
        args={"source_id": str(source.pk), "strategy": source.strategy},
        clock=clock,
    )
    tell_beat(schedule, parsed)
    source.schedule = schedule
    source.save(update_fields=["schedule"])
    return source
