"""For whoever tests: ledger, live postings, faults and reset; from this machine only."""

import base64
import ipaddress
import re
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from jobly.sandbox import checks, faults, pages, posts, store
from jobly.sandbox.wire import Request, Response, as_json

#: Settings of a plan that hold a number per board.
NUMBERS: Final = ("limits", "delays", "lifetimes")
PAGE: Final = re.compile(r"/[a-z]+/jobs/[^/]+")
Route = Callable[[sqlite3.Connection, Request, str, float], Response]


def answer(db: sqlite3.Connection, request: Request, base_url: str, now: float) -> Response:
    """Answer a request that is not for a board."""
    if not is_local(request):
        return as_json(403, {"error": "this part of the sandbox answers its own machine only"})
    known = {method for method, path in ROUTES if path == request.path}
    route = ROUTES.get((request.method, request.path))
    if route:
        return route(db, request, base_url, now)
    if known:
        allowed = ", ".join(sorted(known))
        return as_json(405, {"error": "method not allowed"}, ("Allow", allowed))
    return as_json(404, {"error": "not found"})


def page(db: sqlite3.Connection, request: Request, base_url: str, now: float) -> Response:
    """Show the page of one posting, `/{board}/jobs/{post_id}`."""
    if not is_local(request):
        return as_json(403, {"error": "this part of the sandbox answers its own machine only"})
    board, _, post_id = request.path.strip("/").split("/")
    return pages.posting(base_url, posts.get(db, board, post_id), now)


def is_page(request: Request) -> bool:
    """Tell whether a request asks for the page of a posting."""
    return request.method == "GET" and PAGE.fullmatch(request.path) is not None


def is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine and was meant for it.

    The Host header is looked at as well, or any web page could reach us through a name of its own
    that it points at 127.0.0.1.
    """
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    return _is_loopback(request.peer) and (host == "localhost" or _is_loopback(host))


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _board(request: Request) -> str:
    return (request.query("board") or [""])[-1]


def _ledger(db: sqlite3.Connection, request: Request, _: str, __: float) -> Response:
    board, after = _board(request), (request.query("after") or ["0"])[-1]
    if board not in {"", *store.BOARDS} or not after.isdecimal():
        return as_json(400, {"error": f"board is one of {', '.join(store.BOARDS)}"})
    return as_json(200, {"entries": store.entries(db, board, min(int(after), store.LAST))})


def _live(db: sqlite3.Connection, request: Request, base_url: str, now: float) -> Response:
    board = _board(request)
    if board not in {"", *store.BOARDS}:
        return as_json(400, {"error": f"board is one of {', '.join(store.BOARDS)}"})
    return as_json(200, {"posts": posts.listing(db, base_url, board, now)})


def _reset(db: sqlite3.Connection, _: Request, __: str, ___: float) -> Response:
    store.reset(db)
    return as_json(200, {"reset": True})


def _front(db: sqlite3.Connection, _: Request, base_url: str, now: float) -> Response:
    return pages.front(db, base_url, now)


def _plan(db: sqlite3.Connection) -> dict[str, Any]:
    plan: dict[str, Any] = {name: store.setting(db, name) or {} for name in NUMBERS}
    plan["webhooks"] = store.setting(db, "webhooks")
    plan["faults"] = {name: store.setting(db, f"faults.{name}") or [] for name in store.BOARDS}
    return plan


def _show_plan(db: sqlite3.Connection, _: Request, __: str, ___: float) -> Response:
    return as_json(200, _plan(db))


def _drop_plan(db: sqlite3.Connection, _: Request, __: str, ___: float) -> Response:
    """Switch every fault, limit, delay and lifetime off, and forget the streaks.

    Webhooks are no fault: they go on until `PUT /faults {"webhooks": null}` or a reset.
    """
    db.execute("DELETE FROM settings WHERE key != 'webhooks'")
    db.execute("DELETE FROM attempts")
    db.execute("DELETE FROM calls")
    return as_json(200, _plan(db))


def _put_plan(db: sqlite3.Connection, request: Request, _: str, __: float) -> Response:
    """Replace the faults of the board named, or of all; set what else is given."""
    body = checks.load(request.body)
    try:
        if not isinstance(body, dict):
            raise faults.BadPlan("a JSON object is required")
        settings = _settings(body)
    except faults.BadPlan as exc:
        return as_json(400, {"error": str(exc)})
    if "script" in settings:  # those of others go on
        settings["script"] = {**(store.setting(db, "script") or {}), **settings["script"]}
    for key, value in settings.items():
        store.set_setting(db, key, value)
    return as_json(200, _plan(db))


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    """Check a plan and return it as settings to keep."""
    board, seed = body.get("board") or "", body.get("seed") or 0
    if not checks.one_of(board, ("", *store.BOARDS)) or not checks.is_whole(seed):
        raise faults.BadPlan("board must be a board, seed a whole number")
    kept: dict[str, Any] = {}
    if "faults" in body:
        plan = faults.parse(body["faults"], board, seed)
        for name in [board] if board else store.BOARDS:
            mine = [asdict(fault) for fault in plan if fault.board in {"", name}]
            kept[f"faults.{name}"] = mine
    if "script" in body:
        kept["script"] = faults.read_script(body["script"])
    for name in NUMBERS:
        if name in body:
            kept[name] = _numbers(name, body[name])
    if "webhooks" in body:
        kept["webhooks"] = None if body["webhooks"] is None else _webhooks(body["webhooks"])
    return kept


def _numbers(name: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or not set(value) <= set(store.BOARDS):
        raise faults.BadPlan(f"{name} must be an object of boards and numbers")
    if not all(checks.is_number(number) and number >= 0 for number in value.values()):
        raise faults.BadPlan(f"{name}: no number is negative")
    return dict(value)


def _webhooks(value: Any) -> dict[str, Any]:
    """Read who is told: one receiver of all boards, or `boards`: one for each that is named."""
    boards = checks.at(value, "boards")
    if boards is None:
        return _receiver(value)
    if not isinstance(boards, dict) or not set(boards) <= set(store.BOARDS):
        raise faults.BadPlan("webhooks.boards must be an object of boards and receivers")
    return {"boards": {name: _receiver(one) for name, one in boards.items()}}


def _receiver(value: Any) -> dict[str, str]:
    url, secret = checks.at(value, "url"), checks.at(value, "secret") or ""
    if not checks.is_url(url) or not isinstance(secret, str):
        raise faults.BadPlan("webhooks needs an http(s) url and a secret")
    try:
        if secret.startswith("whsec_"):
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as exc:
        raise faults.BadPlan("a secret that starts with whsec_ goes on in base64") from exc
    return {"url": url, "secret": secret}


ROUTES: Final[dict[tuple[str, str], Route]] = {
    ("GET", "/"): _front,
    ("GET", "/ledger"): _ledger,
    ("GET", "/live"): _live,
    ("GET", "/faults"): _show_plan,
    ("PUT", "/faults"): _put_plan,
    ("DELETE", "/faults"): _drop_plan,
    ("POST", "/reset"): _reset,
}
