"""The registry of run kinds: what `@run` in each `<app>/tasks.py` declares."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict, TypeVar, Unpack

from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from jobly.runs.errors import UnknownKind, WrongArguments
from jobly.runs.rules.policy import POLICIES, RetryPolicy

Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RunKind:
    """One kind of work: its function and how the ledger treats it.

    A `stepwise` body opens its own transactions with `progress.transaction()`; any other body
    and the end of its run are one transaction. `waits` keeps the run open until everything it
    started has ended. A `small` body takes milliseconds and touches nothing but the database:
    it may share a transaction with its neighbours. A `bound` one completes what has happened
    already, so nobody may cancel it. Workers also accept runs of the version before `version`.
    At most `most` of them are held by workers at a time, on all machines together. Of a kind with
    a `crew`, many that are due are performed side by side by that function; the body performs one.
    """

    name: str
    body: Callable[..., Any]
    policy: RetryPolicy
    stepwise: bool
    waits: bool
    small: bool
    bound: bool
    version: int
    most: int | None
    crew: Callable[[Any], None] | None
    wants_progress: bool
    parameters: inspect.Signature

    @property
    def queue(self) -> str:
        """The queue of this kind: by its name, else by its app's, else the default."""
        queues: Mapping[str, str] = settings.RUN_QUEUES
        app = self.name.partition(".")[0]
        return queues.get(self.name) or queues.get(app) or "default"

    @property
    def rides(self) -> bool:
        """Whether runs of this kind may share a transaction with their neighbours."""
        return self.small and not (self.stepwise or self.waits or self.most)

    def accepts(self, payload_version: int) -> bool:
        """Whether this code can run arguments of that version."""
        return payload_version in (self.version, self.version - 1)


_KINDS: dict[str, RunKind] = {}


class Treatment(TypedDict, total=False):
    """How the ledger treats runs of a kind; `RunKind` says what each means."""

    stepwise: bool
    waits: bool
    small: bool
    bound: bool
    version: int
    most: int
    crew: Callable[[Any], None]


def run(
    name: str, *, retry: str = "default", **treatment: Unpack[Treatment]
) -> Callable[[Body], Body]:
    """Register a function as the body of runs of this kind.

    The body takes the run's arguments by keyword, and a `Progress` first if it has a positional
    parameter. What it returns is the run's result: a dict of JSON values, or None. Its key
    `stands_on` names the kind of the runs that do the work of one that waits for them: it fails
    when they all do.
    """

    def register(body: Body) -> Body:
        known = _KINDS.get(name)
        if known is not None and known.body.__qualname__ != body.__qualname__:
            raise ValueError(f"two functions claim the run kind {name}")
        first, parameters = _split(inspect.signature(body))
        _KINDS[name] = RunKind(
            name=name,
            body=body,
            policy=POLICIES[retry],
            stepwise=treatment.get("stepwise", False),
            waits=treatment.get("waits", False),
            small=treatment.get("small", False),
            bound=treatment.get("bound", False),
            version=treatment.get("version", 1),
            most=treatment.get("most"),
            crew=treatment.get("crew"),
            wants_progress=first,
            parameters=parameters,
        )
        return body

    return register


def _split(signature: inspect.Signature) -> tuple[bool, inspect.Signature]:
    """Tell whether a body takes a Progress first, and what is left without it."""
    parameters = list(signature.parameters.values())
    first = bool(parameters) and parameters[0].kind is not inspect.Parameter.KEYWORD_ONLY
    return first, signature.replace(parameters=parameters[1:] if first else parameters)


@cache
def _load() -> None:
    """Import every `<app>/tasks.py`, once and only when a kind is asked for."""
    autodiscover_modules("tasks")


def find_kind(name: str) -> RunKind | None:
    """Find a registered kind, or None."""
    if name not in _KINDS:
        _load()
    return _KINDS.get(name)


def kind_of(name: str) -> RunKind:
    """Find a registered kind, or raise UnknownKind."""
    kind = find_kind(name)
    if kind is None:
        raise UnknownKind(f"there is no run kind {name}", kind=name)
    return kind


def kinds() -> dict[str, RunKind]:
    """Return every registered kind by name."""
    _load()
    return dict(sorted(_KINDS.items()))


def check_args(kind: RunKind, args: Mapping[str, Any]) -> None:
    """Raise WrongArguments unless the kind's function takes exactly these."""
    try:
        kind.parameters.bind(**args)
    except TypeError as exc:
        raise WrongArguments(f"{kind.name}: {exc}", kind=kind.name) from exc


def small_queues() -> set[str]:
    """Name the queues along which small runs come."""
    _load()
    return {kind.queue for kind in _KINDS.values() if kind.rides}


def bound_kinds() -> list[str]:
    """Name the kinds of which no run may be cancelled."""
    _load()
    return [kind.name for kind in _KINDS.values() if kind.bound]


def capped_kinds(queue: str) -> dict[str, int]:
    """Return the kinds of a queue of which only so many may be held at a time."""
    _load()
    return {k.name: k.most for k in _KINDS.values() if k.most is not None and k.queue == queue}
