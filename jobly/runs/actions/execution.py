"""Drain queues, as a worker, a test or a command in the foreground does."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.db.models.functions import Now

from jobly.errors import JoblyError
from jobly.runs import clients, events
from jobly.runs.errors import Cancelled, LostLease
from jobly.runs.models import Run
from jobly.runs.rules.outcome import one_line
from jobly.runs.rules.streams import stream_for
from jobly.users.models import Company, User

from . import claims, stopping
from .crash import crashpoint
from .crews import Crew
from .current import executing
from .ending import cancel, counts_of_children, end, success
from .heartbeat import HOARD_SECONDS, Heartbeat, heartbeat
from .kinds import RunKind, find_kind
from .line import Line, Taken, next_size
from .outbox import transaction
from .performing import answer_of, broken, execute
from .progress import Progress
from .sweep import sweep
from .telling import plain, tell

POLL_SECONDS = 0.2  # how often a command looks whether others have finished its children
FAR_OFF = timedelta(minutes=10)  # children due later than this are left to the workers


class Take(Protocol):
    """Take up to `most` due runs, `size` of them claimed; or those of one kind `only`."""

    def __call__(self, size: int, most: int, only: str = "") -> Taken:
        """Return what was taken."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many runs a drain may execute and until when, by the monotonic clock."""

    runs: int | None = None
    until: float | None = None

    def allows(self, executed: int) -> bool:
        """Whether one more batch may be claimed."""
        in_time = self.until is None or time.monotonic() < self.until
        return in_time and (self.runs is None or executed < self.runs)


def drain(queue: str | None = None, *, root: UUID | None = None, limit: int | None = None) -> int:
    """Claim and execute due runs in this process until none is due; return how many.

    Of one queue, of the family of one run, or of every queue.
    """
    budget = Budget(runs=limit)
    if root is not None:
        return work(_family(root), budget)
    if queue is not None:
        return work(Line(queue).take, budget)
    executed = 0
    while budget.allows(executed):
        before = executed
        for name in claims.due_queues():
            left = None if limit is None else limit - executed
            executed += work(Line(name).take, replace(budget, runs=left))
        if executed == before:
            break
    return executed


def _family(root: UUID) -> Take:
    """Take the due runs that descend from one run."""

    def take(size: int, most: int, only: str = "") -> Taken:
        return Taken(claims.claim_family(root, min(size, most), only=only))

    return take


def drain_hinted(queue: str, seconds: float) -> int:
    """Work on a queue for a while, as a worker does that was hinted.

    While it works, another hint goes out if there is more to do, so that idle workers join.
    """
    line = Line(queue)
    joined = False

    def take_and_call(size: int, most: int, only: str = "") -> Taken:
        nonlocal joined
        taken = line.take(size, most, only)
        if taken and not joined and claims.has_due(queue):
            joined = clients.send_hints([queue])
        return taken

    executed = work(take_and_call, Budget(until=time.monotonic() + seconds))
    if not joined and not stopping.is_stopping() and claims.has_due(queue):
        clients.send_hints([queue])
    return executed


def work(take: Take, budget: Budget) -> int:
    """Execute what is taken, in batches that take a moment each; return how many."""
    executed, size = 0, 1
    with heartbeat() as pulse:
        while budget.allows(executed) and not stopping.is_stopping():
            left = sys.maxsize if budget.runs is None else budget.runs - executed
            taken = take(size, left)
            if not taken:
                break
            executed += len(taken.riders)
            if not taken.runs:
                continue
            crashpoint("runs.after_claim")
            batch = [Progress(run) for run in taken.runs]
            pulse.hold(batch)
            crews, rest = _by_crew(batch)
            for kind, first in crews:
                more = More(take, budget, kind.name, executed + len(batch))
                executed += _work_together(Crew(kind, pulse, more), first)
            began = time.monotonic()
            executed += _execute_batch(rest, pulse)
            size = next_size(max(1, len(rest)), time.monotonic() - began, most=claims.BATCH)
    return executed


@dataclass(slots=True)
class More:
    """Claim further runs of a kind for its crew, while the budget of the drain lasts."""

    take: Take
    budget: Budget
    kind: str
    taken: int

    def __call__(self, most: int) -> list[Run]:
        """Return up to `most` claimed runs."""
        if not self.budget.allows(self.taken):
            return []
        size = most if self.budget.runs is None else min(most, self.budget.runs - self.taken)
        found = self.take(size, size, self.kind).runs
        self.taken += len(found)
        return found


def _by_crew(batch: list[Progress]) -> tuple[list[tuple[RunKind, list[Progress]]], list[Progress]]:
    """Part runs that are performed side by side, by kind, from those that are not."""
    crews: dict[str, tuple[RunKind, list[Progress]]] = {}
    rest = []
    for progress in batch:
        kind = find_kind(progress.run.kind)
        fits = kind is not None and kind.accepts(progress.run.payload_version)
        if kind is None or kind.crew is None or not fits or progress.run.crash_count:
            rest.append(progress)
        else:
            crews.setdefault(kind.name, (kind, []))[1].append(progress)
    return list(crews.values()), rest


def _work_together(crew: Crew, first: list[Progress]) -> int:
    """Have a crew perform some runs and what else is due; return how many."""
    crew.work(first)
    return crew.performed


def _execute_batch(batch: list[Progress], pulse: Heartbeat) -> int:
    """Execute claimed runs one by one; give the rest back when one turns out to be slow."""
    began = time.monotonic()
    executed = 0
    for progress in sorted(batch, key=lambda one: one.run.crash_count > 0):
        slow = time.monotonic() - began > HOARD_SECONDS
        if slow or stopping.is_stopping() or not pulse.begin(progress):
            continue
        if progress.run.crash_count and not claims.was_alone(progress.run):
            # one that was there when a worker died takes nothing else with it the next time
            pulse.release_waiting()
            claims.stand_alone(progress.run)
        try:
            execute(progress)
        finally:
            pulse.drop(progress)
        executed += 1
    pulse.release_waiting()
    return executed


def foreground(
    kind: str,
    args: Mapping[str, Any],
    *,
    actor: User | None,
    company: Company | UUID | None = None,
    body: Callable[[Progress], Any],
) -> Run:
    """Do work of a command as a run of its own, together with everything that it starts.

    The run is visible live like any other. What it started is executed here, by workers too if
    there are any, until all has ended; only what is due much later is left to the workers. Errors
    and Ctrl-C end the run and are raised again: the same command, or a replay, goes on from there.
    """
    run = _insert_running(kind, args, actor, company)
    progress = Progress(run)
    with heartbeat() as pulse:
        pulse.hold([progress])
        pulse.begin(progress)
        try:
            with executing(run):
                result = body(progress)
            _drain_family(progress)
            status, columns = _success(progress, result)
        except Cancelled:
            status, columns = Run.Status.CANCELLED, {"error_code": "cancelled"}
        except LostLease:
            run.refresh_from_db()
            return run
        except (KeyboardInterrupt, Exception) as exc:
            _break_off(progress, exc)
            raise
        with transaction():
            return end(run, status, **progress.counts() | columns)


def _insert_running(
    kind: str, args: Mapping[str, Any], actor: User | None, company: Company | UUID | None
) -> Run:
    known = find_kind(kind)
    company_id = company.pk if isinstance(company, Company) else company
    actor_id = actor.pk if actor is not None else None
    holder = f"{claims.TERMINAL}{claims.owner()}"
    run = Run(
        kind=kind,
        queue=known.queue if known else "default",
        args=plain(args),
        payload_version=known.version if known else 1,
        actor_id=actor_id,
        company_id=company_id,
        stream=stream_for(company_id, actor_id),
        status=Run.Status.RUNNING,
        attempt=1,
        max_attempts=known.policy.max_attempts if known else 1,
        fence=1,
        owner=holder,
        lease_until=Now() + claims.lease(),
        started_at=Now(),
    )
    run.root_id = run.pk
    with transaction():
        Run.objects.bulk_create([run])
        run.refresh_from_db()
        tell(run, events.CREATED)
    return run


def _drain_family(progress: Progress) -> None:
    """Execute what a run started until all of it has ended, here or elsewhere."""
    root = progress.run.pk
    waited_for = (
        Run.objects.unfinished()
        .of_family(root)
        .exclude(pk=root)
        .exclude(Q(status=Run.Status.QUEUED) & Q(available_at__gt=Now() + FAR_OFF))
    )
    swept = time.monotonic()
    while True:
        progress.checkpoint()
        drained = drain(root=root)
        if not waited_for.exists():
            return
        if time.monotonic() - swept >= settings.RUN_SWEEP_SECONDS:
            sweep()
            swept = time.monotonic()
        if not drained:
            time.sleep(POLL_SECONDS)


def _success(progress: Progress, result: Any) -> tuple[Run.Status, dict[str, Any]]:
    counts: dict[str, Any] = {} if progress.position.total else counts_of_children(progress.run.pk)
    status, columns = success(progress.run, answer_of(result))
    return status, counts | columns


def _break_off(progress: Progress, exc: Exception | KeyboardInterrupt) -> None:
    """End a run of the foreground that broke, and cancel what it had started."""
    run = progress.run
    with suppress(LostLease, OperationalError, InterfaceError):
        if isinstance(exc, KeyboardInterrupt):
            status, said = Run.Status.CANCELLED, {"error_code": "cancelled"}
        elif isinstance(exc, JoblyError):
            status = Run.Status.FAILED
            said = {"error_code": exc.code, "error": one_line(exc.message)}
            said["error_class"] = type(exc).__name__
        else:
            status, verdict = Run.Status.FAILED, broken(exc, run)
            said = {"error_code": verdict.code, "error": verdict.message}
            said["error_class"] = verdict.error_class
        cancel(run)
        with transaction():
            end(run, status, **progress.counts() | said)
