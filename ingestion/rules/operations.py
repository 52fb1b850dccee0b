"""When operators are told, and when this week differs from the last: figures and thresholds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

#: the fields of a posting whose presence is watched
FIELDS: Final = (
    "employer",
    "city",
    "country",
    "remote",
    "employment_type",
    "seniority",
    "salary",
    "description_text",
    "skills",
    "apply_url",
    "posted_at",
    "department",
    "education",
    "benefits",
)
SAMPLED_ROWS: Final = 200  # of a pass: its first
SAMPLED_PASSES: Final = 20  # of a source and day: its latest
LEAST_SAMPLED: Final = 50  # fewer items say nothing about drift
DRIFT_POINTS: Final = 10.0  # per cent points
DRIFT_ERRORS: Final = 3.0  # standard errors of the difference


@dataclass(frozen=True, slots=True)
class Default:
    """What an alert rule is before anybody changes it."""

    threshold: int
    window: timedelta
    least: int


# S5.23: 80 % of the quota; above 5 % failing processing; waiting above 1 h; above 10 % failing
# validation
DEFAULTS: Final[Mapping[str, Default]] = {
    "quota": Default(80, timedelta(days=31), 1),
    "processing": Default(5, timedelta(hours=24), 5),
    "waiting": Default(60, timedelta(hours=1), 1),
    "validation": Default(10, timedelta(hours=24), 50),
}


def share(part: float, whole: float) -> float:
    """Return a share in per cent; nothing of nothing is nothing."""
    return 100.0 * part / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A share this week and the last, in per cent of so many items each."""

    now: float
    before: float
    n_now: int
    n_before: int

    @property
    def points(self) -> float:
        """By how many points it differs."""
        return self.now - self.before

    @property
    def is_drift(self) -> bool:
        """Whether the difference is large, and too large to be chance."""
        if min(self.n_now, self.n_before) < LEAST_SAMPLED or abs(self.points) < DRIFT_POINTS:
            return False
        whole = self.n_now + self.n_before
        pooled = (self.now * self.n_now + self.before * self.n_before) / whole / 100
        error = math.sqrt(pooled * (1 - pooled) * (1 / self.n_now + 1 / self.n_before)) * 100
        return error == 0 or abs(self.points) > DRIFT_ERRORS * error


def change(now: tuple[int, int], before: tuple[int, int]) -> Change:
    """Compare two weeks, each as (how many, of how many)."""
    return Change(share(*now), share(*before), now[1], before[1])
