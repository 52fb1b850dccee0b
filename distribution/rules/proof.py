"""What is known of a job on a board, as values, and the chain of proof that it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from . import states
from .lint import Finding

LinkState = Literal["done", "waiting", "bad", "open"]
TOOK = frozenset({"accepted", "published", "found"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows a statement: the kind of row, its id, and what is to be read there."""

    kind: Literal["attempt", "look", "fetch", "run", "move", "job", "channel", "lint", "approval"]
    ref: str
    text: str

    def to_dict(self) -> dict[str, str]:
        """Return the JSON shape of the API."""
        return {"kind": self.kind, "id": self.ref, "text": self.text}


@dataclass(frozen=True, slots=True)
class Exchange:
    """The newest exchange of a kind with a board; `count` of that kind there were."""

    ref: str
    number: int
    op: str
    outcome: str
    sent_at: datetime
    ended_at: datetime | None
    error: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """One look of ours at a posting: live, gone or unsure."""

    ref: str
    at: datetime
    way: str
    verdict: str
    why: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One fetch of a feed by somebody: which edition, and whether this job was in it."""

    at: datetime
    who: str
    format: str
    edition: int
    included: bool


@dataclass(frozen=True, slots=True)
class JobNow:
    """A job as far as boards care; `withheld` says why it may go to none, or not to this one."""

    id: int
    title: str
    status: str
    is_ours: bool = True
    withheld: str = ""
    is_internal: bool = False
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_why: str = ""


@dataclass(frozen=True, slots=True)
class BoardNow:
    """A channel as it is now; waits are zero when nothing waits.

    `refused` is what the board said when it refused the channel's credentials, `off_why` why the
    channel is off where no person switched it off.
    """

    id: str
    name: str
    enabled: bool = True
    is_internal: bool = False
    is_feed: bool = False
    via_indeed: bool = False
    has_credentials: bool = True
    refused: str = ""
    refused_at: datetime | None = None
    off_why: str = ""
    is_open: bool = False
    probe_in: timedelta = timedelta(0)
    parked_until: datetime | None = None
    quota_wait: timedelta = timedelta(0)
    limit_per_minute: int = 0
    typical: timedelta = timedelta(0)
    patience: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class WorkNow:
    """The run of the present publication."""

    ref: str
    status: str
    due: datetime
    error: str
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A distribution's columns that say how it stands."""

    id: str
    status: str
    created_at: datetime
    moved_at: datetime
    error: str = ""
    error_code: str = ""
    error_field: str = ""
    scheduled_at: datetime | None = None
    accepted_at: datetime | None = None
    unknown_since: datetime | None = None
    next_look_at: datetime | None = None
    published_at: datetime | None = None
    closed_at: datetime | None = None
    retries_left: int = 0
    by: str = ""
    because: str = ""
    asked_again: int = 0
    left_over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of one job on one board.

    `row` is the distribution that stands, else the last that ended, else None. `approval` says
    what waits for a person's yes. `routed`: whether the company has rules that route jobs, and none
    sent this one there.
    """

    now: datetime
    job: JobNow
    board: BoardNow
    row: Row | None = None
    exchanges: Sequence[Exchange] = ()
    looks: Sequence[Look] = ()
    receipts: Sequence[Receipt] = ()
    work: WorkNow | None = None
    findings: Sequence[Finding] = ()
    approval: str = ""
    approval_id: str = ""
    unrouted: str = ""

    def last(self, *ops: str) -> Exchange | None:
        """Return the newest exchange of some kinds."""
        found = [one for one in self.exchanges if one.op in ops]
        return max(found, key=lambda one: one.number, default=None)

    def look(self, *verdicts: str) -> Look | None:
        """Return the newest look that came to one of some verdicts."""
        found = [one for one in self.looks if one.verdict in verdicts]
        return max(found, key=lambda one: one.at, default=None)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain of proof: what is claimed, how it stands, since when, by what."""

    name: str
    title: str
    state: LinkState
    words: str
    at: datetime | None = None
    evidence: tuple[Evidence, ...] = ()


def chain(facts: Facts) -> tuple[Link, ...]:
    """Return what is proven of a distribution, in order; a link that does not apply is left out."""
    if facts.row is None:
        return ()
    links = [_asked(facts, facts.row), _sent(facts), _taken(facts, facts.row)]
    links.append(_worked(facts, facts.row))
    links.append(_fetched(facts))
    links.append(_seen(facts, facts.row))
    links.append(_gone(facts, facts.row))
    return tuple(link for link in links if link is not None)


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next by itself, and when it is due."""

    what: str
    at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the API."""
        return {"what": self.what, "at": self.at}


def next_due(facts: Facts) -> Next | None:
    """Say what is done next of itself for a publication; None where nothing is to come."""
    row, work = facts.row, facts.work
    if row is None or row.status in states.ENDED:
        return None
    if row.status == "scheduled" and row.scheduled_at is not None:
        return Next("It goes out", row.scheduled_at)
    if row.next_look_at is not None and row.status in ("unknown", "accepted"):
        return Next("The board is asked how it stands", row.next_look_at)
    if work is None or work.status != "queued" or work.is_paused:
        return None
    return Next("The next try" if facts.exchanges or work.error else "The first try", work.due)


def _asked(facts: Facts, row: Row) -> Link:
    waits = row.status == "scheduled"
    words = "asked for" if not waits else "asked for, to go out later"
    shown = _work(facts)
    return Link("asked", "Asked for", "done", words, row.created_at, shown)


def _work(facts: Facts) -> tuple[Evidence, ...]:
    work = facts.work
    return (Evidence("run", work.ref, f"the work, {work.status}"),) if work else ()


def _sent(facts: Facts) -> Link | None:
    if facts.board.is_feed or facts.board.via_indeed:
        return None
    sent = facts.last("create")
    if sent is None:
        return Link("sent", "Sent", "open", "nothing was sent yet")
    return Link("sent", "Sent", "done", of(sent), sent.sent_at, (shows(sent),))


def _taken(facts: Facts, row: Row) -> Link:
    """Say whether the board took it; a board may take what it first seemed to refuse."""
    taken = [one for one in facts.exchanges if one.op == "create" and one.outcome in TOOK]
    found = facts.last("lookup", "poll") if row.accepted_at or row.published_at else None
    proof = taken[-1] if taken else found
    if row.accepted_at or row.published_at or taken:
        at = row.accepted_at or row.published_at or (proof.ended_at if proof else None)
        shown = (shows(proof),) if proof else ()
        words = "the board took it" if not facts.board.is_feed else "it is in the feed"
        words = "expected through Indeed" if facts.board.via_indeed else words
        return Link("accepted", "Accepted", "done", words, at, shown)
    sent = facts.last("create")
    if sent is not None and sent.outcome in ("refused", "unavailable", "unknown"):
        state: LinkState = "waiting" if row.status in states.ON_THE_WAY else "bad"
        return Link("accepted", "Accepted", state, of(sent), sent.ended_at, (shows(sent),))
    bad = row.status in states.BAD_ENDS
    return Link("accepted", "Accepted", "bad" if bad else "open", row.error or "not yet")


def _worked(facts: Facts, row: Row) -> Link | None:
    """Say how often a board was asked about what it works on; boards that answer at once, none."""
    polled = facts.last("poll")
    uncalled = facts.board.is_feed or facts.board.via_indeed
    if polled is None and (row.status != "accepted" or uncalled):
        return None
    if polled is None:
        words = "the board works on it; it was not asked yet"
        return Link("polled", "Task asked after", "waiting", words, row.next_look_at)
    times = f"asked {polled.count} time{'s' if polled.count != 1 else ''}"
    waits = row.status == "accepted"
    words = f"{times}; it still works on it" if waits else times
    state: LinkState = "waiting" if waits else "done"
    return Link("polled", "Task asked after", state, words, polled.ended_at, (shows(polled),))


def _fetched(facts: Facts) -> Link | None:
    if not facts.receipts:
        if not facts.board.is_feed:
            return None
        return Link("fetched", "Feed fetched", "waiting", "nobody has fetched the feed since")
    newest = max(facts.receipts, key=lambda one: one.at)
    held = [one for one in facts.receipts if one.included]
    best = max(held, key=lambda one: one.at) if held else newest
    what = "this job in it" if best.included else "this job not in it"
    words = f"{best.who} fetched edition {best.edition} ({best.format}), {what}"
    shown = (Evidence("fetch", str(best.edition), words),)
    state: LinkState = "done" if best.included else "bad"
    return Link("fetched", "Feed fetched", state, words, best.at, shown)


def _seen(facts: Facts, row: Row) -> Link:
    live = facts.look("live")
    newest = facts.look("live", "gone")
    gone = newest is not None and newest.verdict == "gone"
    if gone and row.status == "published" and newest is not None:
        words = f"it was looked for and not found: {newest.why}"
        return Link("seen", "Seen live", "bad", words, newest.at, (looked(newest),))
    if live is not None:
        words = f"seen on {_way(live)}: {live.why}"
        return Link("seen", "Seen live", "done", words, live.at, (looked(live),))
    if row.status in ("published", "accepted"):
        unsure = facts.look("unsure")
        shown = (looked(unsure),) if unsure else ()
        words = f"not seen yet: {unsure.why}" if unsure else "nobody has looked yet"
        return Link("seen", "Seen live", "waiting", words, unsure.at if unsure else None, shown)
    return Link("seen", "Seen live", "open", "not on the board")


def _gone(facts: Facts, row: Row) -> Link | None:
    """Say whether a posting that was taken down is gone; a look before that says nothing of it."""
    if row.status not in states.ENDED or row.published_at is None:
        return None
    newest = facts.look("live", "gone")
    if newest is None or row.closed_at is None or newest.at < row.closed_at:
        return Link("gone", "Gone", "waiting", "taken down; nobody has looked since", row.closed_at)
    shown = (looked(newest),)
    if newest.verdict == "gone":
        return Link("gone", "Gone", "done", f"looked for and gone: {newest.why}", newest.at, shown)
    return Link("gone", "Gone", "bad", f"still shown: {newest.why}", newest.at, shown)


def of(one: Exchange) -> str:
    """Say in a few words what came of an exchange."""
    if not one.outcome:
        return "sent; no answer yet"
    return one.error or one.outcome


def shows(one: Exchange) -> Evidence:
    """Return an exchange as evidence."""
    return Evidence("attempt", one.ref, f"exchange {one.number}: {one.op}, {of(one)}")


def looked(look: Look) -> Evidence:
    """Return a look as evidence."""
    return Evidence("look", look.ref, f"a look at {_way(look)}: {look.why}")


def _way(look: Look) -> str:
    return "its public page" if look.way == "page" else "the board's status"
