"""The facts distribution tells; fields are the arguments of the runs that listen."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class DistributionPublished:
    """A job is live on a channel."""

    name: ClassVar[str] = "distribution.published"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class DistributionAccepted:
    """A board took a job and works on it."""

    name: ClassVar[str] = "distribution.accepted"
    distribution_id: str
    job_id: int
    channel: str
    kind: str


@dataclass(frozen=True, slots=True)
class DistributionFailed:
    """A job did not get onto a channel: `status` is failed, rejected or needs_attention."""

    name: ClassVar[str] = "distribution.failed"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    status: str
    code: str
    error: str


@dataclass(frozen=True, slots=True)
class DistributionClosed:
    """A job was taken down from a channel, or its stay ended."""

    name: ClassVar[str] = "distribution.closed"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class DistributionDrifted:
    """A board does not show what we hold it to show; nothing was changed by us."""

    name: ClassVar[str] = "distribution.drifted"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    found: str


@dataclass(frozen=True, slots=True)
class MetricsUpdated:
    """A board's counters of a distribution moved."""

    name: ClassVar[str] = "distribution.metrics_updated"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    views: int
    clicks: int
    applications: int


@dataclass(frozen=True, slots=True)
class ChannelDisconnected:
    """A board does not accept a channel any more: its credentials, or its very address."""

    name: ClassVar[str] = "distribution.channel_disconnected"
    channel_id: str
    channel: str
    kind: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelReconnected:
    """A channel that was refused is accepted again, or got other credentials."""

    name: ClassVar[str] = "distribution.channel_reconnected"
    channel_id: str
    channel: str
    kind: str


@dataclass(frozen=True, slots=True)
class BoardChanged:
    """Our own board shows a job from now on, or does not any more."""

    name: ClassVar[str] = "distribution.board_changed"
    job_id: int
    visible: bool


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """A budget is nearly spent (`level` warn) or spent; amounts are minor units."""

    name: ClassVar[str] = "distribution.budget_reached"
    budget_id: str
    level: str
    spent_minor: int
    cap_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class DistributionExpiring:
    """A job's stay on a channel ends soon; `at_end` says what happens by itself."""

    name: ClassVar[str] = "distribution.expiring"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    expires_at: str
    at_end: str


@dataclass(frozen=True, slots=True)
class RelistDue:
    """What was taken down to be listed anew is down."""

    name: ClassVar[str] = "distribution.relist_due"
    distribution_id: str


@dataclass(frozen=True, slots=True)
class OverdueFound:
    """Publications of a company wait longer than they should: how many, by what was not done."""

    name: ClassVar[str] = "distribution.overdue_found"
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class DistributionLeftOver:
    """A board shows a job after its end though it was `asked` again so often: a person's turn."""

    name: ClassVar[str] = "distribution.left_over"
    distribution_id: str
    job_id: int
    channel: str
    kind: str
    asked: int


@dataclass(frozen=True, slots=True)
class ApplicantArrived:
    """Somebody applied for a job; who that is stands in the row alone."""

    name: ClassVar[str] = "distribution.applicant_arrived"
    applicant_id: str
    job_id: int
    distribution_id: str
    known: str


@dataclass(frozen=True, slots=True)
class ApplicantMoved:
    """An application came to another stage; `undone` when a move was taken back."""

    name: ClassVar[str] = "distribution.applicant_moved"
    applicant_id: str
    job_id: int
    was: str
    became: str
    undone: bool


@dataclass(frozen=True, slots=True)
class ApplicantErased:
    """All that was known of an applicant is gone; the id stays."""

    name: ClassVar[str] = "distribution.applicant_erased"
    applicant_id: str
    job_id: int
    why: str


@dataclass(frozen=True, slots=True)
class EndpointDisabled:
    """An endpoint did not take what it was told for so long that it is told no more."""

    name: ClassVar[str] = "distribution.endpoint_disabled"
    endpoint_id: str
    why: str


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A publication waits for somebody's yes; nothing was sent."""

    name: ClassVar[str] = "distribution.approval_asked"
    approval_id: str
    distribution_id: str
    job_id: int
    channel: str


@dataclass(frozen=True, slots=True)
class ApprovalDecided:
    """Somebody said yes or no to a publication, or it was taken back before: `dropped`."""

    name: ClassVar[str] = "distribution.approval_decided"
    approval_id: str
    distribution_id: str
    job_id: int
    channel: str
    decision: str
    why: str


@dataclass(frozen=True, slots=True)
class RehearsalEnded:
    """A rehearsal came to its end; `doubles` counts postings that a board had twice."""

    name: ClassVar[str] = "distribution.rehearsal_ended"
    rehearsal_id: str
    total: int
    went_live: int
    doubles: int
