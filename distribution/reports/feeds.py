"""Feeds as they are: who is listed, what an edition contained, who fetched it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q

from distribution.models import Channel, Distribution, Feed, FeedEntry, FeedFetch
from distribution.reports.content import site_url
from distribution.rules.feeds.formats import Format, opened, written
from distribution.rules.feeds.listed import VERSION, Frame, Listed
from ingestion.models import Source
from ingestion.models.catalogue import job_slug
from ingestion.rules.sources import TO_BOARDS
from jobly.users.models import Company

AT_A_TIME = 500  # jobs read and written at once: what streaming holds in memory
LATELY = 50  # fetches shown

T = TypeVar("T")
PLACED, LISTED, ENDS, SINCE = map(
    Listed._fields.index, ("more_places", "listed_at", "expires_at", "updated_at")
)

# what is told of a job; a change of any begins a new edition, being touched without one does not
WORDS = """j.title, j.description_html, e.name, e.url, j.location_text, j.city, j.region, j.country,
    j.more_places, j.remote, j.employment_type, j.seniority, j.department, j.education,
    j.experience_months, j.salary_min, j.salary_max, j.salary_currency, j.salary_period,
    j.salary_source, j.apply_url, j.url, j.reference"""
LISTED_AT = "least(coalesce(j.posted_at, j.first_seen_at), j.first_seen_at)"
TOLD = f"{WORDS}, {LISTED_AT}, j.expires_at"
# seconds: a moment's text takes Python longer to read than all other columns of a job
MOMENTS = f"extract(epoch FROM {LISTED_AT})::float8, extract(epoch FROM j.expires_at)::float8"
JOBS = """ingestion_job j JOIN ingestion_employer e ON e.id = j.employer_id
    LEFT JOIN ingestion_jobdesk k ON k.job_id = j.id"""
OPEN = "j.company_id = %(company)s AND j.status = 'live' AND coalesce(k.is_public, true)"
ON_BOARD = f"{OPEN} AND j.on_board AND j.source_id <> ALL(%(barred)s::uuid[])"
# the publications that stand on a feed channel, and the how manyeth of its job there each is
STANDING = """distribution_distribution d ON d.job_id = j.id AND d.channel_id = %(channel)s
    AND d.status IN ('accepted', 'published') AND d.rehearsal_id IS NULL"""
RELISTED = """(SELECT count(*) FROM distribution_distribution b WHERE b.job_id = d.job_id
    AND b.channel_id = d.channel_id AND b.id < d.id AND b.rehearsal_id IS NULL
    AND b.accepted_at IS NOT NULL)"""
PLACES = """CASE WHEN j.more_places = '[]' THEN 1 ELSE (SELECT count(DISTINCT p) + 1 FROM
    jsonb_array_elements(j.more_places) m, LATERAL (SELECT coalesce(m ->> 'city', ''),
    coalesce(m ->> 'region', ''), coalesce(m ->> 'country', '')) AS p(city, region, country)
    WHERE (p.city, p.region, p.country) NOT IN ((j.city, j.region, j.country), ('', '', ''))) END"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One fetch of a feed, as proof for one publication. `included`: the edition had its job."""

    at: datetime
    who: str
    format: str
    edition: int
    included: bool


def channel_of(company: Company, name: str) -> Channel | None:
    """Return the company's channel that is fetched in a format; of several the oldest."""
    rows = Channel.objects.usable().filter(company=company).order_by("created_at", "id")
    return next((row for row in rows if row.is_fetched and format_of(row) == name), None)


def format_of(channel: Channel) -> str:
    """Return the name of the format that a channel is fetched in."""
    return str(channel.all_options.get("format") or "generic")


def frame_of(feed: Feed, company: Company, kind: Format) -> Frame:
    """Return what a feed says of itself in its present edition."""
    site = site_url()
    return Frame(
        company=company.name,
        site=site,
        address=f"{site}/feeds/{company.slug}/{kind.file}",
        board=f"{site}/boards/{company.slug}/",
        edition=feed.edition,
        jobs=feed.jobs,
        entries=feed.elements,
        changed_at=feed.changed_at or feed.editions.latest("number").at,
        options=feed.channel.all_options if feed.channel else {},
    )


def about(company: Company, channel: Channel | None) -> str:
    """Return a digest of all that a feed says beside its jobs."""
    options = channel.all_options if channel else {}
    told = [
        VERSION,
        company.name,
        company.slug,
        site_url(),
        options,
        sorted(map(str, _barred(company.pk))),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def standing(channel: Channel | None) -> str:
    """Return a digest of the publications that stand on a feed's channel, "" without one."""
    if channel is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(hashtextextended(id::text || token, 0)) "
            "FROM distribution_distribution d WHERE channel_id = %s "
            "AND status IN ('accepted', 'published') AND rehearsal_id IS NULL",
            [channel.pk],
        )
        return "{}-{}".format(*cursor.fetchone())[:64]


def has_moved(feed: Feed) -> bool:
    """Whether any job of the company may have changed since the feed's edition was made.

    Reads only what changed since, by the index of changes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ingestion_jobchange WHERE xid >= %s AND company_id = %s)",
            [feed.mark, feed.company_id],
        )
        return bool(cursor.fetchone()[0])


def listing(feed: Feed) -> tuple[str, dict[str, Any]]:
    """Return the query of who is listed now (job, digest, elements), and its values.

    The listing of a channel is its standing publications; without one it is the own board's, of
    which boards are not shown what its source keeps from them.
    """
    given: dict[str, Any] = {"company": feed.company_id, "channel": feed.channel_id}
    if feed.channel_id:
        told = f"{TOLD}, j.on_board, d.token, {RELISTED}"
        tables, where = f"{JOBS} JOIN {STANDING}", OPEN
    else:
        told, tables, where = f"{TOLD}, j.on_board", JOBS, ON_BOARD
        given["barred"] = _barred(feed.company_id)
    row = f"hashtextextended(ROW({told})::text, 0)"
    query = f"SELECT j.id AS job_id, {row} AS digest, {PLACES} AS elements FROM {tables}"  # noqa: S608 # our own words
    return f"{query} WHERE {where}", given


def _barred(company_id: UUID) -> list[UUID]:
    """Return the sources whose jobs go to no outside board."""
    rows = Source.objects.filter(Q(company=None) | Q(company=company_id))
    return [row.pk for row in rows if row.figures.rights not in TO_BOARDS]


def each_page(feed: Feed, make: Callable[[list[Listed]], T]) -> Iterator[T]:
    """Yield what `make` makes of the jobs of a feed's edition, some at a time, by number.

    The database looks for the next ones while `make` works. Each step is a query of its own and
    read whole before anything is yielded, so that a slow reader holds no snapshot. A job that
    closed in between is left out.
    """
    given: dict[str, Any] = {"feed": feed.pk, "edition": feed.edition, "after": 0}
    query, more = _page(bool(feed.channel_id))
    given |= {"company": feed.company_id, "channel": feed.channel_id, "most": AT_A_TIME}
    if more:
        given["barred"] = _barred(feed.company_id)
    began: dict[int, datetime] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        rows = cursor.fetchall()
    while rows:
        given["after"] = rows[-1][0]
        if unknown := {row[SINCE] for row in rows}.difference(began):
            began |= feed.editions.filter(number__in=unknown).values_list("number", "at")
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            connection.connection.pipeline(),
        ):
            cursor.execute(query, given)
            made = make([_listed(row, began) for row in rows if row[-1]])
            rows = cursor.fetchall()
        yield made


@lru_cache(maxsize=2)
def _page(of_channel: bool) -> tuple[str, bool]:  # noqa: FBT001 # one of two queries
    """Return the query of some jobs of an edition; whether it asks for barred sources.

    Its last column: whether the job still is in the listing. A job changed when the edition began
    that was the first to tell of it as it is.
    """
    columns = f"d.token, {RELISTED}" if of_channel else "'', 0"
    still = f"{OPEN} AND d.id IS NOT NULL" if of_channel else ON_BOARD
    join = f"LEFT JOIN {STANDING}" if of_channel else ""
    # the numbers first: otherwise whoever plans without figures may sort all jobs for each step
    query = f"""WITH x AS MATERIALIZED (
            SELECT job_id, since FROM distribution_feedentry WHERE feed_id = %(feed)s
            AND job_id > %(after)s AND since <= %(edition)s
            AND (until IS NULL OR until > %(edition)s) ORDER BY job_id LIMIT %(most)s)
        SELECT j.id, {WORDS}, {MOMENTS}, x.since, j.on_board, {columns}, ({still})
        FROM x JOIN ingestion_job j ON j.id = x.job_id
        JOIN ingestion_employer e ON e.id = j.employer_id
        LEFT JOIN ingestion_jobdesk k ON k.job_id = j.id {join}
        ORDER BY x.job_id"""  # noqa: S608 # our own words
    return query, not of_channel


def _listed(row: tuple[Any, ...], began: Mapping[int, datetime]) -> Listed:
    """Make a job of a row of `_page`; it changed last when its edition began."""
    values = list(row)
    places = values[PLACED]
    values[PLACED] = json.loads(places) if places and places != "[]" else []
    values[SINCE] = began[values[SINCE]]
    for at in (LISTED, ENDS):
        if values[at] is not None:
            values[at] = datetime.fromtimestamp(values[at], UTC)
    values[-1] = f"/jobs/{values[0]}-{job_slug(values[1], values[3])}/"
    return Listed._make(values)


def pieces(feed: Feed, kind: Format, frame: Frame) -> Iterator[tuple[bytes, int]]:
    """Yield a feed as bytes, with how many jobs are in each piece."""
    yield opened(kind, frame), 0
    comma = b""
    for piece, jobs in each_page(feed, lambda jobs: (written(kind, jobs, frame), len(jobs))):
        if piece:
            yield comma + piece, jobs
            comma = kind.between.encode()
    yield kind.foot.encode(), 0


def fetches_of(distribution: Distribution, limit: int = LATELY) -> list[Receipt]:
    """Return the fetches of the feed a publication is in since it began, newest first."""
    feed = Feed.objects.filter(channel=distribution.channel_id).first()
    if feed is None:
        return []
    rows = FeedFetch.objects.filter(feed=feed, at__gte=distribution.created_at).order_by("-at")
    spans = list(
        FeedEntry.objects.filter(feed=feed, job_id=distribution.job_id).values_list(
            "since", "until"
        )
    )
    return [
        Receipt(row.at, row.who, row.format, row.edition, row.is_whole and _had(spans, row.edition))
        for row in rows[:limit]
    ]


def _had(spans: list[tuple[int, int | None]], edition: int) -> bool:
    return any(since <= edition and (until is None or edition < until) for since, until in spans)
