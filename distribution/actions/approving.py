"""Say yes or no to publications that wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from distribution.actions import fate, holding
from distribution.actions.follow import begin
from distribution.actions.publish import locked
from distribution.errors import AlreadyDecided, NotApproved
from distribution.models import Approval, Distribution
from distribution.rules import approvals as rules
from jobly.errors import Forbidden, JoblyError
from jobly.runs.actions import transaction
from jobly.runs.actions.claims import clock
from jobly.users.models import Membership, User


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one decision: the approval, and what was wrong with it, if anything."""

    approval: Approval
    error: JoblyError | None = None


def decide_all(
    approvals: Sequence[Approval], *, approve: bool, why: str, actor: User | None
) -> list[Said]:
    """Decide on many, each by itself: one that cannot be decided stops no other."""
    said = []
    for approval in approvals:
        try:
            decide(approval, approve=approve, why=why, actor=actor)
            said.append(Said(approval))
        except JoblyError as wrong:
            said.append(Said(approval, wrong))
    return said


@transaction
def decide(approval: Approval, *, approve: bool, why: str, actor: User | None) -> Distribution:
    """Let a publication go, at its moment if that is to come, or refuse it for a reason.

    Emits: ApprovalDecided, DistributionFailed. Raises: Forbidden, AlreadyDecided.
    """
    row = locked(approval.distribution_id)
    if refused := may_not(approval, actor):
        raise Forbidden(refused)
    decision = Approval.Decision.APPROVED if approve else Approval.Decision.REJECTED
    if not holding.conclude(approval, row, decision, actor=actor, why=why):
        raise AlreadyDecided("Somebody decided on it already; nothing was changed.")
    if row.error_code != rules.WAITS:
        return row
    if approve:
        at = row.scheduled_publish_at
        later = at is not None and at > clock()
        if later:
            row.move(Distribution.Status.SCHEDULED, actor=actor, error="", error_code="")
        else:
            clean = {"error": "", "error_code": ""}
            Distribution.objects.filter(pk=row.pk).update(**clean)
            row.refresh_from_db(fields=list(clean))
        begin(row, actor=actor, after=at if later else None)
    else:
        name = actor.name or actor.email if actor else "somebody"
        fate.refuse(row, NotApproved(f"{name} did not approve it{': ' if why else '.'}{why}"))
    return row


def may_not(approval: Approval, actor: User | None) -> str:
    """Say why a person may not decide on an approval; empty when they may."""
    return whoever(approval.company_id, approval.asked_by_id, actor)


def whoever(company_id: UUID, asker: UUID | None, actor: User | None) -> str:
    """Say why a person may not decide for a company on what `asker` wants; empty when they may."""
    owners = Membership.objects.filter(
        company=company_id, role=Membership.Role.OWNER, user__is_active=True
    )
    return rules.refusal(
        owners=set(owners.values_list("user_id", flat=True)),
        asker=asker,
        person=actor.pk if actor else None,
        is_operator=bool(actor and actor.is_staff),
    )
