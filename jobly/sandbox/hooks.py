"""Webhooks: tell a client's URL what became of its postings, signed as Standard Webhooks are.

Events wait in the state file until their hour comes, so a restart loses none; a receiver may see
one twice. Source: https://github.com/standard-webhooks/standard-webhooks
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import sqlite3
import time
import uuid
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from jobly.sandbox import store
from jobly.sandbox.faults import Fault
from jobly.sandbox.store import Call

#: What an operation is called once it is news.
EVENTS: Final = {"create": "accepted", "update": "updated", "renew": "accepted", "close": "closed"}
#: Seconds between two looks for events that are due.
LOOK: Final = 0.1
#: Seconds a receiver may take.
PATIENCE: Final = 5.0
#: Seconds before each further try; after the last one the event is dropped.
LADDER: Final = (1.0, 2.0, 4.0, 8.0)
STATUS: Final = re.compile(rb"HTTP/1\.\d (\d{3})")
#: Answers that mean the event was taken.
TAKEN: Final = range(200, 300)
#: Seconds by which an event that should come first comes after.
SWAP: Final = 0.3


def tell(call: Call, row: sqlite3.Row, op: str, fault: Fault | None) -> None:
    """Queue the events of an operation on a posting, if anyone asked for them."""
    if not store.setting(call.db, "webhooks"):
        return
    if op == "close":
        # What is closed before review ended never went live.
        call.db.execute("DELETE FROM hooks WHERE post_id = ? AND tries = 0", (row["post_id"],))
    kind = fault.kind if fault else ""
    events = [(EVENTS[op], call.now)]
    if op in {"create", "renew"}:
        late = SWAP if kind == "reorder_webhook" else 0.0
        end = "live" if row["state"] == "live" else "rejected"
        events = [(EVENTS[op], row["visible_at"] + late if late else call.now)]
        events.append((end, row["visible_at"]))
    for version, (state, due_at) in enumerate(events):
        _queue(call, row, state, due_at, version)
        if kind == "duplicate_webhook":
            _repeat(call)


def _queue(call: Call, row: sqlite3.Row, state: str, due_at: float, version: int) -> None:
    last = call.db.execute("SELECT coalesce(max(n), 0) AS n FROM ledger").fetchone()["n"]
    body = {
        "type": f"posting.{state}",
        "timestamp": store.stamp(call.now),
        "data": {
            "board": row["board"],
            "external_id": row["external_id"],
            "post_id": row["post_id"],
            "url": f"{call.base_url}/{row['board']}/jobs/{row['post_id']}",
            "state": state,
            "version": last * 10 + version,  # grows with every event of a posting
        },
    }
    call.db.execute(
        "INSERT INTO hooks (event_id, post_id, due_at, tries, body) VALUES (?, ?, ?, 0, ?)",
        (f"msg_{uuid.uuid4().hex}", row["post_id"], due_at, json.dumps(body)),
    )


def _repeat(call: Call) -> None:
    call.db.execute(
        "INSERT INTO hooks (event_id, post_id, due_at, tries, body)"
        " SELECT event_id, post_id, due_at, tries, body FROM hooks ORDER BY number DESC LIMIT 1"
    )


async def deliver_for_ever(db: sqlite3.Connection) -> None:
    """Send every event when it is due, one after the other."""
    while True:
        await asyncio.sleep(LOOK)
        target = store.setting(db, "webhooks")
        due = db.execute(
            "SELECT * FROM hooks WHERE due_at <= ? ORDER BY due_at, number LIMIT 50",
            (time.time(),),
        ).fetchall()
        for row in due if target else ():
            board = json.loads(row["body"])["data"]["board"]
            hears = target.get("boards", {}).get(board) or ("url" in target and target)
            # of a board that nobody listens to, nothing is kept
            heard = not hears or await send(hears, row["event_id"], row["body"].encode())
            _settle(db, row, heard=heard)


def _settle(db: sqlite3.Connection, row: sqlite3.Row, *, heard: bool) -> None:
    """Forget an event that was heard or tried often enough; put off the others."""
    key = (row["number"], row["event_id"])  # a reset in between starts the numbers anew
    if heard or row["tries"] >= len(LADDER):
        db.execute("DELETE FROM hooks WHERE number = ? AND event_id = ?", key)
        return
    put_off = time.time() + LADDER[row["tries"]]
    db.execute(
        "UPDATE hooks SET tries = tries + 1, due_at = ? WHERE number = ? AND event_id = ?",
        (put_off, *key),
    )


async def send(target: dict[str, Any], event_id: str, body: bytes) -> bool:
    """Post one event; return whether the receiver took it. Redirects are refusals."""
    moment = int(time.time())
    url = urlsplit(str(target["url"]))
    lines = [
        f"POST {url.path or '/'}{'?' * bool(url.query)}{url.query} HTTP/1.1",
        f"Host: {url.netloc.rpartition('@')[2]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        f"webhook-id: {event_id}",
        f"webhook-timestamp: {moment}",
        f"webhook-signature: {sign(str(target.get('secret', '')), event_id, moment, body)}",
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    try:
        async with asyncio.timeout(PATIENCE):
            return await _post(url, head + body) in TAKEN
    except (OSError, TimeoutError, ValueError):
        return False


async def _post(url: SplitResult, message: bytes) -> int:
    """Send a whole request and return the status of the answer. (0 if that is not HTTP).

    Raises: OSError, ValueError.
    """
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=secure or None)
    try:
        writer.write(message)
        await writer.drain()
        answer = await reader.readline()
        found = STATUS.match(answer)
        return int(found[1]) if found else 0
    finally:
        writer.close()


def sign(secret: str, event_id: str, moment: int, body: bytes) -> str:
    """Sign an event; a secret `whsec_…` is base64, any other one is taken as it is."""
    plain = secret.removeprefix("whsec_")
    key = base64.b64decode(plain) if plain != secret else secret.encode()
    digest = hmac.new(key, f"{event_id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
