"""Put new jobs on their channels by rule, once; and write the rules."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db import transaction as django_transaction

from distribution.actions import changes
from distribution.actions.follow import begin
from distribution.errors import AlreadyDistributed, BadRule, NotDistributable, RuleExists
from distribution.models import Channel, Distribution, RoutingRule
from distribution.reports.content import TOLD
from distribution.reports.routing import Route, routes, rules_of
from distribution.rules.routing import read_conditions
from distribution.rules.staggering import FURTHEST
from ingestion.models import Job
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.progress import Progress
from jobly.users.models import Company, User

BATCH = 100  # routes a transaction
BECAUSE = "Because of the rule “{}”"


def route_jobs(progress: Progress, job_ids: Sequence[int]) -> dict[str, int]:
    """Put jobs on the channels that rules want them on; a pair that ever was is left alone.

    Idempotent. What a board would refuse is left out: once it is mended, the fact of its change
    brings it here again.
    """
    live = Job.objects.filter(pk__in=job_ids, status=Job.Status.LIVE, company__isnull=False)
    owners = dict(live.values_list("pk", "company"))
    rules = rules_of(set(owners.values()))
    wanted = [pk for pk, company in owners.items() if company in rules]
    counts = {"routed": 0, "refused": 0}
    places: Counter[UUID] = Counter()
    for start in range(0, len(wanted), BATCH):
        some = Job.objects.filter(pk__in=wanted[start : start + BATCH]).select_related(*TOLD)
        by_company: dict[UUID, list[Job]] = defaultdict(list)
        for job in some.order_by("id"):
            by_company[rules_key(job)].append(job)
        with progress.transaction():
            for company, jobs in by_company.items():
                found = routes(jobs, rules[company], now=clock(), places=places)
                counts["refused"] += sum(bool(route.refused) for route in found)
                counts["routed"] += sum(_begin(route) for route in found if not route.refused)
    return counts


def rules_key(job: Job) -> UUID:
    """Return whose rules a job goes by; only companies' own jobs come here."""
    if job.company_id is None:
        raise NotDistributable("The public catalogue has no rules.", job=job.pk)
    return job.company_id


def _begin(route: Route) -> bool:
    """Put one job on its way; False when somebody was faster."""
    rule = route.rule
    wait = min(rule.delay + rule.stagger * route.place, FURTHEST)
    at = clock() + wait if wait > timedelta(0) else None
    try:
        row = changes.add(route.job, route.channel, at=at)
    except (AlreadyDistributed, NotDistributable):
        return False
    because = BECAUSE.format(rule.name)[:200]
    Distribution.objects.filter(pk=row.pk).update(because=because)
    row.because = because
    begin(row, after=at if row.status == Distribution.Status.SCHEDULED else None)
    return True


@transaction
def write_rule(
    company: Company, given: dict[str, Any], *, actor: User | None, rule: RoutingRule | None = None
) -> RoutingRule:
    """Make a rule, or change the columns given of one. `given` may have `channels`.

    Raises: RuleExists, BadRule naming what of the conditions is wrong.
    """
    columns = {name: value for name, value in given.items() if name != "channels"}
    if "conditions" in columns:
        read, wrong = read_conditions(columns["conditions"])
        if wrong:
            told = {f"conditions.{name}": [text] for name, text in wrong.items()}
            raise BadRule("The rule was not saved.", fields=told)
        columns["conditions"] = read.to_dict()
    channels: Sequence[Channel] | None = given.get("channels")
    if channels is not None and any(row.company_id != company.pk for row in channels):
        raise BadRule("The rule was not saved.", fields={"channels": ["not the company's"]})
    row = rule or RoutingRule(company=company, created_by=actor)
    for name, value in columns.items():
        setattr(row, name, value)
    try:
        with django_transaction.atomic():
            row.save()
    except IntegrityError as exc:
        taken = {"name": ["taken"]}
        raise RuleExists(f"There is a rule “{row.name}” already.", fields=taken) from exc
    if channels is not None:
        row.channels.set(channels)
    return row


def drop_rule(rule: RoutingRule) -> None:
    """Forget a rule; what it put on channels stays there."""
    rule.delete()
