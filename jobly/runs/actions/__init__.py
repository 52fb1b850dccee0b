"""Start, tell, cancel and repeat work: the only way to have something done in the background."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypedDict, Unpack
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from jobly.runs import events
from jobly.runs.errors import RunMoved
from jobly.runs.models import Run
from jobly.runs.rules.streams import stream_for
from jobly.users.models import Company, User

from .current import current_run
from .ending import cancel
from .inserting import insert
from .kinds import check_args, kind_of
from .outbox import Entry, add, transaction
from .telling import plain, told

__all__ = ["cancel", "emit", "replay", "retry", "start", "start_many", "transaction"]


class Fact(Protocol):
    """A frozen dataclass that says what happened; its fields are the subscribing kinds' args."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


class Options(TypedDict, total=False):
    """What `start` takes besides kind, arguments and actor.

    `key`: the same key of the same kind and company is the same run, for ever; a key that comes
    from a person must carry that person's id. `after`: not before this time, or this much later.
    `stream`: where its life is told, if not by company, else by actor, else by the parent's.
    `detached`: no child of the run that starts it, so that nobody waits for it.
    """

    company: Company | UUID | None
    key: str | None
    after: timedelta | datetime | None
    priority: int
    parent: Run | None
    stream: str
    detached: bool


class Telling(TypedDict, total=False):
    """What `emit` takes besides fact, actor and company.

    `streams` names where it is told, if not to the company, else to the person `user_id`, else to
    the staff. `delay`: how much later the subscribed runs start. `detached`: they are no children
    of the run that tells it, so that nobody waits for what follows.
    """

    user_id: UUID | None
    streams: Sequence[str]
    delay: timedelta
    detached: bool


def start(
    kind: str, args: Mapping[str, Any], *, actor: User | None, **options: Unpack[Options]
) -> Run:
    """Insert a queued run in the caller's transaction; the workers hear of it on commit.

    A key that was used before returns the run it named; if that one was cancelled, its replay.
    Emits: job.created. Raises: UnknownKind, WrongArguments.
    """
    return start_many(kind, [args], actor=actor, **options)[0]


@transaction
def start_many(
    kind: str,
    many_args: Iterable[Mapping[str, Any]],
    *,
    actor: User | None,
    **options: Unpack[Options],
) -> list[Run]:
    """Insert one queued run for each set of arguments, in one statement; a key fits one only."""
    template, many = _new_run(kind, actor, options), [dict(args) for args in many_args]
    registered = kind_of(kind)
    for args in {frozenset(one): one for one in many}.values():  # by their names: once for alike
        check_args(registered, args)
    if template.idempotency_key is not None and len(many) != 1:
        raise ValueError("a key fits one run only")
    runs = insert(template, plain(many), after=options.get("after"))
    if many and not runs:
        return [_keyed(template)]
    _announce(runs)
    return runs


def _new_run(kind_name: str, actor: User | None, options: Options) -> Run:
    """Return an unsaved run without arguments and without its time."""
    kind = kind_of(kind_name)
    parent = None if options.get("detached") else options.get("parent") or current_run()
    company = options.get("company")
    company_id = company.pk if isinstance(company, Company) else company
    actor_id = actor.pk if actor is not None else None
    stream = options.get("stream") or stream_for(company_id, actor_id)
    if parent and company_id is None and actor_id is None and "stream" not in options:
        company_id, actor_id, stream = parent.company_id, parent.actor_id, parent.stream
    run = Run(
        kind=kind.name,
        queue=kind.queue,
        payload_version=kind.version,
        actor_id=actor_id,
        company_id=company_id,
        stream=stream,
        idempotency_key=options.get("key"),
        priority=options.get("priority", 0),
        max_attempts=kind.policy.max_attempts,
        waits=kind.waits,
        parent=parent,
    )
    if parent:
        run.root_id = parent.root_id
    return run


def _keyed(template: Run) -> Run:
    """Return the run that has the template's key; if it was cancelled, its replay."""
    rows = Run.objects.filter(kind=template.kind, idempotency_key=template.idempotency_key)
    company = template.company_id
    row = rows.get(company=None) if company is None else rows.get(company=company)
    return replay(row, actor=None) if row.status == Run.Status.CANCELLED else row


def _announce(runs: Sequence[Run]) -> None:
    """Tell of new runs that are alike, and the workers if they may start now."""
    if not runs:
        return
    first = runs[0]
    add(told(first, events.CREATED, alike=runs))
    if first.available_at <= first.created_at:
        add(Entry(hint=first.queue, runs=len(runs)))


def emit(
    fact: Fact,
    *,
    actor: User | None = None,
    company: Company | UUID | None = None,
    **telling: Unpack[Telling],
) -> None:
    """Tell a fact on its streams and start a run for each kind that subscribed to it.

    A fact may carry a class variable `wire` when third parties know it by another name. At least
    once: subscribed runs are idempotent. Raises RuntimeError outside of `transaction()`.
    """
    parent = current_run()
    company_id = company.pk if isinstance(company, Company) else company
    told_on = list(dict.fromkeys(telling.get("streams", ())))
    told_on = told_on or [stream_for(company_id, telling.get("user_id"))]
    actor_id = actor.pk if actor is not None else parent.actor_id if parent else None
    data = plain(asdict(fact))
    entry = Entry(
        type=getattr(fact, "wire", fact.name),
        fact=fact.name,
        run_ids=(parent.pk if parent else None,),
        actor_id=actor_id,
        data=data,
    )
    for stream in told_on:
        add(replace(entry, stream=stream))
    for kind in settings.RUN_ON_EVENT.get(fact.name, ()):
        start(
            kind,
            data,
            actor=actor,
            company=company_id,
            stream=told_on[0],
            after=telling.get("delay") or None,
            detached=telling.get("detached", False),
        )


def retry(run: Run, *, actor: User | None, args: Mapping[str, Any] | None = None) -> Run:
    """Try a failed or cancelled run again: the same as `replay`."""
    return replay(run, actor=actor, args=args)


@transaction
def replay(run: Run, *, actor: User | None, args: Mapping[str, Any] | None = None) -> Run:
    """Start a new run with the arguments of one that failed or was cancelled, or with others.

    All repetitions of a run name the first one, and the key goes along, so effects stay once.
    While one with the same arguments is under way it is returned instead. Emits: job.created.
    Raises: RunMoved if the run did not fail or a repetition of it succeeded; WrongArguments.
    """
    list(_line(run).select_for_update(no_key=True)[:1])  # one repetition at a time
    wanted, under_way = check_replay(run, args)
    if under_way is not None:
        return under_way
    tries = list(_line(run))
    options = Options(company=run.company_id, stream=run.stream, priority=run.priority)
    template = _new_run(run.kind, actor, options)
    template.replay_of_id = run.replay_of_id or run.pk
    template.idempotency_key = next(
        (one.idempotency_key for one in tries if one.idempotency_key), None
    )
    template.actor_id = template.actor_id or run.actor_id
    _line(run).update(idempotency_key=None)
    (new,) = insert(template, [wanted])
    _announce([new])
    return new


def check_replay(
    run: Run, args: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Run | None]:
    """Return the arguments that a repetition has, and the one that is under way with them.

    Raises what `replay` raises; changes nothing.
    """
    tries = list(_line(run))
    row, newest = next(one for one in tries if one.pk == run.pk), tries[-1]
    wanted = row.args if args is None else plain(args)
    check_args(kind_of(row.kind), wanted)
    if not newest.is_finished and newest.pk != row.pk and newest.args == wanted:
        return wanted, newest
    _check_repeatable(newest, row)
    return wanted, None


def _line(run: Run) -> QuerySet[Run]:
    """Return a run's first try and all its repetitions, the oldest first."""
    first_id = run.replay_of_id or run.pk
    return Run.objects.filter(Q(pk=first_id) | Q(replay_of=first_id)).order_by("pk")


def _check_repeatable(newest: Run, row: Run) -> None:
    """Raise RunMoved unless the newest try of a run ended badly."""
    if newest.status in (Run.Status.FAILED, Run.Status.CANCELLED):
        return
    which = "This run" if newest.pk == row.pk else "A repetition of this run"
    how = "has succeeded" if newest.is_finished else "is still under way"
    raise RunMoved(f"{which} {how}; nothing was started.", run=str(newest.pk))
