"""Due times of a crontab or an interval, in a time zone, daylight saving included."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
MINUTES, HOURS, DAYS, MONTHS = (0, 59), (0, 23), (1, 31), (1, 12)
WEEKDAYS = (0, 7)  # Sunday is 0 and 7
LOOK_BACK_DAYS = 4 * 366 + 1  # far enough for 29 February
NAMES = {
    name: number
    for names, first in (
        (("sun", "mon", "tue", "wed", "thu", "fri", "sat"), 0),
        (
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
            1,
        ),
    )
    for number, name in enumerate(names, first)
}
_EVERY = re.compile(r"every (\d{1,6}) ?(s|min|h|d)")
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Crontab:
    """The five fields as sets; like beat's, a day must fit day of month *and* weekday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def has_day(self, day: date) -> bool:
        """Whether this day has any due time."""
        fits = day.day in self.days and day.month in self.months
        return fits and day.isoweekday() % 7 in self.weekdays


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed period, counted from the epoch so that everybody agrees on its due times."""

    period: timedelta


Clock = Crontab | Every


def parse_clock(text: str) -> Clock:
    """Read "every 30 s" (s, min, h, d) or the five fields of a crontab, or raise ValueError."""
    every = _EVERY.fullmatch(text.strip())
    if every:
        seconds = int(every[1]) * UNITS[every[2]]
        if not seconds:
            raise ValueError(f"{text!r} never comes")
        return Every(timedelta(seconds=seconds))
    try:
        minutes, hours, days, months, weekdays = text.split()
    except ValueError:
        wanted = "neither five crontab fields nor 'every N s|min|h|d'"
        raise ValueError(f"{text!r} is {wanted}") from None
    return Crontab(
        minutes=_field(minutes, MINUTES),
        hours=_field(hours, HOURS),
        days=_field(days, DAYS),
        months=_field(months, MONTHS),
        weekdays=frozenset(day % 7 for day in _field(weekdays, WEEKDAYS)),
    )


def _field(text: str, bounds: tuple[int, int]) -> frozenset[int]:
    low, high = bounds
    numbers: set[int] = set()
    for part in text.lower().split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no crontab field")
        first, last, step = found.groups()
        begin = low if first == "*" else _number(first)
        end = _number(last) if last else high if first == "*" or step else begin
        if not low <= begin <= end <= high or step == "0":
            raise ValueError(f"{part!r} is not within {low}-{high}")
        numbers.update(range(begin, end + 1, int(step or 1)))
    return frozenset(numbers)


def _number(text: str) -> int:
    if text in NAMES:
        return NAMES[text]
    if not text.isdigit():
        raise ValueError(f"{text!r} is no number of a crontab")
    return int(text)


def due_times(clock: Clock, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the due times in (after, until], the latest first, in UTC.

    A local time that spring skips is due at the first valid instant after the gap; one that
    autumn repeats is due once, the first time.
    """
    if isinstance(clock, Every):
        yield from _periods(clock.period, after, until)
        return
    last: datetime | None = None
    first_day, day = after.astimezone(zone).date(), until.astimezone(zone).date()
    first_day = max(first_day, day - timedelta(days=LOOK_BACK_DAYS))
    while day >= first_day:
        for slot in _of_day(clock, day, zone):
            if after < slot <= until and (last is None or slot < last):
                last = slot
                yield slot
        day -= timedelta(days=1)


def _periods(period: timedelta, after: datetime, until: datetime) -> Iterator[datetime]:
    seconds = int(period.total_seconds())
    slot = datetime.fromtimestamp(until.timestamp() // seconds * seconds, UTC)
    while slot > after:
        yield slot
        slot -= period


def _of_day(clock: Crontab, day: date, zone: ZoneInfo) -> list[datetime]:
    """Return the due times of a local day as instants, the latest first, each once."""
    if not clock.has_day(day):
        return []
    local = [time(hour, minute) for hour in clock.hours for minute in clock.minutes]
    instants = {_instant(datetime.combine(day, at, zone)) for at in local}
    return sorted(instants, reverse=True)


def _instant(local: datetime) -> datetime:
    """Turn a local time into the instant when it is due."""
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # In a gap the offset of fold 0 is the old one and that of fold 1 the new one, so that the two
    # readings lie around the change; walk from the earlier one to the first valid minute.
    earlier = local.replace(fold=1).astimezone(UTC)
    old_offset = local.utcoffset()
    while earlier.astimezone(local.tzinfo).utcoffset() == old_offset:
        earlier += timedelta(minutes=1)
    return earlier
