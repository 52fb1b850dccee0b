"""Hold publications back until somebody said yes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from distribution import events
from distribution.models import Approval, ApprovalSetting, Channel, Distribution
from distribution.models.distributions import moved_by
from distribution.reports.content import content_for
from distribution.rules import approvals as rules
from jobly.runs.actions import emit, transaction
from jobly.users.models import Company, User

Status = Distribution.Status


def hold(rows: Sequence[Distribution], *, actor: User | None) -> list[Distribution]:
    """Hold back what needs a yes and has none; return what may go. Callers hold the transaction.

    What waits is `pending` with the error code WAITS; its moment, if it has one, stays.
    Emits: ApprovalAsked.
    """
    to_ask = _to_ask([row for row in rows if row.rehearsal_id is None])
    if not to_ask:
        return list(rows)
    held = [row for row in rows if row.pk in to_ask]
    for row in held:
        if row.status == Status.SCHEDULED:
            row.move(Status.PENDING, actor=actor)
    words = {"error_code": rules.WAITS, "error": rules.WAITS_TEXT, "run_id": None}
    Distribution.objects.filter(pk__in=to_ask).update(**words, updated_at=Now(), **moved_by(actor))
    for row in held:
        row.error_code, row.error, row.run_id = rules.WAITS, rules.WAITS_TEXT, None
    _ask([row for row in held if not to_ask[row.pk]], actor)
    return [row for row in rows if row.pk not in to_ask]


def _ask(rows: Sequence[Distribution], actor: User | None) -> None:
    """Write down that a yes is asked for. Emits: ApprovalAsked."""
    made = [Approval(company_id=row.company_id, distribution=row, asked_by=actor) for row in rows]
    Approval.objects.bulk_create(made)
    for row, approval in zip(rows, made, strict=True):
        fact = events.ApprovalAsked(**_names(approval, row))
        emit(fact, actor=actor, company=row.company_id)


def _to_ask(rows: Sequence[Distribution]) -> dict[UUID, bool]:
    """Return which rows need a yes that nobody gave, and whether somebody was asked already.

    One query where no company ever wanted any.
    """
    settings: dict[UUID, dict[UUID | None, bool]] = {}
    known = ApprovalSetting.objects.filter(company__in={row.company_id for row in rows})
    for company, channel, needed in known.values_list("company_id", "channel_id", "is_needed"):
        settings.setdefault(company, {})[channel] = needed
    needing = {
        row.pk for row in rows if rules.is_needed(settings.get(row.company_id, {}), row.channel_id)
    }
    if not needing:
        return {}
    given = Approval.objects.filter(distribution__in=needing).order_by("distribution", "-id")
    newest = dict(given.distinct("distribution").values_list("distribution", "decision"))
    approved = Approval.Decision.APPROVED
    other = {row.pk for row in rows if row.pk in needing and says_other(row)}
    return {pk: newest.get(pk) == "" for pk in needing if newest.get(pk) != approved or pk in other}


def says_other(row: Distribution) -> bool:
    """Whether somebody said yes to a publication and its job says something else by now.

    No query where nobody did, or where the job is loaded with what boards are told.
    """
    return bool(row.approved_hash) and row.approved_hash != content_for(row.job).digest()


def hold_changed(row: Distribution) -> bool:
    """Ask for a new yes where the words were changed after the first; True if it waits for one.

    The caller holds the row's lock. Emits: ApprovalAsked.
    """
    if row.status not in (Status.PENDING, Status.SCHEDULED) or not says_other(row):
        return False
    last = Approval.objects.filter(distribution=row).select_related("asked_by").first()
    return not hold([row], actor=last.asked_by if last else None)


def drop(row: Distribution, *, actor: User | None) -> None:
    """Note that what waited was taken back: nobody decides on it. Emits: ApprovalDecided."""
    approval = Approval.objects.open().filter(distribution=row).first()
    if approval is not None:
        conclude(approval, row, Approval.Decision.DROPPED, actor=actor)


def conclude(
    approval: Approval, row: Distribution, decision: str, *, actor: User | None, why: str = ""
) -> bool:
    """Write what was said, once; False if somebody was faster. Emits: ApprovalDecided.

    A yes is for the words as they are: their fingerprint is kept with it, and nothing else is sent.
    """
    rows = Approval.objects.open().filter(pk=approval.pk)
    agreed = decision == Approval.Decision.APPROVED
    words = content_for(row.job).digest() if agreed else ""
    said = {"decision": decision, "decided_by": actor, "decided_at": Now(), "why": why}
    if not rows.update(**said, content_hash=words):
        return False
    if agreed:
        Distribution.objects.filter(pk=row.pk).update(approved_hash=words)
        row.approved_hash = words
    fact = events.ApprovalDecided(**_names(approval, row), decision=decision, why=why)
    emit(fact, actor=actor, company=row.company_id)
    return True


def _names(approval: Approval, row: Distribution) -> dict[str, Any]:
    return {
        "approval_id": str(approval.pk),
        "distribution_id": str(row.pk),
        "job_id": row.job_id,
        "channel": row.channel.slug,
    }


@transaction
def set_needed(
    company: Company, channel: Channel | None, *, needed: bool | None, actor: User | None
) -> None:
    """Say for a company (no channel) or a channel whether publications wait; None = no own word.

    What waits already goes on waiting for somebody's word.
    """
    if needed is None:
        ApprovalSetting.objects.filter(company=company, channel=channel).delete()
        return
    said = {"is_needed": needed, "changed_by": actor, "changed_at": Now()}
    ApprovalSetting.objects.update_or_create(company=company, channel=channel, defaults=said)
