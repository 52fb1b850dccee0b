"""Bench `queues`: what a long queue costs those who claim from it and those who wait behind it."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection

from jobly.bench import running
from jobly.bench.peers import STEP_SECONDS
from jobly.runs.actions import careful, claims, start, start_many
from jobly.runs.models import Run
from jobly.users.models import Company

from .measuring import Report

FEW = 100
SINGLES = 40  # runs of the small company, one at a time
BATCHES = 100
PATIENCE_SECONDS = 60.0


def bench(rows: int, repeats: int) -> Report:
    """Claim from a queue of `rows` runs and of few; time a single beside many of another company.

    Ratios are of 95th percentiles (claims) and of medians (singles): how much of the speed of a
    short queue is left, 1 where nothing is lost.
    """
    with connection.cursor() as cursor:
        running.finish_many(cursor, running.MANY)
    short, long = _claims(FEW, repeats), _claims(rows, repeats)
    crowd, single = (Company.objects.create(name=name, slug=name) for name in ("crowd", "single"))
    with running.worker():
        _latency(single, 1)
        time.sleep(careful.AFTER_START_SECONDS)
        alone = _latency(single, SINGLES)
        start_many("bench.step", [{}] * rows, actor=None, company=crowd)
        time.sleep(1.0)
        beside = _latency(single, SINGLES)
        waiting = Run.objects.due().filter(company=crowd).exists()
        Run.objects.due().delete()
    return Report(
        name="queues",
        rows=rows,
        repeats=repeats,
        ours={"seconds": long, "rate": round(claims.BATCH / long, 1), "peak_mb": 0.0},
        against=[
            _line(f"a claim of {claims.BATCH} from {FEW} waiting, p95", short, long),
            _line("a single run with nobody else there, median", alone, beside),
        ],
        growth=[{"rows": FEW, "seconds": short}, {"rows": rows, "seconds": long}],
        answers_equal=waiting,  # the crowd was still there when the last single run had ended
    )


def _line(name: str, few: float, many: float) -> dict[str, Any]:
    """Compare the same thing in a short and in a long queue."""
    return {
        "name": name,
        "rows": 1,
        "seconds": few,
        "rate": round(1 / few, 1),
        "ours_rate": round(1 / many, 1),
        "ratio": round(few / many, 2),
    }


def _claims(waiting: int, repeats: int) -> float:
    """Return the 95th percentile of the seconds that a claim takes with so many waiting."""
    start_many("bench.step", [{}] * waiting, actor=None)
    taken: list[float] = []
    for turn in range(repeats * BATCHES):
        choice: claims.Choice = {"after": ""} if turn % 2 else {"above": claims.LOWEST}
        taken.append(_timed(partial(claims.claim, "default", claims.BATCH, **choice)))
        held = Run.objects.filter(kind="bench.step", status="running")
        held.update(status="queued", owner="", lease_until=None)
    Run.objects.filter(kind="bench.step").delete()
    return round(statistics.quantiles(taken, n=20)[-1], 5)


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _latency(company: Company, count: int) -> float:
    """Return the median seconds from the start of a run to its end, one at a time."""
    return round(statistics.median(_timed(lambda: _one(company)) for _ in range(count)), 5)


def _one(company: Company) -> None:
    """Have one run done."""
    run = start("bench.step", {}, actor=None, company=company)
    end = time.monotonic() + PATIENCE_SECONDS
    while not Run.objects.filter(pk=run.pk, status="succeeded").exists():
        if time.monotonic() > end:
            raise TimeoutError(f"a run of {STEP_SECONDS} s did not come to its end")
        time.sleep(0.002)
