"""Why a distribution is where it is, by its status."""

from collections.abc import Callable

from distribution.rules.feeds.gaps import late_since
from distribution.rules.proof import Evidence, Facts, Row, looked

from . import absent
from .words import (
    Why,
    at_time,
    board_shown,
    clock,
    job_shown,
    last_shown,
    lint_shown,
    move_shown,
    quiet,
    seen_shown,
    short,
    span,
    times,
    work_shown,
)

FEED_USUAL = "typically 6 to 24 h"  # between a fetch and the posting, by the boards' own words
CREDENTIALS = frozenset({"credentials_refused", "auth_expired"})
MONEY = frozenset({"budget_spent", "no_credits"})


def _scheduled(facts: Facts, row: Row) -> Why:
    if row.scheduled_at is not None and row.scheduled_at <= facts.now:
        return _pending(facts, row)
    when = clock(row.scheduled_at, facts.now) if row.scheduled_at else "a set time"
    text = f"It is scheduled: it goes to {facts.board.name} at {when}."
    return Why("scheduled", text, "note", work_shown(facts), "Publish it now instead.")


def _pending(facts: Facts, row: Row) -> Why:
    """Say what a publication waits for: an approval, a switch, a pause, the breaker, the quota."""
    for cause in (
        absent.approval,
        absent.off,
        absent.no_credentials,
        _stopped,
        _parked,
        _open,
        _paced,
    ):
        if (found := cause(facts)) is not None:
            return found
    work = facts.work
    if work is not None and work.error and work.due > facts.now:
        due = clock(work.due, facts.now)
        text = f"The last try failed ({quiet(short(work.error))}); it is tried again at {due}."
        return Why("retrying", text, "warn", (*last_shown(facts), *work_shown(facts)))
    return Why(
        "queued",
        f"It is on its way to {facts.board.name} since {clock(row.moved_at, facts.now)}.",
        "note",
        work_shown(facts),
    )


def _stopped(facts: Facts) -> Why | None:
    """Say that the work that was to bring it has ended, or waits in a paused queue."""
    work = facts.work
    if work is not None and work.is_paused:
        text = "The queue of publications is paused; it goes out when an operator lets it."
        return Why("queue_paused", text, "warn", work_shown(facts))
    if work is not None and work.status in ("failed", "cancelled"):
        text = f"The work that was to send it was {work.status}: {quiet(work.error or 'stopped')}."
        return Why("stopped", text, "bad", work_shown(facts), "Publish it again.")
    return None


def _parked(facts: Facts) -> Why | None:
    until = facts.board.parked_until
    if until is None or until <= facts.now:
        return None
    text = f"{facts.board.name} asked for a pause; sending goes on at {clock(until, facts.now)}."
    return Why("parked", text, "warn", (*last_shown(facts), board_shown(facts)))


def _open(facts: Facts) -> Why | None:
    board = facts.board
    if not board.is_open:
        return None
    probe = clock(facts.now + board.probe_in, facts.now) if board.probe_in else "any moment"
    text = f"{board.name} does not answer; it is tried again at {probe}, and then by itself."
    return Why(
        "breaker_open", text, "bad", (*last_shown(facts), board_shown(facts)), "Look at its health."
    )


def _paced(facts: Facts) -> Why | None:
    """Say when its turn comes at the pace that the board takes."""
    board, work = facts.board, facts.work
    told = work is not None and "a minute" in work.error and work.due > facts.now
    if not (board.quota_wait or told):
        return None
    turn = max(facts.now + board.quota_wait, work.due if work is not None else facts.now)
    text = (
        f"{board.name} takes {board.limit_per_minute} a minute and its quota is used up; "
        f"its turn comes at {clock(turn, facts.now)}."
    )
    return Why("quota", text, "note", (*work_shown(facts), board_shown(facts)))


def _sending(facts: Facts, row: Row) -> Why:
    text = f"It is being sent to {facts.board.name} since {clock(row.moved_at, facts.now)}."
    return Why("sending", text, "note", (*last_shown(facts), *work_shown(facts)))


def _unknown(facts: Facts, row: Row) -> Why:
    looks = facts.last("lookup")
    since = clock(row.unknown_since or row.moved_at, facts.now)
    asked = f" It was looked for {times(looks.count)}." if looks is not None else ""
    due = f" The next look is at {clock(row.next_look_at, facts.now)}." if row.next_look_at else ""
    text = (
        f"{facts.board.name} gave no answer at {since}, so it may have the job or not.{asked}{due} "
        "Nothing is sent twice."
    )
    return Why("unknown", text, "warn", (*last_shown(facts), *work_shown(facts)))


def _accepted(facts: Facts, row: Row) -> Why:
    """Say what a board that has it still waits for: a fetch of the feed, or its own work."""
    if facts.board.is_feed:
        return _in_feed(facts, row)
    if facts.board.via_indeed:
        return _through_indeed(facts, row)
    board, polled = facts.board, facts.last("poll")
    taken = clock(row.accepted_at or row.moved_at, facts.now)
    asked = f", asked {times(polled.count)}" if polled is not None else ""
    due = f"; next look {at_time(row.next_look_at, facts.now)}" if row.next_look_at else ""
    usual = f"; typically {span(board.typical)}" if board.typical else ""
    text = f"{board.name} took it at {taken} and still works on it{asked}{due}{usual}."
    return Why("task_pending", text, "note", (*last_shown(facts), *work_shown(facts)))


def _through_indeed(facts: Facts, row: Row) -> Why:
    """Say that no call is made: it gets there with the posting at Indeed."""
    since = clock(row.accepted_at or row.moved_at, facts.now)
    text = (
        f"It is expected on {facts.board.name} through Indeed since {since}: nothing is sent "
        "there, and it counts as live once it is live on Indeed."
    )
    return Why("via_indeed", text, "note", (board_shown(facts),), "See how it stands on Indeed.")


def _in_feed(facts: Facts, row: Row) -> Why:
    """Say who has fetched the feed since the job is in it."""
    since = row.accepted_at or row.created_at
    name = facts.board.name
    newest = max(facts.receipts, key=lambda one: one.at, default=None)
    if newest is None or newest.at < since:
        last = f"; it was last fetched {at_time(newest.at, facts.now)}" if newest else ""
        text = f"The feed of {name} was not fetched since {clock(since, facts.now)}{last}."
        return Why(
            "feed_not_fetched", text, "warn", (board_shown(facts),), "Check the feed's address."
        )
    late = late_since([one.at for one in facts.receipts], since, facts.now)
    if late is not None and row.status == "published":
        text = (
            f"{newest.who} fetched the feed last at {clock(newest.at, facts.now)}, which is longer "
            f"ago than usual; it was due by {clock(late, facts.now)}."
        )
        taken = Evidence("fetch", str(newest.edition), text)
        proof = (taken, board_shown(facts))
        return Why("feed_overdue", text, "warn", proof, "Ask the board whether it still fetches.")
    fetched = f"{newest.who} fetched edition {newest.edition} at {clock(newest.at, facts.now)}"
    shown = (Evidence("fetch", str(newest.edition), fetched),)
    if not newest.included:
        text = f"{fetched}, and this job was not in it."
        return Why("feed_without_it", text, "warn", shown, "Check the feed.")
    text = f"{fetched}, this job in it; not seen live yet, {FEED_USUAL}."
    return Why("feed_fetched", text, "note", shown)


def _published(facts: Facts, row: Row) -> Why:
    """Say when it was seen, or that it is not there any more."""
    name, newest = facts.board.name, facts.look("live", "gone")
    if row.error_code == "drift" or (newest is not None and newest.verdict == "gone"):
        return _drifted(facts, row)
    if facts.board.is_feed and newest is None and facts.receipts:
        return _in_feed(facts, row)  # fetched is not seen
    since = clock(row.published_at or row.moved_at, facts.now)
    if facts.board.via_indeed and newest is None:
        text = f"It is expected on {name} through Indeed, where it is live since {since}."
        return Why("via_indeed", text, "good", (board_shown(facts),))
    if row.error_code in ("update_refused", "lint_failed", "close_refused"):
        text = f"It is live on {name} since {since}, but {quiet(short(row.error))}."
        return Why(row.error_code, text, "warn", (*last_shown(facts), *seen_shown(facts)))
    if newest is not None:
        text = f"It is live on {name} since {since}, seen {at_time(newest.at, facts.now)}."
        return Why("live", text, "good", (looked(newest), *last_shown(facts)))
    text = f"It is live on {name} since {since}, by the board's word; it was not looked at yet."
    return Why("live", text, "good", last_shown(facts), "Look at it now.")


def _drifted(facts: Facts, row: Row) -> Why:
    live, gone = facts.look("live"), facts.look("gone")
    shown = tuple(looked(one) for one in (gone, live) if one is not None)
    was = clock(live.at if live else row.published_at or row.moved_at, facts.now)
    at = f", looked for {at_time(gone.at, facts.now)}" if gone is not None else ""
    text = (
        f"It was live on {facts.board.name} at {was} and is not there any more{at}; "
        "the board took it away, nothing here did."
    )
    return Why("drift", text, "bad", shown or last_shown(facts), "Send it again, or take it down.")


def _failed(facts: Facts, row: Row) -> Why:
    """Every try ended badly: whose fault, and what to do."""
    name, at = facts.board.name, clock(row.moved_at, facts.now)
    words = quiet(short(row.error))
    if row.error_code in CREDENTIALS or "credentials" in row.error:
        text = f"{name} refused the channel's credentials at {at}: {words}."
        return Why(
            "credentials_refused",
            text,
            "bad",
            (*last_shown(facts), board_shown(facts)),
            absent.RECONNECT,
        )
    if row.error_code in MONEY:
        return _spent(facts, row)
    step = "Retry it." if row.retries_left else "Close it and publish it anew."
    text = f"It did not get to {name}; the last try was at {at}: {words}."
    return Why("failed", text, "bad", (*last_shown(facts), *work_shown(facts)), step)


def _spent(facts: Facts, row: Row) -> Why:
    # what is missing comes first in the error; what to do follows, and stands beside the sentence
    missing = quiet(row.error.split(" Nothing was sent")[0])
    missing = f"the {missing[4:]}" if missing.startswith("The ") else missing
    text = f"Nothing was sent to {facts.board.name}: {missing}."
    step = "Raise the budget" if row.error_code == "budget_spent" else "Enter more credits"
    return Why(row.error_code, text, "warn", (board_shown(facts),), f"{step}, then retry.")


def _rejected(facts: Facts, row: Row) -> Why:
    """Give the board's own words, or the rule that kept it from being sent."""
    name, at = facts.board.name, clock(row.moved_at, facts.now)
    if row.error_code in MONEY:
        return _spent(facts, row)
    words = quiet(short(row.error))
    if row.error_code in ("lint_failed", "not_distributable"):
        shown = (*map(lint_shown, facts.findings), *work_shown(facts))
        text = f"It was not sent to {name} at {at}: {words}."
        return Why("lint", text, "bad", shown or (job_shown(facts),), "Change the job, then retry.")
    gone, sent = facts.look("gone"), facts.last("create")
    if row.published_at is not None and gone is not None and sent and gone.at >= sent.sent_at:
        since = clock(row.published_at, facts.now)
        text = f"{name} showed it from {since} and turned it down later, seen at {at}: “{words}”."
        shown = (looked(gone), *last_shown(facts))
        return Why("board_refused", text, "bad", shown, "Change the job, then retry.")
    if row.published_at is not None and sent and row.published_at >= sent.sent_at:
        live = clock(row.published_at, facts.now)
        text = f"It was live on {name} since {live}; {name} turned it down at {at}: “{words}”."
        shown = (move_shown(row), *last_shown(facts))
        return Why("board_refused", text, "bad", shown, "Change the job, then retry.")
    text = f"{name} refused it at {at}: “{words}”."
    return Why("board_refused", text, "bad", last_shown(facts), "Change the job, then retry.")


def _attention(facts: Facts, row: Row) -> Why:
    at = clock(row.moved_at, facts.now)
    words = quiet(short(row.error))
    text = f"Nobody knows whether {facts.board.name} has it, since {at}: {words}."
    step = "Look on the board, then say whether it is there."
    return Why("needs_attention", text, "bad", (*last_shown(facts), *work_shown(facts)), step)


STANDING: dict[str, Callable[[Facts, Row], Why]] = {
    "scheduled": _scheduled,
    "pending": _pending,
    "sending": _sending,
    "unknown": _unknown,
    "accepted": _accepted,
    "published": _published,
    "failed": _failed,
    "rejected": _rejected,
    "needs_attention": _attention,
}
