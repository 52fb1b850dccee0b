"""Time both sides of a bench in turns and say how they compare."""

import gc
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

KIB_A_MIB = 1024


@dataclass(slots=True)
class Side:
    """One way to do the same work: `prepare` is not timed, `work` is and returns its answer."""

    name: str
    rows: int
    work: Callable[[], Any]
    prepare: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)
    answer: Any = None

    @property
    def median(self) -> float:
        """The middle one of the times measured, in seconds."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.median


@dataclass(slots=True)
class Memory:
    """How many MB this process had more, at most, inside the blocks than when each began."""

    most: float = 0.0
    before: float = 0.0

    def __enter__(self) -> Self:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew here
        self.before = _resident("VmRSS")
        return self

    def __exit__(self, *broke: object) -> None:
        self.most = max(self.most, _resident("VmHWM") - self.before)


def _resident(name: str) -> float:
    """Read a line of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / KIB_A_MIB for line in lines if line.startswith(name))


@dataclass(slots=True)
class Report:
    """What a bench found; ratio > 1 means that ours is better.

    `checks`: further findings that are no race, each with a name and its figures.
    """

    name: str
    rows: int
    repeats: int
    ours: dict[str, float]
    against: list[dict[str, Any]]
    growth: list[dict[str, float]]
    answers_equal: bool
    checks: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def in_turns(sides: list[Side], repeats: int) -> None:
    """Run every side once, then again, so that what else the machine does hits all alike."""
    for _ in range(repeats):
        for side in sides:
            side.prepare()
            gc.collect()
            began = time.perf_counter()
            side.answer = side.work()
            side.seconds.append(time.perf_counter() - began)


def compare(ours: Side, other: Side) -> dict[str, Any]:
    """Return the line of a baseline."""
    return {
        "name": other.name,
        "rows": other.rows,
        "seconds": round(other.median, 3),
        "rate": round(other.rate, 1),
        "ours_rate": round(ours.rate, 1),
        "ratio": round(ours.rate / other.rate, 2),
    }


def summary(side: Side) -> dict[str, float]:
    """Return the line of our side, with this process's peak memory."""
    return {
        "seconds": round(side.median, 3),
        "rate": round(side.rate, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_A_MIB, 1),
    }
