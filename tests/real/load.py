"""Steady work from outside while something breaks, and the history of what was promised."""

import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import requests

from . import postings
from .world import World

PATIENCE = 5.0  # seconds for one answer
AGAIN = 0.1
JOBS = 2  # in a file


@dataclass
class Sent:
    """One file as its sender saw it: `indeterminate` is one that no answer ever came for."""

    name: str
    began: float
    ended: float = 0.0
    outcome: str = "indeterminate"
    upload: str = ""
    answers: tuple[str, ...] = ()

    @property
    def slowest(self) -> float:
        """The longest that any single answer took."""
        return max((float(answer.split()[1]) for answer in self.answers), default=0.0)


class Recruiter(threading.Thread):
    """Send one small file after the other, each under one key until it is taken."""

    def __init__(self, world: World, *, pause: float = 0.3, keyed: bool = True) -> None:
        super().__init__(daemon=True)
        self.world, self.pause, self.keyed = world, pause, keyed
        self.history: list[Sent] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            self.send(len(self.history) + 1)
            self.over.wait(self.pause)

    def send(self, number: int) -> Sent:
        """Send a file until it is taken, or once if no key makes that safe."""
        sent = Sent(f"file-{number}.csv", time.time())
        self.history.append(sent)
        text = postings.csv(JOBS, first=1 + JOBS * number)
        deadline = time.monotonic() + 60
        while not self._try(sent, text) and self.keyed and time.monotonic() < deadline:
            time.sleep(AGAIN)
        sent.ended = time.time()
        return sent

    def _try(self, sent: Sent, text: str) -> bool:
        """Send once; True if the answer settles it."""
        began = time.monotonic()
        try:
            answer = self.world.api(
                "POST",
                "uploads/",
                data={"company": "acme", "mode": "skip"},
                files={"file": (sent.name, text)},
                headers={"Idempotency-Key": sent.name} if self.keyed else {},
                timeout=PATIENCE,
            )
        except requests.RequestException as exc:
            self._note(sent, type(exc).__name__, began)
            return False
        self._note(sent, str(answer.status_code), began)
        if answer.status_code == 202:
            sent.outcome, sent.upload = "ok", answer.json()["id"]
        elif not (answer.status_code >= 500 or answer.status_code == 409):
            sent.outcome = "refused"
        return sent.outcome != "indeterminate"

    def _note(self, sent: Sent, what: str, began: float) -> None:
        sent.answers += (f"{what} {time.monotonic() - began:.3f}",)

    def finish(self) -> list[Sent]:
        """Stop, write the history down, and return it."""
        self.over.set()
        self.join(90)
        assert not self.is_alive(), "the recruiter hangs"
        path = self.world.var / "recruiter.jsonl"
        path.write_text("".join(json.dumps(asdict(sent)) + "\n" for sent in self.history))
        return self.history

    @property
    def answers(self) -> list[str]:
        """Every answer so far, as `status seconds`."""
        return [answer for sent in self.history for answer in sent.answers]


class Oracle(threading.Thread):
    """Somebody of another company, who must see nothing of this one, whatever happens."""

    LISTS = ("uploads/", "background-jobs/", "distributions/", "channels/")

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.seen: list[str] = []
        self.looks = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.3):
            for path in self.LISTS:
                self.look(path, lambda body: body["results"])
            foreign = f"events/?stream={self.world.stream}&after=0"
            self.look(foreign, lambda body: body["results"])

    def look(self, path: str, found: Any) -> None:
        """Ask with a foreign key; an answer that holds anything is noted."""
        bearer = {"Authorization": f"Bearer {self.world.ground.people['foreign_key']}"}
        try:
            answer = self.world.api("GET", path, headers=bearer, timeout=PATIENCE)
        except requests.RequestException:
            return
        self.looks += 1
        if answer.ok and (rows := found(answer.json())):
            self.seen.append(f"{path}: {rows[0]}")

    def finish(self) -> None:
        self.over.set()
        self.join(30)
