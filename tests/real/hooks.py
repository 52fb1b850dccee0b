"""Webhooks of a world: an endpoint that answers by a script, a board that forges, and I9."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from .checks import Row, invariant
from .world import World

#: what a posting may not be told after what, as facts of ours
BACKWARDS = {
    "distribution.accepted": {"distribution.published", "distribution.closed"},
    "distribution.published": {"distribution.closed"},
}
HOOKS = "SELECT event_id, type, state, why, version, repeats FROM distribution_inboundhook"
#: publications that were told of twice at least
TOLD_TWICE = """
    SELECT distribution_id FROM distribution_inboundhook WHERE distribution_id IS NOT NULL
    GROUP BY distribution_id HAVING count(*) >= 2
"""
DELIVERIES = "SELECT * FROM distribution_hookdelivery ORDER BY id"


class Sink:
    """An endpoint: keeps what it hears, answers as the script says, then 204."""

    def __init__(self, *script: int | str) -> None:
        self.script: list[int | str] = list(script)
        self.heard: list[tuple[str, int | str]] = []
        self.stolen: list[str] = []  # what came to where a redirect led
        self.lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/steal":
                    sink.stolen.append(self.headers["webhook-id"])
                sink.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            word = self.script.pop(0) if self.script else 204
            self.heard.append((handler.headers["webhook-id"], word))
        if word == "hang":
            time.sleep(21)
        if isinstance(word, str):
            handler.close_connection = True
            return
        handler.send_response(word)
        if word == requests.codes.found:
            handler.send_header("Location", f"{self.origin}/steal")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Teller:
    """A board that knows the secret of a channel, or pretends to."""

    def __init__(self, world: World, channel: str) -> None:
        self.world, known = world, world.act("hook_key", channel=channel)
        self.secret: str = known["secret"]
        self.url = f"http://127.0.0.1:{world.port}/api/v1/webhooks/{known['channel']}/"
        self.taken: set[str] = set()

    def connect(self, *faults: str) -> None:
        """Have the practice boards tell here, some of it twice or in the wrong order."""
        plan: dict[str, Any] = {"webhooks": {"url": self.url, "secret": self.secret}}
        plan["faults"] = [{"kind": kind, "share": 0.5} for kind in faults]
        said = requests.put(f"{self.world.sandbox_url}/faults", json=plan, timeout=10)
        assert said.status_code == requests.codes.ok, said.text

    def tell(self, name: str, external_id: str, state: str, version: int, **how: Any) -> int:
        """Send one event; return the status. `late`, `secret` and `sent` forge it."""
        data = {"external_id": external_id, "version": version}
        body = json.dumps({"type": f"posting.{state}", "data": data}).encode()
        moment = int(time.time()) - how.get("late", 0)
        key = base64.b64decode(how.get("secret", self.secret).removeprefix("whsec_"))
        mac = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
        said = requests.post(self.url, how.get("sent", body), headers=headers, timeout=20)
        if said.ok:
            self.taken.add(name)
        return said.status_code


@invariant("I9")
def i9_each_event_counts_once(
    hooks: Sequence[Row], events: Iterable[Row], forged: Iterable[str] = ()
) -> list[str]:
    """Say which incoming event was taken though forged, waits for ever, or moved state back."""
    wrong = [f"{row['event_id']} was forged" for row in hooks if row["event_id"] in set(forged)]
    names = [row["event_id"] for row in hooks]
    wrong += [f"{name} is kept twice" for name in set(names) if names.count(name) > 1]
    wrong += [
        f"{row['event_id']} is {row['state']}"
        for row in hooks
        if row["state"] not in ("applied", "ignored")
    ]
    told: dict[str, list[str]] = {}
    for event in events:
        key = event["data"].get("distribution_id")
        if key and event["type"] in {*BACKWARDS, "distribution.closed"}:
            before = told.setdefault(key, [])
            back = BACKWARDS.get(event["type"], set()) & set(before)
            wrong += [f"{key} was {event['type']} after {', '.join(back)}"] if back else []
            if event["type"] in before:
                wrong.append(f"{key} was {event['type']} twice")
            before.append(event["type"])
    return wrong


@invariant("I9")
def i9_each_telling_arrives_or_is_given_up(
    deliveries: Sequence[Row], heard: Iterable[tuple[str, int | str]]
) -> list[str]:
    """Say which telling has no end, or says it was delivered where nobody answered 2xx."""
    taken = {name for name, word in heard if isinstance(word, int) and 200 <= word < 300}
    known = {row["event_id"] for row in deliveries}
    wrong = [f"{name} is nobody's telling" for name, _ in heard if name not in known]
    for row in deliveries:
        name = row["event_id"]
        if row["state"] == "pending":
            wrong.append(f"{name} has no end")
        elif row["state"] == "delivered" and name not in taken:
            wrong.append(f"{name} was never taken")
        elif row["state"] == "dead" and not row["why"]:
            wrong.append(f"{name} was given up without a reason")
    return wrong
