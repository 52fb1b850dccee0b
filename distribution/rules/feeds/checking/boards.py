"""What each board's rules say of the entries of its feed."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from distribution.rules.feeds.markup import INDEED_TAGS, LINKEDIN_TAGS

from .findings import (
    GENERIC,
    INDEED,
    JOOBLE,
    JOOBLE_AGE,
    LINKEDIN,
    RSS,
    SITEMAPS,
    SPECS,
    Entry,
    Finding,
    address,
    aged,
    day,
    error,
    moment,
    placed_in_title,
    plain,
    required,
    titled,
    warning,
)

Check = Callable[[Entry, str, datetime], Iterator[Finding]]

INDEED_NEEDS = (
    *("title", "date", "referencenumber", "requisitionid", "url", "company", "sourcename"),
    *("city", "country", "description"),
)
LINKEDIN_NEEDS = "partnerJobId company title description applyUrl".split()
JOOBLE_NEEDS = "link name region description pubdate".split()
GENERIC_NEEDS = "reference title company url description posted_at".split()
REFERENCE_MAX = 40
DESCRIPTION_MIN = 100  # characters that LinkedIn wants
SHORTHAND = re.compile(r"\d\s?k\b", re.IGNORECASE)
JOBTYPES = frozenset("fulltime parttime contract temporary internship volunteer".split())
LINKEDIN_TYPES = frozenset("FULL_TIME PART_TIME CONTRACT INTERNSHIP VOLUNTEER TEMPORARY".split())
WORKPLACES = frozenset({"On-site", "Hybrid", "Remote"})
NAMES = re.compile(r"</?([a-zA-Z0-9]+)")


def _tags(html: str, known: frozenset[str], key: str, source: str) -> Iterator[Finding]:
    if other := {name.lower() for name in NAMES.findall(html)} - known:
        names = ", ".join(sorted(other))
        yield error("unknown_tags", "description", f"Not kept there: {names}.", source, key)


def indeed(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    """Check one entry by Indeed's rules."""
    yield from required(entry, INDEED_NEEDS, key, INDEED)
    yield from titled(entry.get("title", ""), key)
    yield from placed_in_title(entry, key, "title", "city")
    yield from address(entry.get("url", ""), "url", key, INDEED)
    yield from _tags(entry.get("description", ""), INDEED_TAGS, key, INDEED)
    at = moment(entry.get("date", ""))
    if at is None:
        yield error("bad_date", "date", "Expected ISO 8601 or RFC 822.", INDEED, key)
    else:
        yield from aged(at, now, "date", key)
    yield from _indeed_words(entry, key)


def _indeed_words(entry: Entry, key: str) -> Iterator[Finding]:
    if entry.get("city") == "Remote":
        if entry.get("state") or entry.get("postalcode"):
            yield error("remote_place", "state", "A remote job has no state.", INDEED, key)
    elif "state" not in entry:
        yield error("missing", "state", "<state> has to stand there, even empty.", INDEED, key)
    if not entry.get("email"):
        message = "No contact to verify the account: set contact_email on a feed channel."
        yield warning("no_contact", "email", message, INDEED, key)
    if SHORTHAND.search(entry.get("salary", "")):
        yield error("pay_shorthand", "salary", "No shorthand such as 50k.", INDEED, key)
    if entry.get("jobtype") and entry["jobtype"] not in JOBTYPES:
        yield warning("unknown_jobtype", "jobtype", f"{entry['jobtype']!r}.", INDEED, key)
    if len(plain(entry.get("description", ""))) < DESCRIPTION_MIN:
        yield warning("description_short", "description", "Hardly any text.", INDEED, key)


def linkedin(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    """Check one entry by LinkedIn's rules."""
    yield from required(entry, LINKEDIN_NEEDS, key, LINKEDIN)
    yield from titled(entry.get("title", ""), key)
    if len(key) > REFERENCE_MAX:
        message = f"{len(key)} characters; at most {REFERENCE_MAX}."
        yield error("reference_long", "partnerJobId", message, LINKEDIN, key)
    for name, words in (("companyId", "linkedin_company_id"), ("posterEmail", "poster_email")):
        if not entry.get(name):
            message = f"LinkedIn asks for <{name}>: set {words} on a feed channel."
            yield error("missing", name, message, LINKEDIN, key)
    if entry.get("companyId") and not entry["companyId"].isdigit():
        yield error("bad_company", "companyId", "LinkedIn's number of the company.", LINKEDIN, key)
    yield from _linkedin_words(entry, key)
    listed = day(entry.get("listDate", ""), "%m/%d/%Y")
    if listed and listed > now.date():
        yield error("date_ahead", "listDate", "The date lies in the future.", LINKEDIN, key)


def _linkedin_words(entry: Entry, key: str) -> Iterator[Finding]:
    yield from address(entry.get("applyUrl", ""), "applyUrl", key, LINKEDIN)
    if "/go/" in entry.get("applyUrl", ""):
        message = "It counts and leads on; LinkedIn asks for addresses without redirects."
        yield warning("redirects", "applyUrl", message, LINKEDIN, key)
    if not entry.get("location") and not (entry.get("city") and entry.get("country")):
        yield error("missing", "location", "A place, or city and country.", LINKEDIN, key)
    if len(plain(entry.get("description", ""))) < DESCRIPTION_MIN:
        message = f"At least {DESCRIPTION_MIN} characters."
        yield error("description_short", "description", message, LINKEDIN, key)
    yield from _tags(entry.get("description", ""), LINKEDIN_TAGS, key, LINKEDIN)
    for name, known in (("jobtype", LINKEDIN_TYPES), ("workplaceTypes", WORKPLACES)):
        if entry.get(name) and entry[name] not in known:
            yield error("unknown_word", name, f"{entry[name]!r} is not known.", LINKEDIN, key)
    if len(entry.get("country", "")) not in (0, 2):
        yield error("bad_country", "country", "Two letters of ISO 3166.", LINKEDIN, key)


def jooble(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    """Check one entry by Jooble's rules."""
    if not key:
        yield error("missing", "id", "Each <job> needs an id.", JOOBLE)
    yield from required(entry, JOOBLE_NEEDS, key, JOOBLE)
    yield from titled(entry.get("name", ""), key, "name")
    yield from address(entry.get("link", ""), "link", key, JOOBLE)
    days = {name: day(entry.get(name, ""), "%d.%m.%Y") for name in ("pubdate", "updated", "expire")}
    for name, at in days.items():
        if at is None and (entry.get(name) or name == "pubdate"):
            yield error("bad_date", name, "Expected DD.MM.YYYY.", JOOBLE, key)
    newest = max(filter(None, (days["pubdate"], days["updated"])), default=None)
    if newest and now.date() - newest > JOOBLE_AGE:
        message = f"Not changed for {JOOBLE_AGE.days} days: Jooble does not list it; relist it."
        yield warning("old", "pubdate", message, JOOBLE, key)
    if days["expire"] and days["expire"] < now.date():
        yield error("expired", "expire", "It has run out and is still listed.", JOOBLE, key)


def generic(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    """Check one entry by what all boards want."""
    yield from required(entry, GENERIC_NEEDS, key, GENERIC)
    yield from titled(entry.get("title", ""), key)
    yield from address(entry.get("url", ""), "url", key, GENERIC)
    for name in ("posted_at", "updated_at", "expires_at"):
        at = moment(entry.get(name, "")) if entry.get(name) else None
        if entry.get(name) and at is None:
            yield error("bad_date", name, "Expected ISO 8601.", GENERIC, key)
        elif name == "posted_at" and at:
            yield from aged(at, now, name, key)
        elif name == "expires_at" and at and at < now:
            yield warning("expired", name, "It has run out and is still listed.", GENERIC, key)


def rss(entry: Entry, key: str, _now: datetime) -> Iterator[Finding]:
    """Check one item of an RSS feed."""
    yield from required(entry, ("title", "link", "guid", "pubDate", "description"), key, RSS)
    yield from address(entry.get("link", ""), "link", key, RSS)
    if moment(entry.get("pubDate", "")) is None:
        yield error("bad_date", "pubDate", "Expected RFC 822.", RSS, key)


def atom(entry: Entry, key: str, _now: datetime) -> Iterator[Finding]:
    """Check one entry of an Atom feed."""
    yield from required(entry, ("id", "title", "updated", "link"), key, SPECS)
    yield from address(entry.get("link", ""), "link", key, SPECS)
    for name in ("published", "updated"):
        if moment(entry.get(name, "")) is None:
            yield error("bad_date", name, "Expected RFC 3339.", SPECS, key)


def jsonfeed(entry: Entry, key: str, _now: datetime) -> Iterator[Finding]:
    """Check one item of a JSON Feed."""
    yield from required(entry, ("id", "url", "title", "content_html"), key, SPECS)
    yield from address(entry.get("url", ""), "url", key, SPECS)
    for name in ("date_published", "date_modified"):
        if moment(entry.get(name, "")) is None:
            yield error("bad_date", name, "Expected RFC 3339.", SPECS, key)


def sitemap(entry: Entry, key: str, now: datetime) -> Iterator[Finding]:
    """Check one address of a sitemap."""
    yield from required(entry, ("loc", "lastmod"), key, SITEMAPS)
    yield from address(entry.get("loc", ""), "loc", key, SITEMAPS)
    at = moment(entry.get("lastmod", ""))
    if at is None or at > now:
        yield error("bad_date", "lastmod", "A moment that has been, in W3C form.", SITEMAPS, key)
    if "/go/" in entry.get("loc", ""):
        yield error("not_canonical", "loc", "The page's own address, no link to it.", SITEMAPS, key)
