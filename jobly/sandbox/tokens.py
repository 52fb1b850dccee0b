"""OAuth client credentials: anyone gets in who is not called wrong."""

import secrets
from dataclasses import dataclass
from typing import Literal

from jobly.sandbox import store
from jobly.sandbox.store import Call


@dataclass(frozen=True, slots=True)
class Grant:
    """What a bearer token stands for right now."""

    token: str
    client: str
    scope: str
    state: Literal["good", "missing", "unknown", "expired", "revoked"]


def good(*credentials: str) -> bool:
    """Tell whether a pair of credentials opens the door: none empty, none containing "wrong"."""
    return all(word and "wrong" not in word for word in credentials)


def issue(call: Call, client: str, scope: str, lifetime: int) -> tuple[str, int]:
    """Make a token; return it with its lifetime in seconds, which a plan may have shortened."""
    seconds = int((store.setting(call.db, "lifetimes") or {}).get(call.board, lifetime))
    token = secrets.token_urlsafe(32)
    call.db.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, 0)",
        (token, call.board, client, scope, call.now + seconds),
    )
    store.record(call, "auth")
    return token, seconds


def grant(call: Call) -> Grant:
    """Look up the token a request carries."""
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return Grant("", "", "", "missing")
    row = call.db.execute(
        "SELECT * FROM tokens WHERE token = ? AND board = ?", (token.strip(), call.board)
    ).fetchone()
    if row is None:
        return Grant(token, "", "", "unknown")
    state: Literal["good", "expired", "revoked"] = "good"
    if row["revoked"]:
        state = "revoked"
    elif call.now >= row["expires_at"]:
        state = "expired"
    return Grant(row["token"], row["client"], row["scope"], state)


def revoke(call: Call, token: str) -> None:
    """Make a token worthless."""
    call.db.execute("UPDATE tokens SET revoked = 1 WHERE token = ?", (token,))
