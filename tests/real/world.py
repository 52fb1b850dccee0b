"""One world of a test: a database of its own, a Valkey, boards, and the processes of Jobly."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import redis
import requests
from psycopg.rows import dict_row

from jobly.embedded import addresses
from jobly.embedded.instance import HOST, is_free, is_listening
from jobly.embedded.processes import Child, Program, kill_session, spawn, stop
from jobly.embedded.servers import start_valkey
from jobly.embedded.services import live_command

from .ground import ROOT, TEMPLATE, Cluster, Ground
from .proxy import Proxy

QUEUES = "default,etl,boards,interactive"
BOARDS = ("linkedin", "indeed", "glassdoor")
ALL_CHANNELS = (*BOARDS, "internal")
MOST_LEAVES = 3
REST = ("succeeded", "failed", "cancelled")
_ports, _given = threading.Lock(), set[int]()


class Process:
    """One program of ours in a session of its own, so that its children can be told from ours."""

    def __init__(self, name: str, program: Program, again: "Callable[[], Process]") -> None:
        self.name, self.log, self.again = name, program.log, again
        self.program, self.leaves = program, 0
        self.child: Child = spawn(program)

    @property
    def is_alive(self) -> bool:
        return self.child.poll() is None

    def replace(self) -> "Process":
        """Kill it and start the same again."""
        self.kill()
        return self.again()

    def resume(self) -> None:
        """Start it again where it has left by itself, as a supervisor does; a few times only."""
        self.leaves += 1
        assert self.leaves <= MOST_LEAVES, f"{self.name} leaves again and again\n{tail(self.log)}"
        self.child = spawn(self.program)

    def family(self, by: signal.Signals) -> None:
        """Send a signal to the program and all of its children."""
        os.killpg(self.child.pid, by)

    def kill(self) -> None:
        """End it and its children as the power going away does."""
        kill_session(self.child.pid)
        self.child.wait()

    def stop(self, within: float = 15.0) -> float:
        """Ask it to end; return how many seconds it took, or fail."""
        began = time.monotonic()
        assert stop(self.child, signal.SIGTERM, within=within), f"{self.name} did not end"
        return time.monotonic() - began

    def children(self) -> list[int]:
        """The process ids of its pool."""
        path = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children")
        with suppress(OSError):
            return [int(word) for word in path.read_text().split()]
        return []

    def peaks(self) -> dict[int, int]:
        """The highest resident memory so far of the program and its children, in bytes."""
        found = {}
        for pid in (self.child.pid, *self.children()):
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                found[pid] = 1024 * next(int(x.split()[1]) for x in lines if x[:6] == "VmHWM:")
        return found


class World:
    """Everything between a client and the boards, all of it disposable."""

    def __init__(
        self, ground: Ground, cluster: Cluster | None = None, /, **environment: str
    ) -> None:
        self.ground = ground
        self.cluster = cluster or ground.cluster
        self.name = f"world_{next(ground.numbers)}"
        self.var = ground.folder / self.name
        self.var.mkdir(mode=0o700)
        (self.var / "storage").symlink_to(ground.storage)
        self.cluster.create(self.name, TEMPLATE)
        self.at = addresses(self.var)
        self.valkey = start_valkey(self.at, durable=False)
        self.sandbox_port = free_port()
        self.sandbox_url = f"http://{HOST}:{self.sandbox_port}"
        self.environment = {
            **ground.environment(self.cluster.url(self.name), self.var),
            "VALKEY_URL": self.at.valkey_url,
            "SANDBOX_URL": self.sandbox_url,
            **environment,
        }
        self.processes: list[Process] = []
        self.proxies: list[Proxy] = []
        self.http = requests.Session()
        self.sandbox = self.start_sandbox()
        self.company = ground.people["company"]
        self.stream = f"company:{self.company}"
        self.key = ground.people["key"]
        self.bearer = {"Authorization": f"Bearer {self.key}"}
        self.port = free_port(pair=True)  # the live server takes the next one, as under `up`
        self.live_port = self.port + 1
        self.rows = self.cluster.connect(self.name)

    # what runs here

    def lengthen_leases(self) -> None:
        """Let leases outlast a machine that tells several stories: call it before a worker starts.

        A worker that only gets no turn for two seconds loses its runs to the sweep otherwise, and
        a story that counts crashes would take that for one.
        """
        self.environment["RUN_LEASE_SECONDS"] = "15"

    def start(self, name: str, *arguments: str | Path, **how: Any) -> Process:
        """Start a program by our interpreter.

        `under` puts a program of ours before its module (`tests.real.mutant`, `.skewed`), `folder`
        takes another tree than this one; the rest is environment.
        """
        again = partial(self.start, name, *arguments, **how)
        under, folder = how.pop("under", ()), how.pop("folder", ROOT)
        log = self.at.logs / f"{name}.log"
        command = [sys.executable, "-m", *under, *arguments]
        program = Program(command, log, {**self.environment, **how}, folder=folder)
        process = Process(name, program, again)
        self.processes.append(process)
        return process

    def start_worker(self, name: str = "worker", *, mutant: str = "", **how: Any) -> Process:
        """Start a Celery worker as `up` does, or one that lacks something (`tests.real.mutant`)."""
        options = [
            *("--pool", "prefork", "--concurrency", "2", "--queues", QUEUES),
            *("--hostname", f"{name}@{self.name}", "--loglevel", "INFO"),
            *("--include", how.pop("include", "tests.real.kinds")),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
        how |= {"under": ("tests.real.mutant", mutant)} if mutant else {}
        return self.start(name, "celery", "-A", "jobly", "worker", *options, **how)

    def start_beat(self, name: str = "beat", **how: Any) -> Process:
        """Start Celery's clock as `up` does."""
        scheduler = ("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler")
        options = [*scheduler, "--pidfile=", "--max-interval", "1", "--loglevel", "INFO"]
        return self.start(name, "celery", "-A", "jobly", "beat", *options, **how)

    def start_web(self, name: str = "web", **how: Any) -> Process:
        """Start pages, admin and API."""
        options = ["--interface", "wsgi", "--host", HOST, "--port", str(self.port)]
        sizes = ["--workers", "1", "--blocking-threads", "8", "--workers-kill-timeout", "2"]
        served = ["--no-ws", "--respawn-failed-workers", "jobly.wsgi:application"]
        process = self.start(name, "granian", *options, *sizes, *served, **how)
        self.until_answers()
        return process

    def start_live(self, name: str = "live", *, mutant: str = "", **how: Any) -> Process:
        """Start the server of live streams."""
        how |= {"under": ("tests.real.mutant", mutant)} if mutant else {}
        process = self.start(name, *live_command(self.live_port)[2:], **how)
        self.until(lambda: is_listening(self.live_port), "the live server listens")
        return process

    def start_sandbox(self) -> Process:
        """Start the boards; their ledger outlives them."""
        options = ["--port", str(self.sandbox_port), "--state", str(self.var / "sandbox")]
        process = self.start("sandbox", "jobly.sandbox", *options, "--delay", "0.2")
        self.until(lambda: is_listening(self.sandbox_port), "the boards listen")
        return process

    def manage(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, however that comes."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def kill_valkey(self) -> None:
        """Take the broker away as the power does; it keeps nothing."""
        self.valkey.kill()
        self.valkey.wait()

    def restart_valkey(self) -> None:
        self.valkey = start_valkey(self.at, durable=False)

    def broker_line(self) -> Proxy:
        """Put a line that can be stalled between our processes and the broker, from now on."""
        proxy = Proxy(self.at.valkey_socket)
        self.proxies.append(proxy)
        self.environment["VALKEY_URL"] = f"redis://{HOST}:{proxy.port}/0"
        return proxy

    def database_line(self, name: str) -> tuple[Proxy, dict[str, str]]:
        """Make a line to the database that can be cut, and the environment that takes it."""
        sockets = self.at.sockets / name
        proxy = Proxy(
            self.cluster.at.postgres_sockets / ".s.PGSQL.5432", listen=sockets / ".s.PGSQL.5432"
        )
        self.proxies.append(proxy)
        return proxy, {"DATABASE_URL": self.cluster.url(self.name, sockets)}

    # what people do here

    def act(self, act: str, /, **args: Any) -> Any:
        """Have the driver do something in this world."""
        broker = f"redis+socket://{self.at.valkey_socket}"
        world = {"database": self.name, "sandbox": self.sandbox_url, "valkey": broker}
        world["sockets"] = str(self.cluster.at.postgres_sockets)
        return self.ground.driver.call(act, world, **args)

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask the API with the recruiter's key."""
        headers = {**self.bearer, **options.pop("headers", {})}
        url = f"http://{HOST}:{self.port}/api/v1/{path}"
        options.setdefault("timeout", 20)
        return requests.request(method, url, headers=headers, **options)  # noqa: S113 - set above

    def end_process(self, pid: int) -> None:
        """Kill one process of a pool; it may be gone already."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def look_again(self) -> None:
        """Open our own view anew, after the database was away."""
        self.rows.close()
        self.rows = self.cluster.connect(self.name)

    # what one sees here

    def query(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        with self.rows.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, params).fetchall()

    def value(self, statement: str, *params: Any) -> Any:
        """Return the one value of a query."""
        (row,) = self.query(statement, *params)
        return next(iter(row.values()))

    def count(self, table: str, condition: str = "true", *params: Any) -> int:
        return int(self.value(f"SELECT count(*) FROM {table} WHERE {condition}", *params))  # noqa: S608

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 120.0) -> Any:
        """Wait until something is true and return it; a program that died in between is named.

        A worker may leave: Celery's does where a process of its pool dies while it starts, and
        where the broker goes while a message is in hand. Its supervisor starts it again.
        """
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            for process in self.processes:
                code = process.child.poll()
                if code == 1 and "worker" in process.program.command:
                    process.resume()
                    continue
                assert code in (None, 0, -9, -15), f"{process.name}: {code}\n{tail(process.log)}"
            assert time.monotonic() < deadline, f"waited in vain until {what}\n{self.story()}"
            time.sleep(0.05)
        return found

    def until_answers(self) -> None:
        """Wait until the web answers."""
        self.until(lambda: is_listening(self.port), "the web listens")

    def until_rest(self, seconds: float = 120.0, *, mending: bool = False) -> None:
        """Wait until no run is left to do and no distribution is on its way.

        `mending` closes breakers by hand, as an operator may, so that nobody waits half a minute.
        """
        moving = "status IN ('pending', 'sending', 'unknown', 'accepted')"

        def rests() -> bool:
            if mending:
                self.mend()
            open_runs = self.count("runs_run", "status <> ALL(%s)", list(REST))
            return not open_runs and not self.count("distribution_distribution", moving)

        self.until(rests, "everything rests", seconds)

    def until_terminal(self) -> None:
        """Wait until every run has ended, whatever became of distributions."""
        unfinished = "status NOT IN ('succeeded', 'failed', 'cancelled')"
        self.until(lambda: not self.count("runs_run", unfinished), "every run has ended")

    def later(self, deed: Callable[[], object], seconds: float) -> None:
        """Do something in a moment, while the caller goes on."""
        timer = threading.Timer(seconds, deed)
        timer.daemon = True
        timer.start()

    def switch_off(self, schedule: str) -> datetime:
        """Let a schedule fire no more; return when."""
        off = "UPDATE runs_schedule SET enabled = false WHERE name = %s RETURNING clock_timestamp()"
        moment: datetime = self.value(off, schedule)
        return moment

    def mend(self) -> None:
        """Close every breaker and bring back whoever waits for one."""
        with redis.Redis(unix_socket_path=str(self.at.valkey_socket)) as valkey:
            open_ones = list(valkey.scan_iter("breaker:*:open"))
            if open_ones:
                valkey.delete(*open_ones)
        self.query(
            "UPDATE runs_run SET available_at = now() WHERE status = 'queued'"
            " AND error LIKE '%%does not answer at the moment%%' RETURNING id"
        )

    def story(self) -> str:
        """Tell where everything stands, for a test that failed."""
        runs = self.query(
            "SELECT kind, status, attempt, crash_count, owner, error, available_at - now() AS due,"
            " history -> -1 ->> 'what' AS last FROM runs_run WHERE status <> 'succeeded'"
            " ORDER BY id DESC LIMIT 8"
        )
        held = self.query(
            "SELECT status, error, count(*) FROM distribution_distribution GROUP BY 1, 2"
        )
        logs = "\n".join(f"--- {p.name}\n{tail(p.log)}" for p in self.processes)
        return "\n".join([*map(str, runs), *map(str, held), logs])

    def boards(self, method: str, path: str, **options: Any) -> Any:
        """Ask the boards' own control."""
        url = self.sandbox_url + path
        answer = self.http.request(method, url, timeout=10, **options)
        assert answer.ok, answer.text
        return answer.json()

    def plan_faults(self, *faults: dict[str, Any], seed: int = 0, **more: Any) -> None:
        self.boards("PUT", "/faults", json={"faults": list(faults), "seed": seed, **more})

    def ledger(self, board: str = "") -> list[dict[str, Any]]:
        return list(self.boards("GET", f"/ledger?board={board}")["entries"])

    def live(self, board: str = "") -> list[dict[str, Any]]:
        return list(self.boards("GET", f"/live?board={board}")["posts"])

    def keep(self, folder: Path) -> None:
        """Copy what was written down here, for whoever asks why a test failed."""
        shutil.copytree(self.at.logs, folder / self.name, dirs_exist_ok=True)
        for history in self.var.glob("*.jsonl"):
            shutil.copy(history, folder / self.name)

    def close(self) -> None:
        """End every process and drop the database."""
        self.rows.close()
        self.http.close()
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.family(signal.SIGCONT)
            process.kill()
        for proxy in self.proxies:
            proxy.close()
        self.kill_valkey()
        self.cluster.drop(self.name)
        shutil.rmtree(self.var, ignore_errors=True)
        shutil.rmtree(self.at.sockets, ignore_errors=True)


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def free_port(*, pair: bool = False) -> int:
    """Find a port, or two neighbours, outside of the range that outgoing connections take.

    None is given twice in a session: Granian shares one with whoever else allows it.
    """
    while True:
        port = 20_000 + 2 * secrets.randbelow(6_000)
        with _ports:
            if port in _given:
                continue
            _given.add(port)
        if is_free(port) and (not pair or is_free(port + 1)):
            return port
