"""The postings of all boards: what a job seeker sees, and when."""

import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any, Final

from jobly.sandbox import hooks, store
from jobly.sandbox.faults import Fault
from jobly.sandbox.store import Call

#: The first posting number of a board that counts its postings.
FIRST_NUMBER: Final = 3_900_000_000
FOREVER: Final = 1e12


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client wants shown."""

    external_id: str
    title: str
    company: str
    location: str
    description: str
    apply_url: str
    pay: str = ""
    scope: str = ""  #: further part of the key, where a board has one
    expires_at: float = FOREVER


def find(call: Call, client: str, external_id: str, scope: str = "") -> sqlite3.Row | None:
    """Return the newest posting a client made under a key, live or not."""
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM posts WHERE board = ? AND client = ? AND external_id = ? AND scope = ?"
        " ORDER BY number DESC LIMIT 1",
        (call.board, client, external_id, scope),
    ).fetchone()
    return row


def get(db: sqlite3.Connection, board: str, post_id: str) -> sqlite3.Row | None:
    """Return a posting by its board's id."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM posts WHERE board = ? AND post_id = ?", (board, post_id)
    ).fetchone()
    return row


def create(call: Call, client: str, draft: Draft, fault: Fault | None) -> sqlite3.Row:
    """Bring a posting into being, write the ledger and tell the webhook."""
    row = call.db.execute("SELECT coalesce(max(number), 0) + 1 AS number FROM posts").fetchone()
    post_id = _post_id(call.board, row["number"])
    call.db.execute(
        "INSERT INTO posts (board, client, scope, external_id, post_id, state, title, company,"
        " location, pay, description, apply_url, created_at, ready_at, visible_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, 'live', '', '', '', '', '', '', ?, 0, 0, 0)",
        (call.board, client, draft.scope, draft.external_id, post_id, call.now),
    )
    return put(call, post_id, draft, fault, op="create")


def put(call: Call, post_id: str, draft: Draft, fault: Fault | None, *, op: str) -> sqlite3.Row:
    """Show a draft as a posting from now on; `create` and `renew` send it through review again."""
    failed = bool(fault and fault.kind == "async_fail")
    shown = (draft.title, draft.company, draft.location, draft.pay, draft.description)
    state = "rejected" if failed else "live"
    call.db.execute(
        "UPDATE posts SET title = ?, company = ?, location = ?, pay = ?, description = ?,"
        " apply_url = ?, expires_at = ?, state = ? WHERE board = ? AND post_id = ?",
        (*shown, draft.apply_url, draft.expires_at, state, call.board, post_id),
    )
    if op != "update":
        ready = call.now + call.delay
        call.db.execute(
            "UPDATE posts SET ready_at = ?, visible_at = ? WHERE board = ? AND post_id = ?",
            (ready, ready + hidden_for(fault), call.board, post_id),
        )
    outcome = fault.kind if fault else "ok"
    names = {"external_id": draft.external_id, "post_id": post_id}
    store.record(call, "refused" if failed else op, **names, outcome=outcome)
    row: sqlite3.Row = call.db.execute(
        "SELECT * FROM posts WHERE board = ? AND post_id = ?", (call.board, post_id)
    ).fetchone()
    hooks.tell(call, row, op, fault)
    return row


def close(call: Call, row: sqlite3.Row) -> None:
    """Take a posting off the board."""
    call.db.execute("UPDATE posts SET state = 'closed' WHERE number = ?", (row["number"],))
    store.record(call, "close", external_id=row["external_id"], post_id=row["post_id"])
    hooks.tell(call, row, "close", None)


def hidden_for(fault: Fault | None) -> float:
    """Say how many seconds longer than usual a fault keeps a posting out of sight."""
    if fault is None:
        return 0.0
    return fault.seconds if fault.kind == "late_visibility" else fault.late


def is_live(row: sqlite3.Row, now: float) -> bool:
    """Tell whether a board carries a posting, in sight or not yet."""
    return bool(row["state"] == "live" and now < row["expires_at"])


def is_visible(row: sqlite3.Row, now: float) -> bool:
    """Tell whether a job seeker sees a posting."""
    return is_live(row, now) and bool(now >= row["visible_at"])


def is_late(row: sqlite3.Row, now: float) -> bool:
    """Tell whether the board itself cannot find a posting yet that it has accepted."""
    return bool(row["visible_at"] > row["ready_at"] and now < row["visible_at"])


def url(base_url: str, row: sqlite3.Row) -> str:
    """Return the address of a posting's own page."""
    return f"{base_url}/{row['board']}/jobs/{row['post_id']}"


def of_client(call: Call, client: str, external_id: str) -> list[sqlite3.Row]:
    """Return the live postings of a client, or those of one external id, oldest first."""
    rows = call.db.execute(
        "SELECT * FROM posts WHERE board = ? AND client = ? AND (? = '' OR external_id = ?)"
        " AND state = 'live' ORDER BY number",
        (call.board, client, external_id, external_id),
    )
    return rows.fetchall()


def live(db: sqlite3.Connection, board: str, now: float) -> list[sqlite3.Row]:
    """Return what one board carries, or all boards for "", oldest first, without descriptions."""
    rows = db.execute(
        "SELECT board, post_id, external_id, state, title, company, location, created_at,"
        " visible_at, expires_at FROM posts"
        " WHERE (? = '' OR board = ?) AND state = 'live' AND expires_at > ? ORDER BY number",
        (board, board, now),
    )
    return rows.fetchall()


def listing(db: sqlite3.Connection, base_url: str, board: str, now: float) -> list[dict[str, Any]]:
    """Return what `GET /live` says."""
    return [
        {
            "external_id": row["external_id"],
            "post_id": row["post_id"],
            "url": url(base_url, row),
            "title": row["title"],
            "visible": is_visible(row, now),
        }
        for row in live(db, board, now)
    ]


def _post_id(board: str, number: int) -> str:
    if board == "indeed":
        return str(uuid.uuid4())
    if board == "linkedin":
        return str(FIRST_NUMBER + number)
    return f"{'wh' if board == 'hook' else 'gd'}-{number}"
