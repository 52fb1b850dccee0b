"""Keep children running, and end them in order."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from jobly.embedded.processes import Child, ServerFailed, kill_session, stop

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
STEADY_SECONDS = 30.0
POLL_SECONDS = 0.1
STOP_SECONDS = 11.0  # for everything together; whoever waits for us gives up after 15
WARDEN = Path(__file__).with_name("warden.py")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Service:
    """One child: how it starts and how it ends.

    Those with the lowest `leaves` end first, together; `seconds` are kept for it, however slow
    those before it are. `dies_by` is what the warden gives its session when the supervisor was
    killed; None where the kernel sees to it.
    """

    name: str
    start: Callable[[], Child]
    leaves: int
    seconds: float
    stops_by: signal.Signals = signal.SIGTERM
    dies_by: signal.Signals | None = signal.SIGKILL


@dataclass(slots=True)
class _Running:
    service: Service
    child: Child
    since: float
    pause: float = FIRST_PAUSE
    again_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Start services, start again what dies, stop all of them; used from the main thread only."""

    say: Say
    running: list[_Running] = field(default_factory=list)
    warden: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.warden = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", str(WARDEN)],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.warden is not None and self.warden.stdin is not None:
            self.warden.stdin.close()
            self.warden.wait()

    def add(self, service: Service) -> None:
        """Start a service and keep it running from now on."""
        child = service.start()
        self._note(child.pid, service.dies_by)
        self.running.append(_Running(service, child, time.monotonic()))

    def watch(self, *, until: Callable[[], bool], seconds: float | None = None) -> bool:
        """Start again what dies until `until()` is true; False when `seconds` passed first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not until():
            if deadline is not None and time.monotonic() > deadline:
                return False
            for one in self.running:
                self._look_after(one)
            time.sleep(POLL_SECONDS)
        return True

    def stop(self) -> None:
        """End every service, group by group, and whatever its session still holds.

        A group may use all the time but what the later ones have to keep.
        """
        began = time.monotonic()
        groups = sorted({one.service.leaves for one in self.running})
        kept = {
            group: max(one.service.seconds for one in self.running if one.service.leaves == group)
            for group in groups
        }
        for group in groups:
            for_later = sum(seconds for later, seconds in kept.items() if later > group)
            self._stop_group(group, until=began + STOP_SECONDS - for_later)
        self.running.clear()

    def _stop_group(self, group: int, *, until: float) -> None:
        leaving = [one for one in self.running if one.service.leaves == group]
        for one in leaving:
            if one.child.poll() is None:
                one.child.send_signal(one.service.stops_by)
        for one in leaving:
            if not stop(one.child, within=max(0.0, until - time.monotonic())):
                self.say(f"{one.service.name} did not stop in time and was killed")
            self._note(one.child.pid, None)

    def _look_after(self, one: _Running) -> None:
        now = time.monotonic()
        if one.again_at is None:
            if one.child.poll() is None:
                return
            if now - one.since > STEADY_SECONDS:
                one.pause = FIRST_PAUSE
            self._plan_again(one, f"ended ({_ending(one.child.returncode)})")
            kill_session(one.child.pid)
            self._note(one.child.pid, None)
        elif now >= one.again_at:
            self._start_again(one)

    def _start_again(self, one: _Running) -> None:
        try:
            one.child = one.service.start()
        except ServerFailed as failed:
            self._plan_again(one, f"did not start: {failed.message}")
            return
        self._note(one.child.pid, one.service.dies_by)
        one.since, one.again_at = time.monotonic(), None

    def _plan_again(self, one: _Running, why: str) -> None:
        self.say(f"{one.service.name} {why}, starting it again in {one.pause:.1f} s")
        one.again_at = time.monotonic() + one.pause
        one.pause = min(one.pause * 2, LONGEST_PAUSE)

    def _note(self, pid: int, number: signal.Signals | None) -> None:
        if self.warden is not None and self.warden.stdin is not None:
            self.warden.stdin.write(f"{pid} {int(number or 0)}\n")


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
