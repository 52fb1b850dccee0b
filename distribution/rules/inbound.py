"""What an event of a board says, and what follows for the publication it is about."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from distribution.errors import HookUnreadable

from .states import ENDED

KEEP = timedelta(days=30)  # of events; above the 75 h in which senders repeat, and the tolerance
MAX_BYTES = 1 << 20
FIRST_WAIT = timedelta(seconds=2)
LEAST_PATIENCE = timedelta(minutes=10)
BIGGEST = 2**63 - 1
MOST_COUNT = 2**31 - 1
HEADERS_KEPT: Final = ("content-type", "user-agent", "webhook-id", "webhook-timestamp")
MAIL = re.compile(r"""[^\s@<>()\[\],;:"\\]{1,64}@[^\s@<>()\[\],;:"\\]{1,190}""")

Topic = Literal["status", "metrics", "applicant", "other"]
State = Literal["accepted", "live", "rejected", "updated", "closed"]
ARRIVALS: Final = frozenset({"application.received", "application.created"})
STATES: Final = frozenset({"accepted", "live", "rejected", "updated", "closed"})
Step = Literal["accept", "publish", "refuse", "close", "note", "drift", "park", "ignore"]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, read: what it is about and in which order it belongs.

    `version` grows with each event of a posting: the sender's own, else its time in microseconds.
    """

    type: str
    topic: Topic
    version: int
    at: datetime
    external_id: str = ""
    post_id: str = ""
    post_url: str = ""
    state: str = ""
    message: str = ""
    views: int | None = None
    clicks: int | None = None
    applications: int | None = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who applied at a board, as far as it says."""

    name: str
    email: str
    phone: str = ""
    cover: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an event about a publication, and why in one line."""

    step: Step
    why: str = ""


def read(body: bytes, *, came: datetime) -> Told:
    """Read a signed event; `came` is its time where it names none. Raises: HookUnreadable."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise HookUnreadable("The body is not JSON.") from exc
    if not isinstance(found, dict):
        raise HookUnreadable("The body is not a JSON object.")
    if "type" not in found and isinstance(found.get("applicant"), dict):
        return _application(found, came)
    data = found.get("data")
    kind = _text(found, "type", 100)
    if not kind or not isinstance(data, dict):
        raise HookUnreadable("The body lacks `type` or `data`.")
    at = _moment(data.get("at")) or _moment(found.get("timestamp")) or came
    state = kind.removeprefix("posting.")
    return Told(
        type=kind,
        topic=_topic(kind),
        version=_version(data, at),
        at=at,
        external_id=_text(data, "external_id", 64),
        post_id=_text(data, "post_id", 200),
        post_url=_text(data, "url", 2000),
        state=state if state in STATES else "",
        message=_text(data, "message", 400) or _text(data, "reason", 400),
        views=_count(data, "views"),
        clicks=_count(data, "clicks"),
        applications=_count(data, "applications"),
        data=data,
    )


def _application(found: dict[str, Any], came: datetime) -> Told:
    """Read an application as Indeed Apply sends it: the job's own id is ours."""
    job = found.get("job")
    known = _text(job, "jobId", 64) if isinstance(job, dict) else ""
    millis = found.get("appliedOnMillis")
    at = came
    if isinstance(millis, int) and 0 < millis < BIGGEST // 10**6:
        at = _moment(millis / 1000) or came
    return Told(
        type="application.received",
        topic="applicant",
        version=_version({}, at),
        at=at,
        external_id=known,
        data=found,
    )


def person_of(told: Told) -> Person | None:
    """Return who applied, from our own words or Indeed's; None without a name and an address."""
    data = told.data or {}
    inner = data.get("applicant")
    said: dict[str, Any] = inner if isinstance(inner, dict) else data
    name = _text(said, "name", 200) or _text(said, "fullName", 200)
    email = _text(said, "email", 254).strip()
    if not name.strip() or not MAIL.fullmatch(email):
        return None
    phone = _text(said, "phone", 40) or _text(said, "phoneNumber", 40)
    cover = _text(said, "cover", 20_000) or _text(said, "coverletter", 20_000)
    return Person(name.strip(), email, phone, cover)


def _topic(kind: str) -> Topic:
    if kind == "posting.metrics":
        return "metrics"
    if kind.removeprefix("posting.") in STATES and kind.startswith("posting."):
        return "status"
    return "applicant" if kind.startswith("application.") else "other"


def _version(data: dict[str, Any], at: datetime) -> int:
    given = data.get("version")
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= BIGGEST:
        return given
    return int(at.timestamp() * 1_000_000)


def _text(data: dict[str, Any], name: str, most: int) -> str:
    found = data.get(name)
    if not isinstance(found, str):
        return ""
    # JSON can say a NUL and half a surrogate pair, and no column can hold them
    return found[:most].replace("\x00", "").encode("utf-8", "ignore").decode()


def _count(data: dict[str, Any], name: str) -> int | None:
    found = data.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return found if 0 <= found <= MOST_COUNT else None


def _moment(value: Any) -> datetime | None:
    """Read an ISO time with its zone, or Unix seconds."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def patience(settle: timedelta) -> timedelta:
    """Say how long an event waits for our own commit: twice the board's settle window, at least."""
    return max(settle * 2, LEAST_PATIENCE)


def next_wait(elapsed: timedelta) -> timedelta:
    """Say how long a parked event waits until it is looked at again: as long as it has waited."""
    return max(FIRST_WAIT, elapsed)


# what the board says → our status → what follows; what is left out stays as it is
FOLLOWS: Final[dict[str, dict[str, Verdict]]] = {
    "accepted": {"unknown": Verdict("accept")},
    "live": {
        "accepted": Verdict("publish"),
        "unknown": Verdict("publish"),
        "needs_attention": Verdict("publish"),
        "failed": Verdict("drift", "the board shows it, though it failed here"),
        "rejected": Verdict("drift", "the board shows it, though it was turned down"),
    },
    "rejected": {
        "accepted": Verdict("refuse"),
        "published": Verdict("refuse"),
        "unknown": Verdict("refuse"),
    },
    "updated": {},
    "closed": {
        "accepted": Verdict("close"),
        "published": Verdict("close"),
        "needs_attention": Verdict("close"),
    },
}


def decide(state: str, status: str, *, exchanging: bool) -> Verdict:
    """Say what an event of this state means for a publication of this status.

    `exchanging`: an exchange of ours with the board has no outcome yet, so that what the event
    is about may not be in our books. Such an event waits; nothing ever moves an ended one.
    """
    if status in ENDED:
        return Verdict("ignore", f"the publication is {status} already")
    if exchanging or status in ("pending", "scheduled", "sending"):
        return Verdict("park", "our own exchange with the board is not in the books yet")
    follows = FOLLOWS.get(state)
    if follows is None:
        return Verdict("ignore", "no state that we know")
    return follows.get(status) or Verdict("note", f"it was {status} already")
