"""Bench `distribute`: jobs on three boards of 50 ms each, without limits and with them.

Without limits the calls are compared: what the product makes side by side against threads that each
have a session, and against one call after the other; all send the same bodies. `published` is the
whole way: rows, checks, intents, calls, outcomes and ends of runs, all committed. With limits that
way is measured against the moment at which the quotas let the last job go; beside the three boards
stands a dead one.
"""

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import local
from typing import Any

import orjson
import requests
from django.utils.timezone import now

from distribution.actions.channels import create_channel
from distribution.actions.terminal import distribute
from distribution.models import Attempt, Channel, Distribution
from distribution.rules.lanes import MOST
from ingestion.models import Employer, Job, Source
from jobly.http.crowd import Call, Crowd
from jobly.limits import reset
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.users.models import Company

from .loading import empty
from .measuring import Memory, Report, Side, compare, in_turns, summary

BOARDS = ("one", "two", "three")
DEAD = "dead"
THREADS = (32, 128)
SLOW_SHARE = 20  # of the rows are sent one after the other: rates are compared
LIMITS = {"one": 50, "two": 60, "three": 40}  # submissions a minute, as boards allow them
NO_LIMIT = 1_000_000
LOOK = 0.1  # seconds between two looks for work that became due
TIMEOUT = 20.0
TEXT = "<p>Joins pipes by hand and by machine, reads drawings, teaches two apprentices.</p>" * 15


@dataclass(slots=True)
class Busy:
    """Seconds of processor time that this process spent in a side, one for each turn."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, work: Callable[[], Any]) -> Any:
        """Do some work and note what it took."""
        began = time.process_time()
        answer = work()
        self.seconds.append(time.process_time() - began)
        return answer


def bench(rows: int, repeats: int) -> Report:
    """Send `rows` jobs to each of three boards, then publish them, then publish within limits."""
    memory = Memory()
    posts = rows * len(BOARDS)
    few = max(1, rows // SLOW_SHARE)
    busy: dict[str, Busy] = {}

    def side(name: str, jobs: int, work: Callable[[], int]) -> Side:
        busy[name] = Busy()
        return Side(name, jobs, partial(busy[name], work))

    with _board() as origin:
        ours = side("calls side by side", rows, partial(_together, origin, rows, memory))
        threads = [
            side(f"threads and sessions, {n}", rows, partial(_by_threads, origin, rows, n))
            for n in THREADS
        ]
        slow = side("one after the other", few, partial(_one_by_one, origin, few))
        in_turns([ours, *threads, slow], repeats)
        published = _published(origin, rows)
        growth = [
            _grown(origin, max(1, rows // 10)),
            {"rows": rows, "seconds": published["seconds"]},
        ]
    with _board() as origin:
        limited = _within_limits(origin, rows)
    best = min(threads, key=lambda one: one.median)
    cpu = {name: round(_middle(one.seconds), 3) for name, one in busy.items()}
    return Report(
        name="distribute",
        rows=rows,
        repeats=repeats,
        ours=summary(ours) | {"over_start_mb": round(memory.most, 1)},
        against=[compare(ours, one) for one in (*threads, slow)],
        growth=growth,
        answers_equal=ours.answer == best.answer == posts,
        checks=[
            {
                "name": "processor seconds",
                **cpu,
                "ratio": round(cpu[best.name] / cpu[ours.name], 2),
            },
            published,
            limited,
        ],
    )


def _middle(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


@contextmanager
def _board() -> Iterator[str]:
    """Run the board beside us; yield its origin."""
    command = [sys.executable, "-m", "jobly.bench.board"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 # ours
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield f"http://127.0.0.1:{int(line)}"
        finally:
            process.kill()


def _bodies(origin: str, rows: int) -> Iterator[tuple[str, bytes]]:
    """Yield address and body of each posting, in the order of the jobs."""
    for number in range(rows):
        for board in BOARDS:
            body = {"externalReference": f"{board}-{number}", "jobTitle": "Welder"}
            yield f"{origin}/{board}/jobs", orjson.dumps({**body, "description": TEXT})


def _together(origin: str, rows: int, memory: Memory) -> int:
    """Make the calls as the product does: by one thread, as many to a board as it allows."""
    headers = {"Content-Type": "application/json"}
    air: set[Future[requests.Response]] = set()
    taken = 0
    with memory, Crowd() as crowd:
        for target, body in _bodies(origin, rows):
            while len(air) >= MOST * len(BOARDS):
                taken += _landed(air)
            options = {"data": body, "headers": headers}
            air.add(crowd.ask(Call(origin, "POST", target, TIMEOUT, options)))
        while air:
            taken += _landed(air)
    return taken


def _landed(air: set[Future[requests.Response]]) -> int:
    """Take what has ended out of the air; return how many postings were taken."""
    done = {call for call in air if call.done()}
    if not done:
        time.sleep(0.001)
    air -= done
    return sum(call.result().status_code == requests.codes.created for call in done)


def _by_threads(origin: str, rows: int, threads: int) -> int:
    """Make the calls as the documentation of requests shows: a session for each thread."""
    mine = local()

    def send(one: tuple[str, bytes]) -> bool:
        if not hasattr(mine, "session"):
            mine.session = requests.Session()
        return _sent(mine.session, *one)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(send, _bodies(origin, rows)))


def _one_by_one(origin: str, rows: int) -> int:
    with requests.Session() as session:
        return sum(_sent(session, *one) for one in _bodies(origin, rows))


def _sent(session: requests.Session, target: str, body: bytes) -> bool:
    headers = {"Content-Type": "application/json"}
    answer = session.post(target, data=body, headers=headers, timeout=TIMEOUT)
    return bool(answer.status_code == requests.codes.created)


def _world(origin: str, rows: int, limits: dict[str, int]) -> tuple[Company, list[str]]:
    """Make a company with jobs and a channel to each board named."""
    _forget()
    company = Company.objects.create(name="Bench", slug="bench")
    employer = Employer.objects.create(key="bench", name="Bench")
    source = Source.objects.create(company=company, name="bench", kind="upload")
    Job.objects.bulk_create(
        [
            Job(
                company=company, source=source, employer=employer, title=f"Welder {number}",
                description_html=TEXT, description_text=TEXT, location_text="Oslo, Norway",
                city="Oslo", country="NO", employment_type="FULL_TIME", salary_min=50_000_000,
                salary_max=60_000_000, salary_currency="NOK", salary_period="YEAR",
                reference=f"B-{number}", status="live", first_seen_at=now(), last_seen_at=now(),
                posted_at=now(),
            )
            for number in range(rows)
        ],
        batch_size=500,
    )  # fmt: skip
    for board, limit in limits.items():
        create_channel(
            company, slug=board, kind="rest", name=board, base_url=f"{origin}/{board}",
            credentials={"partner_id": "bench", "api_key": "bench"}, limit_per_minute=limit,
            options={"paths": {"create": "/jobs"}}, call_timeout=timedelta(seconds=5),
        )  # fmt: skip
    return company, list(limits)


def _forget() -> None:
    """Empty what an earlier turn left."""
    for channel in Channel.everything.all():
        reset(channel.breaker_key)
    Attempt.objects.all().delete()
    Distribution.everything.all().delete()
    Channel.everything.all().delete()
    Run.objects.all().delete()
    empty()
    Company.objects.filter(slug="bench").delete()


def _publish(origin: str, rows: int, limits: dict[str, int]) -> tuple[float, dict[str, int]]:
    """Publish every job on every board; return the seconds it took and what became of it."""
    company, slugs = _world(origin, rows, limits)
    wish = {"upload_id": None, "job_ids": [], "channels": slugs, "at": None, "skip_on_error": True}
    began = time.perf_counter()
    counts = distribute(company, wish, actor=None)
    return time.perf_counter() - began, counts


def _published(origin: str, rows: int) -> dict[str, Any]:
    seconds, counts = _publish(origin, rows, dict.fromkeys(BOARDS, NO_LIMIT))
    rate = round(rows / seconds, 1)
    return {"name": "published, limits off", "seconds": round(seconds, 2), "rate": rate, **counts}


def _grown(origin: str, rows: int) -> dict[str, float]:
    return {"rows": rows, "seconds": _published(origin, rows)["seconds"]}


def _within_limits(origin: str, rows: int) -> dict[str, Any]:
    """Publish within quotas, a dead board beside them; say how far from the quotas' own bound."""
    bound = max((math.ceil(rows / limit) - 1) * 60 for limit in LIMITS.values())
    company, slugs = _world(origin, rows, {**LIMITS, DEAD: NO_LIMIT})
    wish = {"company_id": str(company.pk), "channels": slugs, "skip_on_error": True}
    began = time.perf_counter()
    with transaction():
        start("distribution.apply", {"wish": wish}, actor=None, company=company)
    published = Distribution.everything.filter(status="published")
    while published.count() < rows * len(BOARDS) and time.perf_counter() - began < 3 * bound + 60:
        drain()
        time.sleep(LOOK)
    took = time.perf_counter() - began
    after = _seen(origin)
    over = {
        board: after[board]["a_minute"] - limit
        for board, limit in LIMITS.items()
        if after[board]["a_minute"] > limit
    }
    calls = after.get(DEAD, {"came": 0})["came"]
    return {
        "name": "published within limits, a dead board beside them",
        "seconds": round(took, 2),
        "bound": bound,
        "ratio": round(took / bound, 4) if bound else 0.0,
        "published": published.count(),
        "over_a_limit": over,
        "calls_to_the_dead_board": calls,
        "sent_twice": sum(after[board]["came"] - after[board]["different"] for board in LIMITS),
    }


def _seen(origin: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = requests.get(f"{origin}/seen", timeout=TIMEOUT).json()
    return found
