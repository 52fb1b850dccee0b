"""Which channels of a company wait for a yes, as a page shows it."""

from dataclasses import dataclass
from uuid import UUID

from distribution.models import ApprovalSetting, Channel
from distribution.rules.approvals import is_needed
from jobly.users.models import Company


@dataclass(frozen=True, slots=True)
class Need:
    """What is said for a company (no channel) or a channel: its own word, and what follows."""

    channel: Channel | None
    own: bool | None
    needed: bool

    @property
    def word(self) -> str:
        """The own word as forms take it."""
        return {None: "", True: "yes", False: "no"}[self.own]


def needs_of(company: Company) -> list[Need]:
    """Return the company's own word first, then each channel's; two queries."""
    rows = ApprovalSetting.objects.filter(company=company)
    own: dict[UUID | None, bool] = {row.channel_id: row.is_needed for row in rows}
    channels = Channel.objects.filter(company=company).order_by("slug")
    return [
        Need(None, own.get(None), own.get(None, False)),
        *(Need(row, own.get(row.pk), is_needed(own, row.pk)) for row in channels),
    ]
