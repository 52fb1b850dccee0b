"""What channels would make of some jobs, before anything is sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from distribution.models import Channel, Distribution
from distribution.rules import lint, states
from distribution.rules.content import Content
from ingestion.models import Job

from .content import content_for
from .planning import Step, steps_of

NAMED_AT_MOST = 10  # jobs that a channel would refuse, named on the page that asks


@dataclass(frozen=True, slots=True)
class Blocked:
    """A job that a channel would refuse, and why."""

    job: int
    title: str
    reasons: tuple[str, ...]


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
    contents = {job.pk: (job, content_for(job)) for job in jobs}
    return [_readiness(channel, steps[channel.slug], contents, stuck) for channel in channels]


def _readiness(
    channel: Channel,
    steps: Sequence[Step],
    contents: dict[int, tuple[Job, Content]],
    stuck: set[tuple[int, str]],
) -> Readiness:
    """Check the jobs that would be sent against the channel's rules, and count the others."""
    counts: Counter[str] = Counter()
    blocked: list[Blocked] = []
    for step in steps:
        job, content = contents[step.job]
        is_kept = job.status == Job.Status.LIVE and lint.withheld(channel.board, content)
        if step.action != "create" and not (step.action == "none" and is_kept):
            counts[_waits(step, job, stuck)] += 1
            continue
        findings = lint.lint(channel.board, content, channel.all_options)
        wrong = lint.errors(findings)
        counts["refused" if wrong else "ready"] += 1
        counts["warned"] += bool(findings and not wrong)
        if wrong and len(blocked) < NAMED_AT_MOST:
            blocked.append(Blocked(job.pk, job.title, tuple(f.message for f in wrong)))
    names = ("ready", "changes", "standing", "stuck", "not_live", "warned", "refused")
    return Readiness(channel, **{name: counts[name] for name in names}, blocked=tuple(blocked))


def _waits(step: Step, job: Job, stuck: set[tuple[int, str]]) -> str:
    """Name the count of a job that is not to be made on a channel."""
    if step.action != "none":
        return "changes"
    if (step.job, step.channel) in stuck:
        return "stuck"
    return "standing" if job.status == Job.Status.LIVE else "not_live"
