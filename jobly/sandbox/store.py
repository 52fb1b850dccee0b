"""Everything a board remembers, in one SQLite file that outlives a kill -9.

A request is one transaction, committed before its answer is sent; a write-ahead log survives the
death of the process without a sync per commit. No file given means memory.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobly.sandbox.wire import Request

#: The highest number SQLite counts to.
LAST = 2**63 - 1
BOARDS = ("linkedin", "indeed", "glassdoor", "hook")

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
    n INTEGER PRIMARY KEY AUTOINCREMENT, board TEXT NOT NULL, op TEXT NOT NULL,
    external_id TEXT NOT NULL, post_id TEXT NOT NULL, at REAL NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_board ON ledger (board, n);
CREATE TABLE IF NOT EXISTS posts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, board TEXT NOT NULL, client TEXT NOT NULL,
    scope TEXT NOT NULL, external_id TEXT NOT NULL, post_id TEXT NOT NULL, state TEXT NOT NULL,
    title TEXT NOT NULL, company TEXT NOT NULL, location TEXT NOT NULL, pay TEXT NOT NULL,
    description TEXT NOT NULL, apply_url TEXT NOT NULL, created_at REAL NOT NULL,
    ready_at REAL NOT NULL, visible_at REAL NOT NULL, expires_at REAL NOT NULL,
    UNIQUE (board, post_id));
CREATE INDEX IF NOT EXISTS posts_key ON posts (board, client, external_id);
CREATE TABLE IF NOT EXISTS tasks (
    urn TEXT PRIMARY KEY, client TEXT NOT NULL, external_id TEXT NOT NULL, post_id TEXT NOT NULL,
    ready_at REAL NOT NULL, error TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, board TEXT NOT NULL, client TEXT NOT NULL, scope TEXT NOT NULL,
    expires_at REAL NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    board TEXT NOT NULL, external_id TEXT NOT NULL, count INTEGER NOT NULL, streak INTEGER NOT NULL,
    PRIMARY KEY (board, external_id));
CREATE TABLE IF NOT EXISTS replays (
    client TEXT NOT NULL, key TEXT NOT NULL, post_id TEXT NOT NULL, PRIMARY KEY (client, key));
CREATE TABLE IF NOT EXISTS calls (board TEXT NOT NULL, client TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, post_id TEXT NOT NULL,
    due_at REAL NOT NULL, tries INTEGER NOT NULL, body TEXT NOT NULL);
"""
EMPTYING = (
    "DELETE FROM ledger",
    "DELETE FROM posts",
    "DELETE FROM tasks",
    "DELETE FROM tokens",
    "DELETE FROM attempts",
    "DELETE FROM replays",
    "DELETE FROM calls",
    "DELETE FROM settings",
    "DELETE FROM hooks",
    "DELETE FROM sqlite_sequence",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request at one board, at one moment."""

    db: sqlite3.Connection
    board: str
    base_url: str  #: of the whole sandbox, without slash at the end
    delay: float  #: seconds a board takes to work on a posting
    now: float  #: seconds since the epoch
    request: Request

    @property
    def path(self) -> str:
        """The path below the board's own root, without slashes at its ends."""
        return self.request.path.removeprefix(f"/{self.board}").strip("/")


def open_state(directory: Path | None) -> sqlite3.Connection:
    """Open the state of an earlier run, or start one; a second program on it is refused.

    Raises: sqlite3.OperationalError if another sandbox has it open.
    """
    if directory:
        directory.mkdir(parents=True, exist_ok=True)
    name = str(directory / "sandbox.sqlite3") if directory else ":memory:"
    db = sqlite3.connect(name, isolation_level=None, timeout=2.0)
    db.row_factory = sqlite3.Row
    # EXCLUSIVE keeps the file ours until we die, however we die; it must precede the WAL switch.
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(SCHEMA)
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Keep all writes of the block, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def reset(db: sqlite3.Connection) -> None:
    """Forget everything, faults and ledger included."""
    for statement in EMPTYING:
        db.execute(statement)


def record(
    call: Call, op: str, *, external_id: str = "", post_id: str = "", outcome: str = "ok"
) -> None:
    """Append to the ledger: create, update, renew, close, refused or auth.

    `create` means that a posting came into being, whatever the client then heard of it.
    """
    call.db.execute(
        "INSERT INTO ledger (board, op, external_id, post_id, at, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (call.board, op, external_id, post_id, call.now, outcome),
    )


def entries(db: sqlite3.Connection, board: str, after: int) -> list[dict[str, Any]]:
    """Return the ledger of one board, or of all for "", in order."""
    rows = db.execute(
        "SELECT n, board, op, external_id, post_id, at, outcome FROM ledger"
        " WHERE (? = '' OR board = ?) AND n > ? ORDER BY n",
        (board, board, after),
    )
    return [{**dict(row), "at": stamp(row["at"])} for row in rows]


def setting(db: sqlite3.Connection, key: str) -> Any:
    """Return what was set under a key, or None."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row["value"])


def set_setting(db: sqlite3.Connection, key: str, value: Any) -> None:
    """Keep a JSON value under a key."""
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))


def stamp(at: float) -> str:
    """Write a moment as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
