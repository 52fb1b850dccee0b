"""What counts say and what they do not: rates from enough cases, costs as honest ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MIN_RATE = 20  # cases below which a share is chance: counts are shown, no rate
MIN_MEDIAN = 5  # durations below which a median says little
LONGEST = 731  # days that one look spans
DEFAULT = 30  # days looked at when nobody says
PERIODS = (7, 30, 90, 365)  # days offered
STAGES = ("new", "screen", "interview", "offer")  # in which an application waits


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of UTC, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class CostRange:
    """What one of something cost, in minor units: at least and at most; None = no bound known."""

    currency: str
    lower: int | None
    upper: int | None

    @property
    def is_exact(self) -> bool:
        """Whether both ends are the same."""
        return self.lower == self.upper


def period_of(first: date | None, last: date | None, today: date, days: int = DEFAULT) -> Period:
    """Return the days meant, ending today at the latest; the longest span where more is asked."""
    end = min(last or today, today)
    start = first if first is not None and first <= end else end - timedelta(days=days - 1)
    return Period(max(start, end - timedelta(days=LONGEST - 1)), end)


def rate(part: int, whole: int) -> float | None:
    """Return a share in percent, None where too few cases make it chance or books do not match."""
    return 100 * part / whole if whole >= MIN_RATE and part <= whole else None


def cost_range(minor: int, currency: str, credited: int, unknown: int) -> CostRange:
    """Spread a cost over what a channel brought: `credited` surely, `unknown` perhaps.

    At most: cost ÷ credited, as if none of the unknown came from here. At least: cost ÷ (credited
    + unknown), as if all did. Without any there is no bound.
    """

    def each(n: int) -> int | None:
        return round(minor / n) if n > 0 else None

    return CostRange(currency, each(credited + unknown), each(credited))


def share(part: int, whole: int) -> float:
    """Return a share in percent, 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def days_of(period: Period) -> list[date]:
    """Return each day of a period, oldest first."""
    return [period.first + timedelta(days=n) for n in range(period.days)]


def middle(values: Sequence[float]) -> float | None:
    """Return the median of enough values, else None."""
    known = sorted(values)
    if len(known) < MIN_MEDIAN:
        return None
    half = len(known) // 2
    return known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2
