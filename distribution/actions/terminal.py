"""What commands do in the foreground: whole batches, watched live, counted at the end."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from distribution.actions import bulk
from distribution.models import Distribution
from distribution.rules import states
from jobly.runs.actions.execution import foreground
from jobly.users.models import Company, User


def distribute(company: Company, wish: dict[str, Any], *, actor: User | None) -> dict[str, Any]:
    """Carry out a plan here and now, with whoever else works; return what became of its parts.

    Where it stops at the first error, `posted` names what was on its board by then.
    """
    wish = {**wish, "company_id": str(company.pk)}
    run = foreground(
        "distribution.apply",
        {"wish": wish},
        actor=actor,
        company=company,
        body=lambda progress: bulk.apply_plan(progress, wish),
    )
    keys = [UUID(key) for key in (run.result or {}).get("distributions", [])]
    found: dict[str, Any] = counts(keys)
    return found if wish.get("skip_on_error", True) else {**found, "posted": posted(keys)}


def posted(keys: Iterable[UUID]) -> list[dict[str, Any]]:
    """Name what is on its board, or taken by it, of some distributions."""
    rows = Distribution.everything.filter(pk__in=list(keys), status__in=states.ON_BOARD)
    shown = rows.order_by("id").values_list("job_id", "channel__slug", "status", "post_url")
    return [
        {"job": job, "channel": channel, "status": status, "post_url": url}
        for job, channel, status, url in shown
    ]


def retry(keys: list[UUID], *, company: Company | None, actor: User | None) -> dict[str, int]:
    """Retry distributions here and now; what may not be retried any more is skipped."""
    run = foreground(
        "distribution.retry",
        {"distribution_ids": [str(key) for key in keys]},
        actor=actor,
        company=company,
        body=lambda progress: bulk.retry_all(progress, keys),
    )
    said: dict[str, int] = run.result or {}
    return {**counts(keys), "retried": said["retried"], "skipped": said["skipped"]}


def counts(keys: Iterable[UUID]) -> dict[str, int]:
    """Count where distributions stand: on the board, on their way there, or not there."""
    rows = Distribution.everything.filter(pk__in=list(keys)).order_by()
    by_status = Counter(rows.values_list("status", flat=True))
    found = {name: by_status.pop(name, 0) for name in ("published", "accepted", "scheduled")}
    found["failed"] = sum(by_status.pop(status, 0) for status in states.BAD_ENDS)
    found["closed"] = by_status.pop("closed", 0)
    found["pending"] = by_status.total()
    return found
