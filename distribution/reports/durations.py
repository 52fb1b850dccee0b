"""How long things take: days in each stage, to an interview, to a hire, to fill a job."""

from dataclasses import dataclass

from django.db import connection

from distribution.reports.performance import Scope
from distribution.rules.performance import MIN_MEDIAN, STAGES

_MINE = """
    (%(companies)s::uuid[] IS NULL OR a.company_id = ANY(%(companies)s::uuid[]))
    AND (%(job)s::bigint IS NULL OR a.job_id = %(job)s)
    AND (%(channel)s::uuid IS NULL OR a.distribution_id IN (
        SELECT id FROM distribution_distribution WHERE channel_id = %(channel)s))
"""  # constants
# a step taken back, and the step that took it back, never happened
_STEPS = f"""
    SELECT a.id, a.job_id, a.stage, a.created_at, m.was, m.became, m.at,
        coalesce(lag(m.at) OVER (PARTITION BY a.id ORDER BY m.at, m.id), a.created_at) AS since
    FROM distribution_applicant AS a JOIN distribution_applicantmove AS m ON m.applicant_id = a.id
    WHERE {_MINE} AND m.undoes_id IS NULL
        AND NOT EXISTS (SELECT FROM distribution_applicantmove AS u WHERE u.undoes_id = m.id)
"""  # noqa: S608 # constants
_MIDDLE = (
    "count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM {0}) / 86400)::float8"
)
_WHEN = "at >= %(start)s AND at < %(end)s"
TIMES = f"""
    WITH steps AS ({_STEPS})
    SELECT 'in ' || was, {_MIDDLE.format("at - since")} FROM steps
    WHERE {_WHEN} AND was = ANY(%(stages)s) GROUP BY 1
    UNION ALL
    SELECT 'interview', {_MIDDLE.format("at - created_at")} FROM (
        SELECT created_at, min(at) AS at FROM steps WHERE became = 'interview' GROUP BY id, 1
    ) AS first WHERE {_WHEN}
    UNION ALL
    SELECT 'hire', {_MIDDLE.format("at - created_at")} FROM steps
    WHERE became = 'hired' AND stage = 'hired' AND {_WHEN}
    UNION ALL
    SELECT 'fill', {_MIDDLE.format("at - opened")} FROM (
        SELECT steps.at, coalesce(
            (SELECT min(d.published_at) FROM distribution_distribution AS d
             WHERE d.job_id = steps.job_id AND d.rehearsal_id IS NULL), j.first_seen_at) AS opened
        FROM steps JOIN ingestion_job AS j ON j.id = steps.job_id
        WHERE became = 'hired' AND stage = 'hired' AND {_WHEN}
    ) AS filled WHERE at >= opened
"""  # noqa: S608 # constants
WAITING = f"""
    SELECT a.stage, {_MIDDLE.format("now() - a.stage_at")} FROM distribution_applicant AS a
    WHERE {_MINE} AND a.stage = ANY(%(stages)s) AND a.erased_at IS NULL GROUP BY 1
"""  # noqa: S608 # constants


@dataclass(frozen=True, slots=True)
class Took:
    """How many took how long, in days; no median of too few."""

    count: int = 0
    days: float | None = None

    @property
    def median(self) -> float | None:
        """The median in days, None below the least number that says something."""
        return self.days if self.count >= MIN_MEDIAN else None


@dataclass(frozen=True, slots=True)
class InStage:
    """One stage: those that left it in the period, and those that are in it now."""

    stage: str
    left: Took
    waiting: Took


@dataclass(frozen=True, slots=True)
class Durations:
    """What took how long within a period."""

    stages: list[InStage]
    to_interview: Took
    to_hire: Took
    to_fill: Took

    @property
    def is_empty(self) -> bool:
        """Whether nobody moved, nor waits."""
        return not any(row.left.count or row.waiting.count for row in self.stages)


def durations(scope: Scope) -> Durations:
    """Read how long stages and ways took; two queries."""
    values = {**scope.values, "stages": list(STAGES)}
    with connection.cursor() as cursor:
        cursor.execute(TIMES, values)
        took = {key: Took(n, days) for key, n, days in cursor.fetchall()}
        cursor.execute(WAITING, values)
        waiting = {key: Took(n, days) for key, n, days in cursor.fetchall()}
    return Durations(
        [
            InStage(stage, took.get(f"in {stage}", Took()), waiting.get(stage, Took()))
            for stage in STAGES
        ],
        *(took.get(key, Took()) for key in ("interview", "hire", "fill")),
    )
