"""What a change of many runs would do, before anybody does it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from jobly.runs.models import Run, RunQuerySet
from jobly.runs.rules.selection import Selection
from jobly.users.rules import Principal

STATUSES = ("queued", "running", "failed", "cancelled", "succeeded")
# verb → statuses it applies to, and why one of such a status may be left all the same
APPLIES = {
    "cancel": (("queued", "running"), "are asked to stop already"),
    "again": (("failed", "cancelled"), "have been repeated already"),
    "now": (("queued",), "are due already"),
}
STAYS = {
    "queued": "wait in their queue",
    "running": "are at work",
    "succeeded": "have succeeded",
    "failed": "have failed",
    "cancelled": "are cancelled",
}


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """How many runs match, how many of which status would change, and why the rest would not."""

    matching: int
    changes: dict[str, int]
    left: list[tuple[int, str]]

    @property
    def changing(self) -> int:
        """How many would change."""
        return sum(self.changes.values())


def plan_bulk(rows: RunQuerySet, verb: str, principal: Principal) -> BulkPlan:
    """Say what a verb would do to runs that this principal sees; three counts, nothing changed."""
    found = _by_status(rows)
    mine = _by_status(rows.writable_by(principal))
    changes = _by_status(rows.writable_by(principal).open_to(verb))
    statuses, why = APPLIES[verb]
    left = [(sum(found.values()) - sum(mine.values()), "are not yours to change")]
    for status, count in mine.items():
        rest = count - changes.get(status, 0)
        left.append((rest, why if status in statuses else STAYS[status]))
    merged: dict[str, int] = {}
    for count, reason in left:
        merged[reason] = merged.get(reason, 0) + count
    told = [(count, reason) for reason, count in merged.items() if count]
    return BulkPlan(sum(found.values()), changes, told)


def selected(wanted: Selection, principal: Principal, *, until: datetime) -> RunQuerySet:
    """Return what a selection meant at a moment, as far as this principal sees it."""
    rows = Run.objects.visible_to(principal).filter(created_at__lte=until)
    return rows.selected(wanted, now=until)


def _by_status(rows: QuerySet[Run]) -> dict[str, int]:
    counted = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    return {status: counted[status] for status in STATUSES if status in counted}
