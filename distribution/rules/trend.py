"""The geometry of a chart of counts a day: bars that a page draws without any script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 720, 180  # units of the drawing
LEFT, BOTTOM, TOP = 44, 22, 10  # room for the numbers at the axes
MOST_BARS = 92  # days drawn one by one; longer periods are drawn by the week
WEEK = 7
LABELS = 6  # dates written below
NICE = (1, 2, 3, 4, 5, 6, 8)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, or the week that begins with it: its counts, and where they are drawn."""

    day: date
    last: date
    clicks: int
    applications: int
    x: float
    width: float
    clicks_y: float
    clicks_height: float
    applications_y: float
    applications_height: float

    @property
    def inner_x(self) -> float:
        """Where the narrow bar of applications begins."""
        return self.x + self.width * 0.3

    @property
    def inner_width(self) -> float:
        """How wide that is."""
        return self.width * 0.4


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across at a count."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """A date below the bars."""

    day: date
    x: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A whole chart: clicks as bars, applications as narrow bars before them."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    by_week: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(bar.clicks or bar.applications for bar in self.bars)


def trend(
    days: Sequence[date], clicks: Mapping[date, int], applications: Mapping[date, int]
) -> Trend:
    """Lay the counts of consecutive days out; of more than three months by weeks."""
    by_week = len(days) > MOST_BARS
    step = WEEK if by_week else 1
    spans = [days[n : n + step] for n in range(0, len(days), step)]
    counted = [
        (span, sum(clicks.get(d, 0) for d in span), sum(applications.get(d, 0) for d in span))
        for span in spans
    ]
    top = ceiling(max((max(c, a) for _, c, a in counted), default=0))
    room, high = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
    pace = room / max(1, len(spans))

    def tall(n: int) -> float:
        return round(high * n / top, 2)

    bars = tuple(
        Bar(
            day=span[0],
            last=span[-1],
            clicks=c,
            applications=a,
            x=round(LEFT + pace * n + pace * 0.1, 2),
            width=round(pace * 0.8, 2),
            clicks_y=HEIGHT - BOTTOM - tall(c),
            clicks_height=tall(c),
            applications_y=HEIGHT - BOTTOM - tall(a),
            applications_height=tall(a),
        )
        for n, (span, c, a) in enumerate(counted)
    )
    ticks = tuple(Tick(v, HEIGHT - BOTTOM - tall(v)) for v in sorted({0, top // 2, top}))
    every = max(1, -(-len(bars) // LABELS))
    labels = tuple(Label(bar.day, round(bar.x + bar.width / 2, 2)) for bar in bars[::every])
    return Trend(bars, ticks, labels, by_week)


def ceiling(most: int) -> int:
    """Return the next round number at or above the highest count; 4 at least."""
    scale = 1
    while True:
        for nice in NICE:
            if nice * scale >= max(most, 4):
                return nice * scale
        scale *= 10
