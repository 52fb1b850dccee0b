"""What routing rules would do with jobs: which pairs, because of which rule, and why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from distribution.models import Channel, Distribution, RoutingRule
from distribution.rules import lint
from distribution.rules.routing import Routable, misses
from ingestion.models import Job

from .content import TOLD, content_for

MOST_TRIED = 500  # newest jobs that a dry run looks at
NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Route:
    """One job that a rule wants on one channel; `refused` says why it is not sent there as it is.

    `place` counts the jobs of the rule before it in this batch: what `stagger` is about.
    """

    job: Job
    channel: Channel
    rule: RoutingRule
    place: int
    refused: str = ""


def routable(job: Job) -> Routable:
    """Return what of a job the conditions look at."""
    return Routable(
        title=job.title,
        city=job.city,
        country=job.country,
        lat=job.lat,
        lon=job.lon,
        department=job.department,
        employment_type=job.employment_type,
        seniority=job.seniority,
        skills=job.skills,
        workplace=job.remote or "onsite",
        pay_stated=job.salary_min is not None or job.salary_max is not None,
    )


def rules_of(companies: set[UUID]) -> dict[UUID, list[RoutingRule]]:
    """Return the rules that are on, by company, the most urgent first, with their channels."""
    found: dict[UUID, list[RoutingRule]] = {}
    rows = RoutingRule.objects.active().filter(company__in=companies)
    for rule in rows.prefetch_related("channels"):
        found.setdefault(rule.company_id, []).append(rule)
    return found


def routes(
    jobs: Sequence[Job],
    rules: Sequence[RoutingRule],
    *,
    now: datetime,
    places: Counter[UUID] | None = None,
) -> list[Route]:
    """Return each pair that some rule wants and that never was, with the first rule that does.

    Jobs are live, of one company, with their `TOLD` rows. `places` counts the jobs of each rule
    that came before, and goes on counting. One query.
    """
    known = Distribution.objects.filter(job__in=jobs)
    taken = set(known.values_list("job_id", "channel_id"))
    found: list[Route] = []
    places = Counter() if places is None else places
    for job in jobs:
        asked, content = routable(job), content_for(job)
        for rule in rules:
            if misses(rule.wanted, asked):
                continue
            wanted = [row for row in rule.channels.all() if (job.pk, row.pk) not in taken]
            for channel in wanted:
                taken.add((job.pk, channel.pk))
                said = lint.lint(channel.board, content, channel.all_options, lint.Around(now))
                wrong = lint.errors(said)
                refused = wrong[0].message if wrong else ""
                if not channel.enabled:
                    refused = f"{channel} is switched off."
                found.append(Route(job, channel, rule, places[rule.pk], refused))
            places[rule.pk] += bool(wanted)
    return found


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would do with the jobs that are there: nothing is sent by looking.

    `met` of `jobs` are like the rule wants; `pairs` would go out now, `refused` name the first
    that a board would not take, `there` met jobs are on all its channels or were.
    """

    jobs: int
    met: int
    pairs: int
    there: int
    names: tuple[Job, ...]
    refused: tuple[Route, ...]


def try_rule(rule: RoutingRule, *, now: datetime) -> Trial:
    """Try a rule on the newest open jobs of its company."""
    jobs = list(open_jobs(rule.company_id)[:MOST_TRIED])
    met = [job for job in jobs if not misses(rule.wanted, routable(job))]
    found = routes(met, [rule], now=now) if met else []
    going = [route for route in found if not route.refused]
    names = {route.job.pk: route.job for route in going}
    return Trial(
        jobs=len(jobs),
        met=len(met),
        pairs=len(going),
        there=len(met) - len({route.job.pk for route in found}),
        names=tuple(names.values())[:NAMED_AT_MOST],
        refused=tuple(route for route in found if route.refused)[:NAMED_AT_MOST],
    )


def open_jobs(company_id: UUID) -> QuerySet[Job]:
    """Return the open jobs of a company with what boards are told, newest first."""
    rows = Job.objects.filter(company=company_id, status=Job.Status.LIVE)
    return rows.select_related(*TOLD).order_by("-id")
