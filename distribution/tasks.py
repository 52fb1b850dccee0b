"""The kinds of run distribution knows; each calls one action."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from jobly.runs.actions.kinds import run
from jobly.runs.actions.progress import Progress

from .actions import (
    bulk,
    clicks,
    connecting,
    convoy,
    delivering,
    dispositions,
    endpoints,
    erasing,
    feeding,
    follow,
    inbound,
    leftovers,
    letters,
    looking,
    mirroring,
    react,
    receipts,
    reconciling,
    rehearsing,
    retrying,
    routing,
    stays,
    sweep,
    telling,
    upkeep,
)


@run("distribution.publish", retry="distribution", stepwise=True, crew=convoy.publish_many)
def publish(
    progress: Progress, *, distribution_id: str, stop_on_error: bool = False
) -> dict[str, Any]:
    """Bring one job onto one channel."""
    return bulk.publish_one(progress, UUID(distribution_id), stop_on_error=stop_on_error)


@run("distribution.follow_up", retry="distribution", stepwise=True)
def follow_up(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """Ask the board how an accepted change stands."""
    return follow.follow_up(progress, UUID(distribution_id))


@run("distribution.update", retry="distribution", stepwise=True)
def update(
    progress: Progress, *, distribution_id: str, op: Literal["update", "renew"]
) -> dict[str, Any]:
    """Have the board take over changed content, or keep the job longer."""
    return upkeep.change_on_board(progress, UUID(distribution_id), op)


@run("distribution.close", retry="distribution", stepwise=True)
def close(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """Take a job down from its board."""
    return upkeep.change_on_board(progress, UUID(distribution_id), "close")


@run("distribution.apply", stepwise=True, waits=True)
def apply(progress: Progress, *, wish: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan of many jobs on many channels."""
    return bulk.apply_plan(progress, wish)


@run("distribution.sweep_due", most=1)
def sweep_due() -> dict[str, int]:
    """Publish what is due and pick up what was dropped."""
    return sweep.sweep_due()


@run("distribution.tend_channels", most=1)
def tend_channels() -> dict[str, int]:
    """Keep the access to boards fresh, and jobs through Indeed as they stand at Indeed."""
    return {**connecting.refresh_ahead(), "mirrored": mirroring.mirror_all()}


@run("distribution.tell_dispositions", most=1)
def tell_dispositions() -> dict[str, int]:
    """Tell boards how the applications go on that came by them."""
    return dispositions.tell_dispositions()


@run("distribution.reconcile_boards", most=1)
def reconcile_boards() -> dict[str, Any]:
    """Compare every board with what it should show."""
    return reconciling.reconcile_boards()


@run("distribution.reconcile_board", retry="distribution", stepwise=True)
def reconcile_board(progress: Progress, *, channel_id: str) -> dict[str, Any]:
    """Compare one board with what it should show."""
    return reconciling.reconcile_board(progress, UUID(channel_id))


@run("distribution.look_boards", most=1)
def look_boards() -> dict[str, Any]:
    """Look at what boards show to job seekers."""
    return looking.look_at_boards()


@run("distribution.look_round", retry="distribution", stepwise=True)
def look_round(progress: Progress, *, channel_id: str) -> dict[str, Any]:
    """Look at the postings of one board."""
    return looking.look_round(progress, UUID(channel_id))


@run("distribution.look", stepwise=True)
def look(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """Look at one posting now."""
    return looking.look_once(progress, UUID(distribution_id))


@run("distribution.retry", stepwise=True, waits=True)
def retry(progress: Progress, *, distribution_ids: list[str]) -> dict[str, Any]:
    """Send again what failed."""
    return bulk.retry_all(progress, [UUID(key) for key in distribution_ids])


@run("distribution.retry_matching", stepwise=True)
def retry_matching(
    progress: Progress, *, wanted: dict[str, Any], until: str, why: str
) -> dict[str, Any]:
    """Send again all that a filter means."""
    return retrying.retry_matching(progress, wanted, datetime.fromisoformat(until))


@run("distribution.refresh")
def refresh(*, job_ids: list[int]) -> dict[str, Any]:
    """Have boards take over jobs that changed."""
    return react.refresh_changed(job_ids)


@run("distribution.take_down", stepwise=True)
def take_down(progress: Progress, *, job_id: int) -> dict[str, Any]:
    """Take a closed or internal job down from every board."""
    return react.take_down(progress, job_id)


@run("distribution.forget_clicks", most=1)
def forget_clicks() -> dict[str, int]:
    """Forget single clicks after their time."""
    return clicks.forget_clicks()


@run("distribution.feed_seen", stepwise=True)
def feed_seen(progress: Progress, *, feed_id: str, edition: int) -> dict[str, Any]:
    """Call published what somebody else fetched."""
    return feeding.publish_seen(progress, UUID(feed_id), edition)


@run("distribution.tidy_receipts", stepwise=True, most=1)
def tidy_receipts(progress: Progress) -> dict[str, Any]:
    """Sum up old receipts of feeds."""
    return receipts.tidy_receipts(progress)


@run("distribution.send_letter", retry="mail", stepwise=True)
def send_letter(progress: Progress, *, letter_id: str) -> dict[str, Any]:
    """Send one mail to an applicant."""
    return letters.send(progress, UUID(letter_id))


@run("distribution.erase_applicant")
def erase_applicant(*, applicant_id: str, why: str) -> dict[str, Any]:
    """Remove what is known of one applicant."""
    return erasing.erase(UUID(applicant_id), why)


@run("distribution.erase_due", stepwise=True, most=1)
def erase_due(progress: Progress) -> dict[str, int]:
    """Erase applications whose time is over."""
    return erasing.erase_due(progress)


@run("distribution.keep_stays", most=1)
def keep_stays() -> dict[str, int]:
    """Do what is due at the ends of stays on boards."""
    return stays.keep_stays()


@run("distribution.end_stay", retry="distribution", stepwise=True)
def end_stay(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """End a stay whose time is over."""
    return stays.end_stay(progress, UUID(distribution_id))


@run("distribution.see_gone", retry="distribution", stepwise=True)
def see_gone(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """See whether a board still shows what was taken down."""
    return stays.see_gone(progress, UUID(distribution_id))


@run("distribution.close_again", retry="distribution", stepwise=True)
def close_again(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """Ask a board again to take down what it still shows."""
    return leftovers.close_again(progress, UUID(distribution_id))


@run("distribution.relist")
def relist(progress: Progress, *, distribution_id: str) -> dict[str, Any]:
    """List a job anew whose posting is down."""
    return stays.follow_up_relist(UUID(distribution_id), actor=progress.run.actor)


@run("distribution.relist_all", stepwise=True, waits=True)
def relist_all(progress: Progress, *, distribution_ids: list[str]) -> dict[str, Any]:
    """List many jobs anew."""
    return stays.relist_all(progress, [UUID(key) for key in distribution_ids])


@run("distribution.close_all", stepwise=True, waits=True)
def close_all(progress: Progress, *, distribution_ids: list[str]) -> dict[str, Any]:
    """Take many publications down."""
    return stays.close_all(progress, [UUID(key) for key in distribution_ids])


@run("distribution.close_everywhere", stepwise=True, waits=True)
def close_everywhere(
    progress: Progress, *, job_ids: list[int], why: str, channels: list[str]
) -> dict[str, Any]:
    """Take jobs down from all their boards, or from some."""
    return stays.close_everywhere(progress, job_ids, why, channels)


@run("distribution.tell_overdue")
def tell_overdue(progress: Progress, *, count: int, text: str) -> dict[str, Any]:
    """Tell a company what waits longer than it should."""
    return stays.tell_overdue(progress, count, text)


@run("distribution.apply_hook", stepwise=True)
def apply_hook(progress: Progress, *, hook_id: str) -> dict[str, Any]:
    """Do what an event of a board says."""
    return inbound.apply_hook(progress, UUID(hook_id))


@run("distribution.tell_endpoints", stepwise=True, most=1)
def tell_endpoints(progress: Progress) -> dict[str, int]:
    """Write down what endpoints are to hear."""
    return telling.tell_endpoints(progress)


@run("distribution.deliver_hooks", stepwise=True, most=1)
def deliver_hooks(progress: Progress) -> dict[str, int]:
    """Send endpoints what they are to hear."""
    return delivering.deliver_hooks(progress)


@run("distribution.sweep_hooks", most=1)
def sweep_hooks() -> dict[str, int]:
    """Start what webhooks wait for, in and out."""
    telling.sweep_tellings()
    return {"events": inbound.sweep_hooks()}


@run("distribution.forget_hooks")
def forget_hooks() -> dict[str, int]:
    """Drop webhooks past their time."""
    return inbound.forget_hooks() | endpoints.forget_deliveries()


@run("distribution.route", stepwise=True)
def route(progress: Progress, *, job_ids: list[int]) -> dict[str, int]:
    """Put new jobs on the channels that rules want them on."""
    return routing.route_jobs(progress, job_ids)


@run("distribution.rehearse", stepwise=True)
def rehearse(progress: Progress, *, rehearsal_id: str) -> dict[str, Any]:
    """Send jobs to practice boards that misbehave by plan, and report."""
    return rehearsing.rehearse(progress, UUID(rehearsal_id))


@run("distribution.tidy_rehearsals", most=1)
def tidy_rehearsals() -> dict[str, int]:
    """Forget rehearsals past their time."""
    return rehearsing.tidy_rehearsals()
