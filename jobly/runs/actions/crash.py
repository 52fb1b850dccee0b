"""Points at which a test may kill or halt this process, to prove that nothing is lost there."""

import os
import re
import signal
from collections import Counter
from pathlib import Path

from django.conf import settings

PACKAGES = ("jobly", "ingestion", "distribution", "matching", "analytics", "notifications")
_CALL = re.compile(r"""\bcrashpoint\(\s*["']([\w.]+)["']""")
_passes: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Pass a named point; with JOBLY_CRASH=`name:k` the k-th pass kills the process.

    `name:k:stop` halts it there until somebody continues it. JOBLY_CRASH_ONCE names a file: it
    happens to whoever creates that file, everybody after lives on.
    """
    wanted: str = settings.RUN_CRASH
    if not wanted:
        return
    point, nth, how = (*wanted.split(":"), "", "")[:3]
    if point != name:
        return
    _passes[name] += 1
    if _passes[name] == int(nth or 1) and _first_here(settings.RUN_CRASH_ONCE):
        os.kill(os.getpid(), signal.SIGSTOP if how == "stop" else signal.SIGKILL)


def _first_here(marker: str) -> bool:
    """Whether it happened to nobody at this marker yet; no marker means always."""
    if not marker:
        return True
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def crashpoints() -> list[str]:
    """Name every point in our sources, sorted; the fault tests go through them all."""
    sources = (
        path for package in PACKAGES for path in Path(settings.BASE_DIR, package).rglob("*.py")
    )
    names = {name for path in sources for name in _CALL.findall(path.read_text())}
    return sorted(names)
