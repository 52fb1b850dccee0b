"""Due times of a crontab or an interval, in a time zone, daylight saving included."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
LOOK_BACK_DAYS = 4 * 366 + 1  # far enough for 29 February
LOOK_AHEAD_DAYS = 41 * 366  # a 29 February that is a Monday may be 40 years away
LEAP_YEAR = 2024
HOUR, FULL_DAY = timedelta(hours=1), timedelta(hours=24)
LARGEST_SHIFT = timedelta(hours=3)  # of a clock change; a zone that lost a day gained no hour
FARTHEST_OFFSET = timedelta(hours=14)  # of local time from UTC, anywhere
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EVERY = re.compile(r"every (\d{1,6}) ?(s|min|h|d)")
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d{1,2}))?")
ANY_TIME = (datetime.min + timedelta(days=1), datetime.max)  # noqa: DTZ901 # walls know no zone

Note = Literal["", "skipped", "repeated"]


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


@dataclass(frozen=True, slots=True)
class Due:
    """One due time: the instant in UTC, and the reading of the wall clock that asked for it.

    `note`: the reading is `skipped` by a clock change, so that it is due at the first valid
    instant, or `repeated`, so that it is due the first time only.
    """

    at: datetime
    wall: datetime
    note: Note = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One of the five: its name for people, its bounds, words for its numbers."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    #: whether a range may go over the end, as Friday to Monday or 22 to 4 o'clock
    wraps: bool = False

    @property
    def numbers(self) -> list[int]:
        """Return every number, each day of the week once."""
        return list(range(self.low, len(self.words) if self.name == "weekday" else self.high + 1))


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23, wraps=True),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS, wraps=True),
    Field("weekday", 0, 7, WEEKDAYS, wraps=True),  # Sunday is 0 and 7
)


def parse_clock(text: str) -> Clock:
    """Read "every 30 s" (s, min, h, d) or the five fields of a crontab, or raise ValueError."""
    every = _EVERY.fullmatch(text.strip())
    if every:
        seconds = int(every[1]) * UNITS[every[2]]
        if not seconds:
            raise ValueError(f"{text!r} never comes")
        return Every(timedelta(seconds=seconds))
    parts = text.split()
    if len(parts) != len(FIELDS):
        wanted = "neither five crontab fields nor 'every N s|min|h|d'"
        raise ValueError(f"{text!r} is {wanted}")
    minutes, hours, days, months, weekdays = map(_numbers, parts, FIELDS)
    clock = Crontab(minutes, hours, days, months, frozenset(day % 7 for day in weekdays))
    if not any(day <= monthrange(LEAP_YEAR, m)[1] for day in clock.days for m in clock.months):
        named = " or ".join(MONTHS[number - 1].title() for number in sorted(clock.months))
        raise ValueError(f"day {min(clock.days)} never comes in {named}; choose another date")
    return clock


def _numbers(text: str, field: Field) -> frozenset[int]:
    """Read one field: parts between commas, each `*`, a number, a word or a range, with a step."""
    numbers: set[int] = set()
    for part in text.lower().split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} is no {field.name}")
        first, last, step = found.groups()
        begin = field.low if first == "*" else _number(first, field)
        end = _number(last, field) if last else field.high if first == "*" or step else begin
        if step == "0":
            raise ValueError(f"a step of 0 in {part!r} never gets on")
        numbers.update(_range(begin, end, field)[:: int(step or 1)])
    return frozenset(numbers)


def _range(begin: int, end: int, field: Field) -> list[int]:
    """Return the numbers from `begin` to `end`, over the end of the field where it may wrap."""
    if not (field.low <= begin <= field.high and field.low <= end <= field.high):
        raise ValueError(f"the {field.name} is a number from {field.low} to {field.high}")
    if begin <= end:
        return list(range(begin, end + 1))
    if not field.wraps:
        raise ValueError(f"{begin}-{end} runs backwards: begin with the lower {field.name}")
    whole = field.numbers
    return [n for n in whole if n >= begin] + [n for n in whole if n <= end]


def _number(text: str, field: Field) -> int:
    if text in field.words:
        return field.words.index(text) + field.low
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no {field.name}")
    return int(text)


def fields_of(clock: Crontab) -> tuple[str, str, str, str, str]:
    """Write a crontab in the plainest words, which beat reads too: no names, Sunday is 0."""
    sets = (clock.minutes, clock.hours, clock.days, clock.months, clock.weekdays)
    minute, hour, day, month, weekday = (
        "*" if len(numbers) == len(field.numbers) else _short(sorted(numbers))
        for numbers, field in zip(sets, FIELDS, strict=True)
    )
    return minute, hour, day, month, weekday


def _short(numbers: list[int]) -> str:
    """Write numbers as a list in which neighbours are drawn together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(text: str) -> ZoneInfo:
    """Return a time zone by its IANA name, or raise ValueError with a likely one."""
    if text not in _zones():
        by_lower = {name.lower(): name for name in _zones()}
        close = get_close_matches(text.lower(), by_lower, n=1)
        hint = f"did you mean {by_lower[close[0]]}?" if close else "name one such as Europe/Berlin"
        raise ValueError(f"there is no time zone {text!r}; {hint}")
    return ZoneInfo(text)


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
    low, high = _wall(after, zone) - LARGEST_SHIFT, _wall(until, zone) + LARGEST_SHIFT
    while day >= first_day:
        for due in reversed(list(_of_day(clock, day, zone, (low, high)))):
            if after < due.at <= until and (last is None or due.at < last):
                last = due.at
                yield due.at
        day -= timedelta(days=1)


def coming(clock: Clock, zone: ZoneInfo, after: datetime) -> Iterator[Due]:
    """Yield what is due after an instant, the earliest first."""
    if isinstance(clock, Every):
        seconds = int(clock.period.total_seconds())
        slot = datetime.fromtimestamp(after.timestamp() // seconds * seconds, UTC) + clock.period
        while True:
            yield Due(slot, _wall(slot, zone))
            slot += clock.period
    last, low = after, _wall(after, zone) - LARGEST_SHIFT
    first_day = after.astimezone(zone).date()
    for number in range(LOOK_AHEAD_DAYS):
        for due in _of_day(clock, first_day + timedelta(days=number), zone, (low, ANY_TIME[1])):
            if due.at > last:
                last = due.at
                yield due


def changed_by_clocks(clock: Clock, zone: ZoneInfo, after: datetime, days: int) -> list[Due]:
    """Return what clock changes of the coming days do to due times, the earliest first."""
    if isinstance(clock, Every):
        return []
    first_day, found = after.astimezone(zone).date(), []
    for number in range(days):
        day = first_day + timedelta(days=number)
        noon = datetime.combine(day, time(12), UTC)
        before, behind = noon - FULL_DAY - FARTHEST_OFFSET, noon + FULL_DAY + FARTHEST_OFFSET
        if before.astimezone(zone).utcoffset() == behind.astimezone(zone).utcoffset():
            continue
        found += [due for due in _of_day(clock, day, zone) if due.note and due.at > after]
    return found


def _periods(period: timedelta, after: datetime, until: datetime) -> Iterator[datetime]:
    seconds = int(period.total_seconds())
    slot = datetime.fromtimestamp(until.timestamp() // seconds * seconds, UTC)
    while slot > after:
        yield slot
        slot -= period


def _of_day(
    clock: Crontab, day: date, zone: ZoneInfo, between: tuple[datetime, datetime] = ANY_TIME
) -> Iterator[Due]:
    """Yield what is due on a local day, in order; readings that fall together are one.

    Hours that lie outside of `between`, by the wall clock, are left out.
    """
    if not clock.has_day(day):
        return
    low, high = between
    last: datetime | None = None
    for hour in sorted(clock.hours):
        full = datetime.combine(day, time(hour))
        if not low - HOUR < full <= high:
            continue
        for minute in sorted(clock.minutes):
            due = _due(datetime.combine(day, time(hour, minute), zone))
            if due.at != last:
                last = due.at
                yield due


def _due(local: datetime) -> Due:
    """Turn a reading of the wall clock into the instant when it is due."""
    wall = local.replace(tzinfo=None)
    earlier, later = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if earlier == later:
        return Due(earlier, wall)
    if earlier < later:
        return Due(earlier, wall, "repeated")
    # In a gap fold 0 reads by the old offset and fold 1 by the new one, so that the two lie
    # around the change; walk from the one before it to the first valid minute.
    instant, old_offset = later, local.utcoffset()
    while instant.astimezone(local.tzinfo).utcoffset() == old_offset:
        instant += timedelta(minutes=1)
    return Due(instant, wall, "skipped")


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
