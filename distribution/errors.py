"""What can go wrong with a distribution, by name."""

from jobly.errors import Conflict, Deferred, Rejected, Unavailable


class DistributionMoved(Conflict):
    """The distribution is in another state than the change needs."""

    code = "distribution_moved"


class AlreadyDistributed(Conflict):
    """The job has a distribution on this channel that has not ended."""

    code = "already_distributed"


class RetriesExhausted(Conflict):
    """A distribution was retried by hand as often as it may be (S1.18)."""

    code = "retries_exhausted"


class LintFailed(Rejected):
    """The board would refuse the job; nothing was sent."""

    code = "lint_failed"


class BoardRefused(Rejected):
    """The board read the job and turned it down."""

    code = "board_refused"


class UnknownChannel(Rejected):
    """A channel was named that the company does not have."""

    code = "unknown_channel"


class NotDistributable(Rejected):
    """The job or the channel is not in a state to publish."""

    code = "not_distributable"


class CredentialsRefused(Rejected):
    """The board does not accept the channel's credentials; a person has to set them again."""

    code = "credentials_refused"


class Held(Deferred):
    """A publication waits until the channel has credentials that its board accepts."""

    code = "credentials_refused"


class OutOfQuota(Deferred):
    """A channel takes no more submissions at the moment."""


class BoardGone(Rejected):
    """The address of a channel is gone for good; the channel is switched off."""

    code = "board_gone"


class NoSlots(Rejected):
    """The contract with the board has no place left for a job; nothing was accepted."""

    code = "no_slots"


class Throttled(Unavailable):
    """The board asks us to slow down; nothing was accepted."""

    code = "throttled"


class ChannelExists(Conflict):
    """The company has a channel of that name."""

    code = "channel_exists"


class ApplicantMoved(Conflict):
    """The application is in another stage than the change needs, or was erased."""

    code = "applicant_moved"


class BadApplication(Rejected):
    """An application lacks something or holds what cannot be taken; `fields` says what."""

    code = "bad_application"


class NotOpen(Conflict):
    """One cannot apply for the job here: it has ended, or applications go elsewhere."""

    code = "not_open"


class BudgetSpent(Rejected):
    """A publication costs more than a budget has left; nothing was sent."""

    code = "budget_spent"


class NoCredits(Rejected):
    """The channel has no posting left that was paid for; nothing was sent."""

    code = "no_credits"


class SignatureRefused(Rejected):
    """A message does not prove who sent it; it was neither read nor kept."""

    code = "bad_signature"
    status = 401


class HookTooLarge(Rejected):
    """A message is larger than we keep."""

    code = "too_large"
    status = 413


class HookUnreadable(Rejected):
    """A signed message says nothing that we understand."""

    code = "unreadable"


class EndpointExists(Rejected):
    """The company has an endpoint at this URL."""

    code = "endpoint_exists"


class EndpointOff(Conflict):
    """The endpoint is switched off, so nothing can be sent there."""

    code = "endpoint_off"


class NotApproved(Rejected):
    """The yes that is needed was refused, or was for other words; nothing was sent."""

    code = "not_approved"


class AlreadyDecided(Conflict):
    """Somebody said yes or no before."""

    code = "already_decided"


class RuleExists(Conflict):
    """The company has a rule of that name."""

    code = "rule_exists"


class BadRule(Rejected):
    """What a rule asks for cannot be understood."""

    code = "bad_rule"


class NoRehearsal(Rejected):
    """What was chosen cannot be rehearsed; nothing was started."""

    code = "no_rehearsal"
