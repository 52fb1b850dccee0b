"""Jobs that reach a board through Indeed: nothing is called, they stand as they do at Indeed."""

from django.db.models import OuterRef, Q, Subquery

from distribution.actions import fate
from distribution.models import Channel, Distribution
from distribution.rules.answers import Seen
from distribution.rules.channels import VIA_INDEED
from jobly.runs.actions import transaction

Status = Distribution.Status
BATCH = 500  # distributions a sweep moves
EXPECTED = "It is expected there through Indeed."
# what a job through Indeed becomes when its publication at Indeed stands so
FOLLOWED = ("published", "rejected", "failed", "needs_attention", "closed", "expired")


@transaction
def mirror_all() -> int:
    """Move what is expected through Indeed to where Indeed's own has moved; running twice is fine.

    Emits: DistributionPublished, DistributionFailed, DistributionClosed.
    """
    moved = 0
    for row in _behind():
        moved += _follow(row, str(getattr(row, "there", "") or ""))
    return moved


def _behind() -> list[Distribution]:
    """Return jobs through Indeed that stand otherwise than they do there, locked."""
    indeed = Distribution.objects.filter(
        job=OuterRef("job"), company=OuterRef("company"), channel__kind=Channel.Kind.INDEED
    )
    rows = Distribution.objects.filter(
        channel__kind=Channel.Kind.REST,
        channel__options__route=VIA_INDEED,
        status__in=[Status.ACCEPTED, Status.PUBLISHED],
    ).annotate(there=Subquery(indeed.order_by("-id").values("status")[:1]))
    late = Q(status=Status.ACCEPTED, there__in=FOLLOWED) | Q(
        status=Status.PUBLISHED, there__in=["rejected", "closed", "expired"]
    )
    rows = rows.filter(late).select_related("channel", "company", "job").order_by("id")
    return list(rows.select_for_update(of=("self",), skip_locked=True, no_key=True)[:BATCH])


def _follow(row: Distribution, there: str) -> bool:
    """Move one row to where Indeed's stands."""
    if there == Status.PUBLISHED:
        fate.publish(row, Seen("live"))
    elif there in (Status.CLOSED, Status.EXPIRED):
        fate.close(row, Status(there))
    else:
        line = f"{EXPECTED} Indeed did not take it ({there.replace('_', ' ')}): look there."
        fate.end(row, Status.REJECTED, "via_indeed", line)
    return True
