"""Run kinds whose body each test chooses, and a fact they may hear."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from jobly.runs.actions.kinds import run

BODY: dict[str, Any] = {}


@run("test.plain")
def plain(progress, **args):
    return BODY["run"](progress, **args)


@run("test.steps", stepwise=True)
def steps(progress, **args):
    return BODY["run"](progress, **args)


@run("test.waits", stepwise=True, waits=True)
def waits(progress, **args):
    return BODY.get("parent", BODY["run"])(progress, **args)


@run("test.board", retry="distribution", stepwise=True)
def board(progress, **args):
    return BODY["run"](progress, **args)


@run("test.pair")
def pair(*, left: int, right: int = 0):
    return {"sum": left + right}


@run("test.hears")
def hears(*, job_id: int):
    return {"heard": job_id}


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened to a job."""

    name: ClassVar[str] = "test.happened"
    job_id: int
    skills: tuple[str, ...] = field(default=())


@run("test.small", small=True)
def small(progress, **args):
    return BODY["run"](progress, **args)


@run("test.capped", stepwise=True, most=2)
def capped(progress, **args):
    return BODY["run"](progress, **args)


@run("test.bound", small=True, bound=True)
def bound(progress, **args):
    return BODY["run"](progress, **args)


def together(crew):
    BODY["crew"](crew)


@run("test.crew", stepwise=True, crew=together)
def one_of_a_crew(progress, **args):
    return BODY["run"](progress, **args)
