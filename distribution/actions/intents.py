"""What is about to be asked of a board, written down before it is, or why it must not be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distribution.actions import boards, fate, holding, ledger, money
from distribution.actions.many import move_many
from distribution.errors import (
    LintFailed,
    NotApproved,
    NotDistributable,
)
from distribution.models import Attempt, Distribution
from distribution.models.distributions import moved_by
from distribution.reports.content import content_for
from distribution.reports.links import naming_for
from distribution.rules import lint, payloads, states
from distribution.rules.answers import Order
from distribution.rules.content import Content
from jobly.errors import Deferred, JoblyError, Rejected
from jobly.runs.actions import claims
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.current import executing
from jobly.runs.actions.progress import Progress
from jobly.runs.errors import Stopped

Status = Distribution.Status
TAKEN = ("accepted", "published")  # outcomes of an exchange that the board took


@dataclass(frozen=True, slots=True)
class Intent:
    """An exchange that is written down and about to happen."""

    distribution: Distribution
    attempt: Attempt
    order: Order
    digest: str


def prepare(parts: Sequence[tuple[Progress, Distribution]]) -> list[Intent | JoblyError | Stopped]:
    """Write the intents to send jobs, or why one must not be sent, in the open transaction.

    They are of one channel. The caller holds the rows' locks and raises what is returned as an
    error after the commit. A Rejected is written down by then; by all others nothing was written.
    Emits: DistributionFailed for a job the board would refuse; nothing is sent then.
    """
    with claims.clock_read_once():
        known = ledger.before([row.pk for _, row in parts])
        line = boards.Line([row for _, row in parts])
        begun = []
        for progress, row in parts:
            begun.append(_considered(progress, row, known.get(row.pk, ledger.Before()), line))
            if not isinstance(begun[-1], Deferred):
                line.leave()
        moves = [
            (one.distribution, Status.SENDING, _sending(one, progress))
            for one, (progress, _) in zip(begun, parts, strict=True)
            if isinstance(one, Intent)
        ]
    ledger.intend([one.attempt for one in begun if isinstance(one, Intent)])
    move_many(moves)
    return begun


def _sending(intent: Intent, progress: Progress) -> dict[str, Any]:
    """Return the columns of a publication that is about to be sent."""
    with executing(progress.run):
        by = moved_by()
    clean = {"error": "", "error_code": "", "error_field": "", "next_look_at": None}
    return {**clean, **by, "content_hash": intent.digest, "updated_at": claims.clock()}


def _considered(
    progress: Progress, distribution: Distribution, before: ledger.Before, line: boards.Line
) -> Intent | JoblyError | Stopped:
    """Return the intent to send a job, still to be written, or what stands against it."""
    try:
        progress.checkpoint()
        with executing(progress.run):
            content = content_for(distribution.job)
            if holding.hold_changed(distribution):
                return NotApproved("It was changed after the yes to it, and waits for another.")
            refusal = _refusal(distribution, content, before)
            refusal = refusal or _admitted(progress, distribution, line)
            if refusal is not None:
                _turn_away(distribution, refusal)
                return refusal
            crashpoint("dist.before_intent")
            return _drafted(progress, distribution, "create", content, before.last + 1)
    except (JoblyError, Stopped) as error:
        return error


def _admitted(progress: Progress, distribution: Distribution, line: boards.Line) -> Rejected | None:
    """Take what it costs and one of the quota, or both not; say why it cannot be paid.

    Raises: Deferred.
    """
    with money.together(distribution):
        refusal = money.refusal(distribution, actor_id=progress.run.actor_id)
        if refusal is None:
            crashpoint("dist.after_reserve")
            boards.admit(distribution, submits=True, line=line)
    return refusal


def _turn_away(distribution: Distribution, refusal: Rejected) -> None:
    """End a distribution that must not be sent; one that may be on the board is a person's."""
    if distribution.status == Status.UNKNOWN and distribution.channel.idempotent_create:
        fate.needs_attention(distribution, refusal.code, refusal.message)
    elif isinstance(refusal, LintFailed):
        fate.refuse(distribution, refusal)
    else:
        fate.fail(distribution, refusal)


def _refusal(
    distribution: Distribution, content: Content, before: ledger.Before
) -> Rejected | None:
    """Say why a job must not be sent, or None."""
    channel, job = distribution.channel, distribution.job
    if job.status != job.Status.LIVE:
        return NotDistributable(f"The job is {job.status}; only live jobs are published.")
    if not channel.enabled:
        return NotDistributable(f"{channel.name} is switched off; enable it and retry.")
    if len(distribution.external_id) > channel.id_max:
        return NotDistributable(f"{channel.name} takes ids of {channel.id_max} characters only.")
    if before.creates >= states.MAX_CREATES:
        lost = f"{channel.name} lost the job {states.MAX_CREATES} times; retry it later."
        return NotDistributable(lost)
    around = lint.Around(claims.clock())
    said = lint.lint(channel.board, content, channel.all_options, around)
    found = lint.errors(said)
    if not found:
        return None
    first = found[0]
    return LintFailed(first.message, fields={f.field: [f.message] for f in found}, lint=first.code)


def intend(progress: Progress, distribution: Distribution, op: payloads.Op) -> Intent:
    """Write down what is about to be asked of a board; the caller holds the row's lock."""
    content, number = content_for(distribution.job), ledger.next_number(distribution)
    intent = _drafted(progress, distribution, op, content, number)
    ledger.intend([intent.attempt])
    return intent


def _drafted(
    progress: Progress, distribution: Distribution, op: payloads.Op, content: Content, number: int
) -> Intent:
    """Return what is about to be asked of a board, not written yet."""
    channel = distribution.channel
    naming = naming_for(distribution, op, claims.clock())
    payload = payloads.payload(channel.board, content, channel.all_options, naming=naming)
    digest = content.digest()
    # a create keeps its key when the content changes: a repeat must never make a second posting
    version = "" if op == "create" else f"-{digest[:16]}"
    if op == "renew":  # the next month's is another one, though nothing changed
        version += f"-{distribution.attempts.filter(op=op, outcome__in=TAKEN).count() + 1}"
    if op == "close" and distribution.close_asks:  # one more, not the repeat of an answered one
        version += f"-{distribution.close_asks}"
    order = Order(
        op=op,
        external_id=distribution.external_id,
        payload=payload,
        key=f"{distribution.external_id}-{op}{version}",
        post_id=distribution.post_id,
    )
    fence = progress.run.fence
    attempt = ledger.intent(distribution, op, fence=fence, request=payload, number=number)
    return Intent(distribution, attempt, order, digest)
