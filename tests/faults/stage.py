"""Stories told side by side: a world waits for leases most of the time, so several cost as one.

A test marked `story` is an ordinary function of a `world`; the stage calls it in a thread with a
world of its own, ahead of its turn, and pytest gets what came of it when its turn comes.
"""

import os
import random
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.real import checks
from tests.real.ground import Ground
from tests.real.world import World

AT_ONCE = 4
KEEP = "JOBLY_FAULTS_KEEP"  # a folder for the logs of worlds whose story went wrong


@dataclass
class Told:
    """What came of a story: how long it took, what was checked, and what was wrong."""

    seconds: float = 0.0
    checked: set[str] = field(default_factory=set)
    note: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


class Stage:
    """The threads that tell stories; they live until all are told.

    The kernel ends a program with the thread that started it, so none may end before.
    """

    def __init__(self, ground: Ground, stories: list[pytest.Function]) -> None:
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="story")
        self.told: dict[str, Future[Told]] = {
            story.nodeid: self.pool.submit(tell, ground, story) for story in stories
        }

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)


def is_story(item: Any) -> bool:
    return item.get_closest_marker("story") is not None


def seed_of(item: Any) -> int:
    """Return the session's seed, which pytest-randomly prints and takes."""
    return int(item.config.getoption("randomly_seed", 0))


def draw_for(item: Any) -> random.Random:
    """Return the random numbers of one test: the same for the same seed."""
    return random.Random(f"{seed_of(item)} {item.name}")  # noqa: S311


def tell(ground: Ground, item: pytest.Function) -> Told:
    """Live through one story in a world of its own."""
    told, began = Told(), time.monotonic()
    checks.CHECKED.set(told.checked)
    marker = item.get_closest_marker("story")
    cluster = world = None
    try:
        cluster = ground.own_cluster() if marker.kwargs.get("own_database") else None
        world = World(ground, cluster)
        known = {"world": world, "draw": draw_for(item), "note": told.note}
        params = item.callspec.params if hasattr(item, "callspec") else {}
        wanted = {name: known[name] for name in item.fixturenames if name in known}
        item.obj(**wanted, **params)
    except BaseException as exc:  # noqa: BLE001 - pytest gets it in its own thread
        exc.add_note(f"again by: manage.py faults --seed {seed_of(item)}, {item.name}")
        told.error = exc
        if world is not None and os.environ.get(KEEP):
            world.keep(Path(os.environ[KEEP], item.name))
    finally:
        if world is not None:
            world.close()
        if cluster is not None:
            cluster.stop()
            shutil.rmtree(cluster.at.var, ignore_errors=True)
    told.seconds = time.monotonic() - began
    return told
