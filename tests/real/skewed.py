"""Run a program of ours under a clock that is wrong, and that may jump while it runs.

`python -m tests.real.skewed FILE MODULE …`: FILE holds the seconds by which the clock is ahead.
time-machine does it to Python's clocks in this process and in those it forks. libfaketime 0.9.10
cannot: where it leaves the monotonic clock alone, every sleep of Python 3.11 fails with EINVAL.
"""

import os
import runpy
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

LOOK = 0.2  # seconds between two looks at the file


class Clock:
    """A clock that a program is started with; setting it again is a jump."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def set(self, ahead: timedelta) -> None:
        """Put it so far ahead of the true time."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{ahead.total_seconds():+.0f}\n")
        fresh.replace(self.file)

    @property
    def under(self) -> tuple[str, str]:
        """What to start a program under."""
        return "tests.real.skewed", str(self.file)


def main() -> None:
    """Skew our clocks, follow the file, and become the program."""
    file, sys.argv = Path(sys.argv[1]), sys.argv[2:]
    known = float(file.read_text())
    traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=known)).start()

    def follow() -> None:
        nonlocal known
        while True:
            time.sleep(LOOK)
            if (wanted := float(file.read_text())) != known:
                traveller.shift(timedelta(seconds=wanted - known))
                known = wanted

    def begin() -> None:
        threading.Thread(target=follow, daemon=True).start()

    os.register_at_fork(after_in_child=begin)
    begin()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
