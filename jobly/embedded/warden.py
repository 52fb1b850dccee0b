"""A tiny program that outlives `up` for a moment: it ends what a killed `up` left behind.

It reads `PID SIGNAL` lines, one for every session `up` started, and `PID 0` when one is gone.
When its input ends, `up` is dead: every session still listed gets its signal. The kernel's
parent-death signal ends direct children only; pools of workers have children of their own.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Remember sessions until the input ends, then end the remembered ones."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sessions: dict[int, int] = {}
    for line in sys.stdin:
        pid, number = map(int, line.split())
        sessions[pid] = number
    for pid, number in reversed(sessions.items()):  # the web began last and answers strangers
        if number:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)


if __name__ == "__main__":
    main()
