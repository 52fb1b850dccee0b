"""Somebody who breaks things at random moments, the same ones for the same seed."""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence

from .world import World

Deed = Callable[[], object]


class Nemesis:
    """Do one of some deeds after each pause, and write down which and when."""

    def __init__(self, world: World, draw: random.Random, deeds: Mapping[str, Deed]) -> None:
        self.world, self.draw, self.deeds = world, draw, deeds
        self.history: list[tuple[float, str]] = []

    def rage(self, seconds: float, pause: tuple[float, float]) -> None:
        """Break things for a while; each kind of deed comes up before one comes twice."""
        began, pending = time.monotonic(), list[str]()
        while time.monotonic() - began < seconds:
            pending = pending or self.shuffled(sorted(self.deeds))
            self.do(pending.pop())
            time.sleep(self.draw.uniform(*pause))

    def shuffled(self, names: Sequence[str]) -> list[str]:
        return self.draw.sample(names, len(names))

    def do(self, name: str) -> None:
        """Do one deed."""
        with (self.world.var / "nemesis.jsonl").open("a") as file:
            file.write(json.dumps({"at": time.time(), "deed": name}) + "\n")
        self.history.append((time.time(), name))
        self.deeds[name]()
