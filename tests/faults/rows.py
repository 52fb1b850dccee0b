"""The rows of the fault matrix (RELIABILITY §3.2): what breaks, how here, and what must hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One row: the fault, how it is injected on one machine, and why it has no tests, if none."""

    fault: str
    injected: str
    unbuilt: str = ""


ROWS = {
    1: Row("kill -9 at every named point", "JOBLY_CRASH=point:k, first and second pass"),
    2: Row("kill -9 at random times", "seeded: workers, pool, web, live, broker, for 60 s"),
    3: Row("pool process dies alone; poison", "SIGKILL, SIGSEGV, abort, exit, RLIMIT_AS in a run"),
    4: Row("broker away, flapping", "kill -9 of Valkey, 3 s and twice 0.7 s"),
    5: Row("broker loses all data", "FLUSHALL; kill -9 without persistence"),
    6: Row("broker a black hole", "a proxy that stops forwarding; SIGSTOP of Valkey"),
    7: Row("PostgreSQL crashes", "SIGQUIT of the postmaster, twice, then a restart"),
    8: Row("line lost anywhere and at COMMIT", "pg_terminate_backend; a proxy cuts at COMMIT"),
    9: Row("locks, deadlock, no connection", "real locks and deadlock, CONNECTION LIMIT, 40001"),
    10: Row("no room for files", "tmpfs of 256 KB, else RLIMIT_FSIZE"),
    11: Row("the same delivered five times", "five equal messages, facts and runs"),
    12: Row("pause past the lease", "SIGSTOP of worker, pool, main process, broker"),
    13: Row("clocks off by hours and days", "time-machine in each process, jumps in mid-run"),
    14: Row("board answers 429, 500, 503", "a scripted board; Retry-After in every form"),
    15: Row("board takes it and says otherwise", "RST, timeout, 500, cut JSON, late visibility"),
    16: Row("board answers nonsense", "cut, huge, slow, bombs, endless redirects"),
    17: Row("asynchronous task never ends", "sandbox tasks that hang or fail late"),
    18: Row("token expired or revoked", "sandbox OAuth, two workers at once"),
    19: Row("incoming webhook forged, replayed", "boards that repeat, reorder, forge; kill -9"),
    20: Row("outgoing webhook fails", "an endpoint that fails, hangs, moves, goes; kill -9"),
    21: Row("clock process killed, twice, away", "kill -9 of beat, two beats, DST nights"),
    22: Row("deploy: old beside new", "a worktree of the release before, migrated while busy"),
    23: Row("model provider fails", "a server in OpenAI's words that fails, lies, dies on us"),
    24: Row("live client drops and resumes", "cut lines; stale, garbage, foreign positions"),
    25: Row("live client never reads", "stalled sockets"),
    26: Row("mail and text messages get lost", "-", "no notifications yet"),
    27: Row("SIGTERM storm", "a rolling restart every 3 s for 60 s"),
    28: Row("cancel in every state", "each point halted by SIGSTOP, cancelled by the API"),
    29: Row("all together", "SIGSTOP, PostgreSQL SIGQUIT and an empty broker at once"),
}
#: files whose tests do not say themselves which row they are about
OF_FILE = {
    "test_archive.py": (1,),
    "test_deaths.py": (1,),
    "test_streams.py": (24,),
    "test_slow_clients.py": (25,),
    "test_enriching.py": (23,),
    "test_embedding.py": (23,),
}
#: what else than this folder has tests with a row
ELSEWHERE = (
    "tests/ground/test_http_bounds.py",
    "tests/distribution/test_credentials.py",
    "tests/distribution/test_faults.py",
    "tests/distribution/test_upkeep.py",
    "tests/artifacts/test_deaths.py",
    "tests/ingestion/test_collecting_policies.py",
    "tests/ingestion/test_enriching.py",
    "tests/ingestion/test_embedding.py",
)


def rows_of(item: Any) -> tuple[int, ...]:
    """Return the rows that a test is about."""
    marked = tuple(mark.args[0] for mark in item.iter_markers("row"))
    return marked or OF_FILE.get(Path(item.path).name, ())
