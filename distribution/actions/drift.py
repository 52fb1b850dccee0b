"""Where a board and our books differ: told once, never repaired without a person's word."""

from typing import Any

from django.db.models.functions import Now

from distribution import events
from distribution.actions import changes, fate
from distribution.actions.publish import locked
from distribution.errors import DistributionMoved
from distribution.models import Distribution
from jobly.runs.actions import emit, transaction
from jobly.users.models import User

DRIFT = "drift"
Status = Distribution.Status


def tell(row: Distribution, found: str) -> bool:
    """Note that a board does not show what it should; True when that is news.

    The caller holds the row's lock. Emits: DistributionDrifted.
    """
    if row.status != Status.PUBLISHED or row.error_code == DRIFT:
        return False
    _note(row, error=f"{row.channel.name} does not show it.", error_code=DRIFT)
    emit(events.DistributionDrifted(**fate.names(row), found=found), company=row.company_id)
    return True


def clear(row: Distribution) -> bool:
    """Note that a board shows it again; True when it did not. The caller holds the row's lock."""
    if row.error_code != DRIFT:
        return False
    _note(row, error="", error_code="")
    return True


@transaction
def send_again(distribution: Distribution, *, actor: User | None) -> Distribution:
    """Send a posting that its board lost again, under the same id.

    Raises: DistributionMoved unless the board was found not to have it.
    """
    row = locked(distribution.pk)
    if row.status != Status.PUBLISHED or row.error_code != DRIFT:
        raise DistributionMoved(
            "Its board has not been found to miss it; nothing was sent.", distribution=str(row.pk)
        )
    return changes.send_again(row, actor=actor, content_hash="", task_id="")


def _note(row: Distribution, **columns: Any) -> None:
    Distribution.everything.filter(pk=row.pk).update(updated_at=Now(), **columns)
    for name, value in columns.items():
        setattr(row, name, value)
