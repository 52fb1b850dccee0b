"""Why a job is not on a board where no distribution of it stands: the first cause that applies."""

from collections.abc import Callable

from distribution.rules.proof import Evidence, Facts, Row, looked

from .words import (
    Why,
    at_time,
    board_shown,
    by,
    clock,
    field_of,
    job_shown,
    last_shown,
    lint_shown,
    move_shown,
    quiet,
    reason,
    times,
)


def _not_ours(facts: Facts) -> Why | None:
    if facts.job.is_ours:
        return None
    text = "It is a posting of the public catalogue; only a company's own jobs go to its boards."
    return Why("not_ours", text, "note", (job_shown(facts),))


def _job_ended(facts: Facts) -> Why | None:
    """Say that the job is not live, and who closed it, when and why."""
    job = facts.job
    if job.status == "live":
        return None
    word = {"draft": "still a draft"}.get(job.status, job.status)
    when = f" since {clock(job.closed_at, facts.now)}" if job.closed_at else ""
    told = f" ({job.closed_why})" if job.closed_why else ""
    person = f", by {job.closed_by}" if job.closed_by else ""
    row = facts.row
    text = f"The job is {word}{when}{person}{told}"
    if row is not None and row.closed_at is not None:
        down = f"it was taken down from {facts.board.name} {at_time(row.closed_at, facts.now)}"
        return Why(
            "job_closed",
            f"{text}; {down}.",
            "note",
            (job_shown(facts), move_shown(row)),
            "Open it again.",
        )
    code = "job_draft" if job.status == "draft" else "job_closed"
    return Why(
        code, f"{text}; only live jobs are published.", "note", (job_shown(facts),), "Open it."
    )


def _withheld(facts: Facts) -> Why | None:
    """Say that the job is internal, or that its source keeps its rights."""
    if not facts.job.withheld:
        return None
    code = "not_public" if facts.job.is_internal else "rights"
    step = "Tick “Public posting” on the job." if code == "not_public" else ""
    text = f"It does not go to {facts.board.name}: {quiet(facts.job.withheld)}."
    return Why(code, text, "warn", (job_shown(facts),), step)


RECONNECT = "Enter new credentials and retry."


def approval(facts: Facts) -> Why | None:
    """Say that it waits for a yes."""
    if not facts.approval:
        return None
    text = f"It waits for approval: {facts.approval}."
    return Why(
        "approval",
        text,
        "note",
        (Evidence("approval", facts.approval_id, facts.approval),),
        "Approve it.",
    )


def _ended(facts: Facts) -> Why | None:
    """Say who took it down, when and why, or that its time was over."""
    row = facts.row
    if row is None:
        return None
    name, at = facts.board.name, at_time(row.closed_at or row.moved_at, facts.now)
    shown = (move_shown(row), *_seen_after(facts, row))
    if row.status == "expired":
        text = f"Its stay on {name} ended {at}{reason(row)}."
        return Why("expired", text, "warn", shown, "Publish it again.")
    if row.published_at is None:
        told = f": {quiet(row.error)}" if row.error else ""
        text = f"It was called off {at}{by(row)} before it got to {name}{told}."
        return Why("called_off", text, "note", shown, "Publish it again.")
    text = f"It was taken down from {name} {at}{by(row)}{reason(row)}."
    return Why("closed", text, "note", shown, "Publish it again.")


def _lingers(facts: Facts) -> Why | None:
    """Say that its board shows it after its end, how often it was asked again, and what is left."""
    row, still = facts.row, facts.look("live")
    if row is None or row.closed_at is None or still is None or still.at <= row.closed_at:
        return None
    later = facts.look("gone")
    if later is not None and later.at > still.at:
        return None
    name, at = facts.board.name, at_time(row.closed_at, facts.now)
    text = f"It was taken down from {name} {at}{by(row)}{reason(row)}"
    asked = f"; the board was asked again {times(row.asked_again)}" if row.asked_again else ""
    vain = ", in vain" if row.left_over_at is not None else ""
    text = f"{text}, but is still shown there: {quiet(still.why)}{asked}{vain}."
    step = "Take it down on the board itself." if vain else ""
    shown = (looked(still), move_shown(row), *last_shown(facts))
    return Why("still_shown", text, "bad", shown, step)


def _seen_after(facts: Facts, row: Row) -> tuple[Evidence, ...]:
    gone = facts.look("gone")
    later = gone is not None and row.closed_at is not None and gone.at >= row.closed_at
    return (looked(gone),) if later and gone is not None else ()


def off(facts: Facts) -> Why | None:
    """Say that the channel is switched off."""
    if facts.board.enabled:
        return None
    reason = f" ({quiet(facts.board.off_why)})" if facts.board.off_why else ""
    text = f"{facts.board.name} is switched off{reason}, so nothing goes there."
    return Why("channel_off", text, "warn", (board_shown(facts),), "Switch the channel on.")


def no_credentials(facts: Facts) -> Why | None:
    """Say that the channel has no credentials, or that the board refused them."""
    board = facts.board
    if board.refused_at is not None:
        at = at_time(board.refused_at, facts.now)
        text = f"{board.name} refused the channel's credentials {at}: {quiet(board.refused)}."
        shown = (*last_shown(facts), board_shown(facts))
        return Why("credentials_refused", text, "bad", shown, RECONNECT)
    if board.has_credentials:
        return None
    text = f"{facts.board.name} has no credentials, so nothing can be sent there."
    return Why("no_credentials", text, "bad", (board_shown(facts),), "Enter the credentials.")


def _lint(facts: Facts) -> Why | None:
    wrong = [one for one in facts.findings if one.level == "error"]
    if not wrong:
        return None
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    text = f"{facts.board.name} would refuse it: {quiet(wrong[0].message)}{more}."
    return Why(
        "lint", text, "bad", tuple(map(lint_shown, wrong)), f"Change the {field_of(wrong[0])}."
    )


def _unrouted(facts: Facts) -> Why | None:
    if not facts.unrouted:
        return None
    text = f"No rule sent it to {facts.board.name}, and nobody asked: {quiet(facts.unrouted)}."
    return Why("no_rule", text, "note", (job_shown(facts),), "Publish it there.")


def _never(facts: Facts) -> Why:
    text = f"It was never asked to go to {facts.board.name}; nothing stands in its way."
    return Why("never_asked", text, "note", (job_shown(facts),), "Publish it there.")


def absent(facts: Facts) -> Why:
    """Say why a job is not there: the first cause that applies, else that nobody asked."""
    for cause in CAUSES:
        if (found := cause(facts)) is not None:
            return found
    return _never(facts)


CAUSES: tuple[Callable[[Facts], Why | None], ...] = (
    _not_ours,
    _lingers,
    _job_ended,
    _withheld,
    approval,
    _ended,
    off,
    no_credentials,
    _lint,
    _unrouted,
)
