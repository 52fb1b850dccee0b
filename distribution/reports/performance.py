"""What channels and jobs brought: views, clicks, applications, interviews, hires, at what cost."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from distribution.models import Channel
from distribution.rules.performance import CostRange, Period, cost_range, days_of, rate, share
from distribution.rules.trend import Trend, trend
from ingestion.models import Job

By = Literal["channel", "job"]

# each narrows to the companies a person sees, and to one channel or job where asked
_SCOPE = """
    (%(companies)s::uuid[] IS NULL OR {0}.company_id = ANY(%(companies)s::uuid[]))
    AND (%(job)s::bigint IS NULL OR {0}.job_id = %(job)s)
"""  # constants
_PUBLICATIONS = f"""
    SELECT d.id, d.channel_id AS channel, d.job_id AS job FROM distribution_distribution AS d
    WHERE {_SCOPE.format("d")} AND d.rehearsal_id IS NULL
        AND (%(channel)s::uuid IS NULL OR d.channel_id = %(channel)s)
"""  # noqa: S608 # constants
CLICKS = f"""
    SELECT p.{{key}}, sum(c.people + c.unseen), sum(c.unseen), sum(c.machines)
    FROM distribution_clickday AS c JOIN ({_PUBLICATIONS}) AS p ON p.id = c.distribution_id
    WHERE c."on" BETWEEN %(first)s AND %(last)s
        AND (%(companies)s::uuid[] IS NULL OR c.company_id = ANY(%(companies)s::uuid[]))
    GROUP BY 1
"""  # noqa: S608 # constants
# counters of boards run on: of a period counts what they rose by, whoever told them
_ROSE = """
    CASE WHEN count(r.{0}) FILTER (WHERE r.at >= %(start)s) > 0 THEN greatest(
        max(r.{0}) - coalesce(max(r.{0}) FILTER (WHERE r.at < %(start)s), 0), 0) END AS {0}
"""
BOARDS = f"""
    SELECT told.key, sum(told.views), sum(told.clicks), sum(told.applications), max(told.at),
        string_agg(DISTINCT told.sources, ',')
    FROM (
        SELECT p.{{key}} AS key, {_ROSE.format("views")}, {_ROSE.format("clicks")},
            {_ROSE.format("applications")}, max(r.at) AS at,
            string_agg(DISTINCT r.source, ',') AS sources
        FROM distribution_reading AS r JOIN ({_PUBLICATIONS}) AS p ON p.id = r.distribution_id
        WHERE r.at < %(end)s GROUP BY p.id, 1
    ) AS told GROUP BY 1
"""  # noqa: S608 # constants
_INTERVIEWED = """
    (a.stage IN ('interview', 'offer', 'hired') OR a.stage IN ('rejected', 'withdrawn') AND EXISTS (
        SELECT FROM distribution_applicantmove AS m WHERE m.applicant_id = a.id
            AND m.was IN ('interview', 'offer', 'hired') AND m.became IN ('rejected', 'withdrawn')))
"""  # constants
_REACHED = f"""
    count(*), count(*) FILTER (WHERE {_INTERVIEWED}), count(*) FILTER (WHERE a.stage = 'hired')
"""  # constants
_APPLIED = f"""
    a.created_at >= %(start)s AND a.created_at < %(end)s AND {_SCOPE.format("a")}
"""  # constants
# of those that nobody knows the way of, a channel may have brought those for jobs it shows
APPLICATIONS = f"""
    SELECT {{mine}}, CASE WHEN d.id IS NULL THEN 'unknown' ELSE a.known END, {_REACHED}
    FROM distribution_applicant AS a
    LEFT JOIN distribution_distribution AS d ON d.id = a.distribution_id
    WHERE {_APPLIED} AND (
        %(channel)s::uuid IS NULL OR d.channel_id = %(channel)s OR d.id IS NULL AND EXISTS (
            SELECT FROM distribution_distribution AS x
            WHERE x.job_id = a.job_id AND x.channel_id = %(channel)s))
    GROUP BY 1, 2
"""  # noqa: S608 # constants
PERHAPS = f"""
    SELECT x.channel_id, {_REACHED}
    FROM distribution_applicant AS a
    JOIN (SELECT DISTINCT job_id, channel_id FROM distribution_distribution
        WHERE rehearsal_id IS NULL) AS x
        ON x.job_id = a.job_id
    WHERE {_APPLIED} AND a.distribution_id IS NULL GROUP BY 1
"""  # noqa: S608 # constants
CHARGES = f"""
    SELECT p.{{key}}, c.currency, sum(c.amount_minor)
    FROM distribution_charge AS c JOIN ({_PUBLICATIONS}) AS p ON p.id = c.distribution_id
    WHERE c.at >= %(start)s AND c.at < %(end)s AND c.amount_minor <> 0 GROUP BY 1, 2
"""  # noqa: S608 # constants
DAYS = f"""
    SELECT 'clicks', c."on", sum(c.people + c.unseen)
    FROM distribution_clickday AS c JOIN ({_PUBLICATIONS}) AS p ON p.id = c.distribution_id
    WHERE c."on" BETWEEN %(first)s AND %(last)s
        AND (%(companies)s::uuid[] IS NULL OR c.company_id = ANY(%(companies)s::uuid[]))
    GROUP BY 2
    UNION ALL
    SELECT 'applications', (a.created_at AT TIME ZONE 'UTC')::date, count(*)
    FROM distribution_applicant AS a
    LEFT JOIN distribution_distribution AS d ON d.id = a.distribution_id
    WHERE {_APPLIED} AND (%(channel)s::uuid IS NULL OR d.channel_id = %(channel)s) GROUP BY 2
"""  # noqa: S608 # constants


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, of which days; `companies` None = all there are."""

    period: Period
    by: By
    companies: tuple[UUID, ...] | None
    channel: UUID | None = None
    job: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return what the statements are given."""
        first, last = self.period.first, self.period.last
        return {
            "companies": None if self.companies is None else list(self.companies),
            "channel": self.channel,
            "job": self.job,
            "first": first,
            "last": last,
            "start": datetime.combine(first, time(), UTC),
            "end": datetime.combine(last + timedelta(days=1), time(), UTC),
        }


@dataclass
class Line:
    """What one channel or job brought; `None` = its boards told nothing of it.

    Applications are credited (`known`, `matched`) or perhaps its own (`unknown`); interviews and
    hires are those of the applications of the period, until today.
    """

    key: Any
    name: str = ""
    detail: str = ""
    clicks: int = 0
    unseen: int = 0
    machines: int = 0
    views: int | None = None
    board_clicks: int | None = None
    board_applications: int | None = None
    told_at: datetime | None = None
    sources: str = ""
    known: int = 0
    matched: int = 0
    unknown: int = 0
    interviews: int = 0
    interviews_unknown: int = 0
    hires: int = 0
    hires_unknown: int = 0
    costs: dict[str, int] = field(default_factory=dict)

    @property
    def applications(self) -> int:
        """Applications credited to it."""
        return self.known + self.matched

    @property
    def unknown_share(self) -> float:
        """How many of the applications that may be its own are of unknown origin, in percent."""
        return share(self.unknown, self.applications + self.unknown)

    @property
    def click_rate(self) -> float | None:
        """Clicks we counted of the views the boards counted."""
        return rate(self.clicks, self.views or 0)

    @property
    def application_rate(self) -> float | None:
        """Credited applications of the clicks we counted."""
        return rate(self.applications, self.clicks)

    @property
    def interview_rate(self) -> float | None:
        """Interviews of credited applications."""
        return rate(self.interviews, self.applications)

    @property
    def hire_rate(self) -> float | None:
        """Hires of interviews."""
        return rate(self.hires, self.interviews)

    @property
    def per_click(self) -> list[CostRange]:
        """Cost of a click; the board's own count is the other end of the range."""
        more = max(0, (self.board_clicks or 0) - self.clicks)
        return [cost_range(sum_, code, self.clicks, more) for code, sum_ in self._costs]

    @property
    def per_application(self) -> list[CostRange]:
        """Cost of an application, from all unknown credited to none."""
        found = self.applications, self.unknown
        return [cost_range(sum_, code, *found) for code, sum_ in self._costs]

    @property
    def per_hire(self) -> list[CostRange]:
        """Cost of a hire, from all unknown credited to none."""
        found = self.hires, self.hires_unknown
        return [cost_range(sum_, code, *found) for code, sum_ in self._costs]

    @property
    def _costs(self) -> list[tuple[str, int]]:
        return sorted(self.costs.items())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted here at all."""
        counts = (self.clicks, self.machines, self.views, self.board_clicks, self.unknown)
        return not any((*counts, self.board_applications, self.applications, self.costs))


@dataclass
class Performance:
    """The lines of a scope, most clicks first, with what they come to together."""

    scope: Scope
    lines: list[Line]
    total: Line

    @cached_property
    def trend(self) -> Trend:
        """Return clicks and applications day by day, laid out as a chart; one query."""
        counts: dict[str, dict[Any, int]] = {"clicks": {}, "applications": {}}
        for what, day, n in _rows(DAYS, self.scope):
            counts[what][day] = int(n)
        return trend(days_of(self.scope.period), counts["clicks"], counts["applications"])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show at all."""
        return all(line.is_empty for line in self.lines) and self.total.is_empty


def performance(scope: Scope) -> Performance:
    """Read what channels or jobs brought, in a constant number of queries."""
    lines = _Lines(scope)
    lines.add_clicks()
    lines.add_boards()
    for key, currency, minor in _rows(CHARGES, scope):
        lines[key].costs[currency] = int(minor)
    nobody = Line(None)
    lines.add_applications(nobody)
    named = [line for line in _named(lines, scope) if scope.by == "channel" or not line.is_empty]
    named.sort(key=lambda line: (-line.clicks, -line.applications, -line.unknown, line.name))
    return Performance(scope, named, _total(list(lines.values()), nobody, scope.by))


class _Lines(dict[Any, Line]):
    """Lines by channel or job, made when first asked for."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __missing__(self, key: Any) -> Line:
        line = self[key] = Line(key)
        return line

    def add_clicks(self) -> None:
        """Add what we counted."""
        for key, clicks, unseen, machines in _rows(CLICKS, self.scope):
            line = self[key]
            line.clicks, line.unseen, line.machines = int(clicks), int(unseen), int(machines)

    def add_boards(self) -> None:
        """Add what the boards told."""
        for key, views, clicks, applications, at, sources in _rows(BOARDS, self.scope):
            line = self[key]
            line.views, line.board_clicks = _int(views), _int(clicks)
            line.board_applications, line.told_at = _int(applications), at
            line.sources = ", ".join(sorted(set(sources.split(","))))

    def add_applications(self, nobody: Line) -> None:
        """Credit applications, and to `nobody` once those that nobody knows the way of."""
        by_channel = self.scope.by == "channel"
        for key, known, *reached in _rows(APPLICATIONS, self.scope):
            lost = key is None or (by_channel and known == "unknown")
            _credit(nobody if lost else self[key], known, reached)
        if by_channel:
            for key, *reached in _rows(PERHAPS, self.scope):
                if self.scope.channel in (None, key):
                    _credit(self[key], "unknown", reached)


def _credit(line: Line, known: str, reached: list[int]) -> None:
    """Add applications to a line by how they are known."""
    applied, interviews, hires = reached
    if known == "unknown":
        line.unknown += applied
        line.interviews_unknown += interviews
        line.hires_unknown += hires
        return
    if known == "token":
        line.known += applied
    else:
        line.matched += applied
    line.interviews += interviews
    line.hires += hires


def _total(lines: list[Line], nobody: Line, by: By) -> Line:
    """Add lines up; who came by nobody knows what counts once, not once a channel."""
    total = Line(None, "All together")
    for line in lines:
        for name in ("clicks", "unseen", "machines", "known", "matched", "interviews", "hires"):
            setattr(total, name, getattr(total, name) + getattr(line, name))
        for name in ("views", "board_clicks", "board_applications"):
            if (told := getattr(line, name)) is not None:
                setattr(total, name, (getattr(total, name) or 0) + told)
        for currency, minor in line.costs.items():
            total.costs[currency] = total.costs.get(currency, 0) + minor
    total.told_at = max((line.told_at for line in lines if line.told_at), default=None)
    unknown = [nobody] if by == "channel" else [*lines, nobody]
    for name in ("unknown", "interviews_unknown", "hires_unknown"):
        setattr(total, name, sum(getattr(line, name) for line in unknown))
    return total


def _named(lines: dict[Any, Line], scope: Scope) -> Iterator[Line]:
    """Yield the lines with the names of their channels or jobs; channels without any too."""
    if scope.by == "job":
        jobs = Job.objects.filter(pk__in=lines).select_related("employer")
        for job in jobs.only("title", "location_text", "status", "employer__name"):
            line = lines[job.pk]
            line.name, line.detail = job.title, job.location_text or job.employer.name
            yield line
        return
    channels = Channel.objects.select_related("company")
    if scope.companies is not None:
        channels = channels.filter(company__in=scope.companies)
    if scope.channel is not None:
        channels = channels.filter(pk=scope.channel)
    for channel in channels.only("name", "slug", "kind", "enabled", "company__name"):
        line = lines.get(channel.pk) or Line(channel.pk)
        line.name, line.detail = str(channel), channel.company.name
        yield line


def _rows(statement: str, scope: Scope) -> list[tuple[Any, ...]]:
    """Run one of the statements above for a scope."""
    mine = "d.channel_id" if scope.by == "channel" else "a.job_id"
    with connection.cursor() as cursor:
        cursor.execute(statement.format(key=scope.by, mine=mine), scope.values)
        return list(cursor.fetchall())


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
