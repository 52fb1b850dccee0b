"""Faults by plan: which creating call goes wrong how, the same way every time for one seed."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from jobly.sandbox import checks, store
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Response, Trouble, as_json

#: Refused before anything is accepted.
BEFORE: Final = frozenset({"429", "500", "503", "revoke_token"})
#: Accepted, then the answer suffers; the whole call does, so its first posting draws for it.
AFTER: Final = frozenset(
    {"timeout_after_accept", "500_after_accept", "cut_json", "slow", "malformed", "huge"}
)
#: Accepted and answered; one posting suffers, so each posting of a call draws for itself.
POSTING: Final = frozenset(
    {"late_visibility", "async_fail", "duplicate_webhook", "reorder_webhook"}
)
KINDS: Final = BEFORE | AFTER | POSTING
#: A posting is let through after so many faults in a row.
STREAK: Final = 2
#: Seconds, where a fault takes some and its plan names none.
SECONDS: Final = {"timeout_after_accept": 60.0, "slow": 5.0, "late_visibility": 3.0}
#: Longest that an answer is held, in seconds.
HOLD_LIMIT: Final = 60.0
#: Bytes of a huge answer.
FLOOD: Final = 1 << 30
#: What a malformed answer looks like.
FORMS: Final = {
    "html": (200, "text/html", b"<!doctype html><title>Welcome</title><h1>It works</h1>"),
    "text": (200, "application/json", b'{"elements": [{"id": '),
    "array": (200, "application/json", b"[null, 7, []]"),
    "null": (200, "application/json", b"null"),
    "empty": (200, "application/json", b""),
    "bytes": (200, "application/json", b'\xff\xfe{"a"\x00'),
}
#: Span of a rate limit, in seconds.
WINDOW: Final = 60.0


class BadPlan(ValueError):
    """A fault plan that cannot be followed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of a plan."""

    kind: str
    share: float
    board: str = ""  #: "" means every board
    seed: int = 0
    seconds: float = 0.0
    late: float = 0.0  #: seconds that a posting stays hidden although another kind strikes
    size: int = FLOOD
    pace: int = 0
    form: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one creating call runs into."""

    call: Fault | None
    postings: dict[str, Fault]

    def on(self, external_id: str) -> Fault | None:
        """Return the fault that strikes one posting of the call."""
        return self.call or self.postings.get(external_id)


NOTHING: Final = Drawn(None, {})


def parse(plan: Any, board: str = "", seed: int = 0) -> tuple[Fault, ...]:
    """Read a list of faults as `PUT /faults` takes it.

    Raises: BadPlan.
    """
    if not isinstance(plan, list):
        raise BadPlan("faults must be a list")
    faults = tuple(_parse_one(line, board, seed) for line in plan)
    for name in store.BOARDS:
        if sum(fault.share for fault in faults if fault.board in {"", name}) > 1 + 1e-9:
            raise BadPlan(f"the shares for {name} add up to more than 1")
    return faults


def _parse_one(line: Any, board: str, seed: int) -> Fault:
    if not checks.one_of(checks.at(line, "kind"), KINDS):
        raise BadPlan(f"a fault needs a kind of: {', '.join(sorted(KINDS))}")
    try:
        fault = Fault(
            kind=line["kind"],
            share=float(line.get("share", 1.0)),
            board=str(line.get("board") or board),
            seed=int(line.get("seed", seed)),
            seconds=float(line.get("seconds", SECONDS.get(line["kind"], 0.0))),
            late=float(line.get("late", 0.0)),
            size=int(line.get("size", FLOOD)),
            pace=int(line.get("pace", 0)),
            form=str(line.get("form", "")),
            message=str(line.get("message", "")),
        )
    except (TypeError, ValueError, OverflowError) as exc:
        raise BadPlan(f"{line['kind']}: {exc}") from exc
    if not 0 <= fault.share <= 1 or min(fault.seconds, fault.late, fault.size, fault.pace) < 0:
        raise BadPlan(f"{fault.kind}: a share lies in 0..1, no number is negative")
    if fault.board not in {"", *store.BOARDS} or fault.form not in {"", *FORMS}:
        raise BadPlan(f"{fault.kind}: unknown board or form")
    return fault


def plan_of(call: Call) -> tuple[Fault, ...]:
    """Return the faults that are switched on for a call's board."""
    stored = store.setting(call.db, f"faults.{call.board}") or []
    return tuple(Fault(**line) for line in stored)


def draw(call: Call, external_ids: Sequence[str]) -> Drawn:
    """Decide what a creating call runs into, and count the attempt.

    The draw of a posting is a hash of seed, external id and attempt; shares stack up on it. No
    posting meets more than two faults in a row.
    """
    plan, script = plan_of(call), store.setting(call.db, "script") or {}
    if not external_ids or not (plan or script.keys() & set(external_ids)):
        return NOTHING
    past = {name: _attempts(call, name) for name in external_ids}
    picked = {
        name: fault
        for name, (count, streak) in past.items()
        if streak < STREAK
        and (
            fault := _scripted(script[name], count)
            if name in script
            else _pick(plan, name, count + 1)
        )
    }
    first = picked.get(external_ids[0])
    whole = first if first and first.kind not in POSTING else None
    if whole and any(streak >= STREAK for _, streak in past.values()):
        whole = None
    drawn = Drawn(whole, {n: f for n, f in picked.items() if f.kind in POSTING})
    for name, (count, streak) in past.items():
        struck = streak + 1 if drawn.on(name) else 0
        call.db.execute(
            "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)",
            (call.board, name, count + 1, struck),
        )
    return drawn


def _scripted(kinds: Sequence[str], count: int) -> Fault | None:
    """Return the fault that a posting's own script has for its next call, if any is left."""
    if count >= len(kinds):
        return None
    return Fault(kinds[count], 1.0, seconds=SECONDS.get(kinds[count], 0.0))


def read_script(script: Any) -> dict[str, list[str]]:
    """Read faults by posting, as `PUT /faults` takes them. Raises: BadPlan."""
    if not isinstance(script, dict):
        raise BadPlan("a script names the kinds of faults for each external id")
    for kinds in script.values():
        if not isinstance(kinds, list) or not all(checks.one_of(kind, KINDS) for kind in kinds):
            raise BadPlan(f"a script knows the kinds: {', '.join(sorted(KINDS))}")
    return script


def _attempts(call: Call, external_id: str) -> tuple[int, int]:
    row = call.db.execute(
        "SELECT count, streak FROM attempts WHERE board = ? AND external_id = ?",
        (call.board, external_id),
    ).fetchone()
    return (row["count"], row["streak"]) if row else (0, 0)


def _pick(plan: Sequence[Fault], external_id: str, attempt: int) -> Fault | None:
    edges = itertools.accumulate((fault.share for fault in plan), initial=0.0)
    for fault, start in zip(plan, edges, strict=False):
        if start <= unit(fault.seed, external_id, attempt) < start + fault.share:
            if fault.kind == "malformed" and not fault.form:
                forms = sorted(FORMS)
                turn = unit(fault.seed, f"form {external_id}", attempt)
                return replace(fault, form=forms[int(turn * len(forms))])
            return fault
    return None


def unit(seed: int, external_id: str, attempt: int) -> float:
    """Hash a draw to a number in [0, 1)."""
    digest = hashlib.sha256(f"{seed}|{external_id}|{attempt}".encode()).digest()
    return int.from_bytes(digest[:6]) / (1 << 48)


def spoil(response: Response, fault: Fault | None, error: Response) -> Response:
    """Turn the answer to an accepted call into what the client gets to see of it.

    `error` is the board's own way to say 500.
    """
    if fault is None:
        return response
    if fault.kind == "500_after_accept":
        return error
    if fault.kind == "malformed":
        status, content_type, body = FORMS[fault.form]
        return Response(status, body, content_type)
    return replace(response, trouble=_trouble(fault))


def _trouble(fault: Fault) -> Trouble | None:
    match fault.kind:
        case "timeout_after_accept":
            return Trouble("hold", min(fault.seconds, HOLD_LIMIT))
        case "cut_json":
            return Trouble("cut")
        case "slow":
            return Trouble("delay", fault.seconds, pace=fault.pace)
        case "huge":
            return Trouble("flood", size=fault.size)
    return None


def over_limit(call: Call, client: str) -> int:
    """Count a call against its board's limit a minute; return seconds to wait, 0 if fine."""
    limit = (store.setting(call.db, "limits") or {}).get(call.board)
    if limit is None:
        return 0
    past = (call.board, client, call.now - WINDOW)
    call.db.execute("DELETE FROM calls WHERE board = ? AND client = ? AND at <= ?", past)
    limit = int(limit)
    rows = call.db.execute(
        "SELECT at FROM calls WHERE board = ? AND client = ? ORDER BY at", past[:2]
    ).fetchall()
    if len(rows) < limit:
        call.db.execute("INSERT INTO calls VALUES (?, ?, ?)", (call.board, client, call.now))
        return 0
    oldest = rows[len(rows) - limit]["at"] if limit else call.now
    return max(1, int(oldest + WINDOW - call.now) + 1)


def too_many(body: Any, seconds: int) -> Response:
    """Build a 429 that says when to come back."""
    return as_json(429, body, ("Retry-After", str(seconds)))
