"""What channels would make of some jobs, before anything is sent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from distribution.models import Channel, Distribution
from distribution.rules import lint, states
from distribution.rules.content import Content
from ingestion.models import Job

from .content import content_for
from .planning import Step, steps_of
from .twins import twins_of

NAMED_AT_MOST = 10  # jobs that a channel would refuse, named on the page that asks


@dataclass(frozen=True, slots=True)
class Blocked:
    """A job that a channel would refuse, and why."""

    job: int
    title: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What the plan has for one job on one channel, why, and what a board would object to.

    `action` is `refused` where a job would go there but for its errors.
    """

    action: str
    reason: str
    errors: tuple[str, ...] = ()
    warnings: int = 0
    distribution: UUID | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a channel would make of some jobs: counts, and the first ones it would refuse.

    `ready` go out as they are, `changes` are there and would be updated or taken down, `standing`
    are there or on the way, `stuck` ended badly and wait for a person.
    """

    channel: Channel
    ready: int
    changes: int
    standing: int
    stuck: int
    not_live: int
    warned: int
    refused: int
    blocked: tuple[Blocked, ...]
    cells: Mapping[int, Cell]

    @property
    def would_send(self) -> bool:
        """Whether publishing now would send anything."""
        return bool(self.ready or self.changes)


def readiness(jobs: Sequence[Job], channels: Sequence[Channel]) -> list[Readiness]:
    """Say of each channel how many of the jobs it would take; their employers are loaded."""
    bad = Distribution.objects.filter(job__in=jobs, channel__in=channels)
    stuck = set(bad.filter(status__in=states.BAD_ENDS).values_list("job_id", "channel__slug"))
    steps: dict[str, list[Step]] = {channel.slug: [] for channel in channels}
    for step in steps_of(jobs, channels):
        steps[step.channel].append(step)
    twins, now = twins_of(jobs), timezone.now()
    facts = {
        job.pk: (job, content_for(job), lint.Around(now, twins.get(job.pk, ()))) for job in jobs
    }
    return [_readiness(channel, steps[channel.slug], facts, stuck) for channel in channels]


def _readiness(
    channel: Channel,
    steps: Sequence[Step],
    facts: dict[int, tuple[Job, Content, lint.Around]],
    stuck: set[tuple[int, str]],
) -> Readiness:
    """Check the jobs that would be sent against the channel's rules, and count the others."""
    counts: Counter[str] = Counter()
    blocked: list[Blocked] = []
    cells: dict[int, Cell] = {}
    for step in steps:
        job, content, around = facts[step.job]
        cells[job.pk] = Cell(step.action, step.reason, distribution=step.distribution)
        is_kept = job.status == Job.Status.LIVE and lint.withheld(channel.board, content)
        if step.action != "create" and not (step.action == "none" and is_kept):
            counts[_waits(step, job, stuck)] += 1
            continue
        findings = lint.lint(channel.board, content, channel.all_options, around)
        wrong = lint.errors(findings)
        counts["refused" if wrong else "ready"] += 1
        warned = sum(found.level == "warning" for found in findings)
        counts["warned"] += bool(warned and not wrong)
        messages = tuple(found.message for found in wrong)
        action = "refused" if wrong else step.action
        cells[job.pk] = Cell(action, step.reason, messages, warned, step.distribution)
        if wrong and len(blocked) < NAMED_AT_MOST:
            blocked.append(Blocked(job.pk, job.title, messages))
    names = ("ready", "changes", "standing", "stuck", "not_live", "warned", "refused")
    return Readiness(
        channel, **{name: counts[name] for name in names}, blocked=tuple(blocked), cells=cells
    )


def _waits(step: Step, job: Job, stuck: set[tuple[int, str]]) -> str:
    """Name the count of a job that is not to be made on a channel."""
    if step.action != "none":
        return "changes"
    if (step.job, step.channel) in stuck:
        return "stuck"
    return "standing" if job.status == Job.Status.LIVE else "not_live"
