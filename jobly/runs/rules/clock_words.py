"""A clock in words for people."""

from collections.abc import Iterable
from datetime import timedelta

from .clock import FIELDS, Clock, Crontab, Every

MOST_TIMES = 6  # named one by one
ALL_MINUTES, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS = (
    frozenset(n % 7 if field.name == "weekday" else n for n in field.numbers) for field in FIELDS
)
WORK_DAYS, WEEKEND = frozenset(range(1, 6)), frozenset({0, 6})
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
SHORTEST_MONTH = 28
TEENS = (11, 12, 13)


def say_clock(clock: Clock) -> str:
    """Say when a clock is due: "every day at 03:17", "Mondays at 09:00", "every 5 minutes"."""
    if isinstance(clock, Every):
        return f"every {span(clock.period).removeprefix('1 ')}"
    days, times = _days(clock), _times(clock)
    if not times.startswith("every"):
        return f"{days or 'every day'}{',' if ',' in days else ''} {times}"
    return f"{times}, {days}" if days else times


def span(length: timedelta) -> str:
    """Say a length of time in its largest whole unit: "5 minutes", "1 day"."""
    seconds = int(length.total_seconds())
    size, unit = next((n, word) for n, word in UNITS if seconds % n == 0)
    count = seconds // size
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def _times(clock: Crontab) -> str:
    """Say the times of a day."""
    if clock.minutes == ALL_MINUTES:
        return f"every minute{_between(clock, 59)}"
    step = _step(clock.minutes, 60)
    if step and len(clock.minutes) > 1:
        return f"every {step} minutes{_between(clock, max(clock.minutes))}"
    if len(clock.minutes) * len(clock.hours) <= MOST_TIMES:
        return "at " + _list(f"{h:02}:{m:02}" for h in sorted(clock.hours) for m in _up(clock))
    return f"{_hourly(clock)}{_past(clock.minutes)}"


def _up(clock: Crontab) -> list[int]:
    return sorted(clock.minutes)


def _hourly(clock: Crontab) -> str:
    """Say the hours of work that is due at some minutes of them."""
    step = _step(clock.hours, 24)
    if clock.hours == ALL_HOURS:
        return "every hour"
    if step:
        return f"every {step} hours"
    first, last = min(clock.hours), max(clock.hours)
    if len(clock.hours) == last - first + 1:
        end = max(clock.minutes)
        return f"every hour from {first:02}:00 to {last:02}:{end:02}"
    return "every hour of " + _list(f"{hour:02}" for hour in sorted(clock.hours))


def _past(minutes: frozenset[int]) -> str:
    """Say at which minutes of an hour; on the hour goes without saying."""
    if minutes == {0}:
        return ""
    word = "minute" if len(minutes) == 1 else "minutes"
    return f" at {word} {_list(map(str, sorted(minutes)))}"


def _between(clock: Crontab, last_minute: int) -> str:
    """Say during which hours of the day, unless it is all of them."""
    if clock.hours == ALL_HOURS:
        return ""
    first, last = min(clock.hours), max(clock.hours)
    if len(clock.hours) == last - first + 1:
        return f" from {first:02}:00 to {last:02}:{last_minute:02}"
    return " in the hours " + _list(f"{hour:02}" for hour in sorted(clock.hours))


def _step(numbers: frozenset[int], size: int) -> int:
    """Return the even distance of numbers that go all the way round, 0 where there is none."""
    if size % len(numbers) or len(numbers) == 1:
        return 0
    step = size // len(numbers)
    return step if numbers == frozenset(range(0, size, step)) else 0


def _days(clock: Crontab) -> str:
    """Say the days: nothing for every day."""
    weekdays = _weekdays(clock.weekdays)
    dates = _dates(clock)
    if dates and weekdays:
        return f"{dates}, if that is a {_list(_day_names(clock.weekdays), 'or')}"
    months = _list(MONTH_NAMES[n - 1] for n in sorted(clock.months))
    if weekdays and clock.months != ALL_MONTHS:
        return f"{weekdays} in {months}"
    if not weekdays and not dates and clock.months != ALL_MONTHS:
        return f"every day in {months}"
    return dates or weekdays


def _weekdays(days: frozenset[int]) -> str:
    if days == ALL_WEEKDAYS:
        return ""
    if days == WORK_DAYS:
        return "Monday to Friday"
    if days == WEEKEND:
        return "Saturdays and Sundays"
    return _list(f"{name}s" for name in _day_names(days))


def _day_names(days: frozenset[int]) -> list[str]:
    """Name days of the week, Monday first."""
    return [DAY_NAMES[day] for day in sorted(days, key=lambda day: (day - 1) % 7)]


def _dates(clock: Crontab) -> str:
    """Say the days of the month, and of which months."""
    if clock.days == ALL_DAYS:
        return ""
    days = _list(map(_nth, sorted(clock.days)))
    if len(clock.days) == max(clock.days) - min(clock.days) + 1 > 2:  # noqa: PLR2004 # a range
        days = f"{_nth(min(clock.days))} to {_nth(max(clock.days))}"
    if clock.months == ALL_MONTHS:
        some = " that has it" if min(clock.days) > SHORTEST_MONTH else ""
        return f"on the {days} of every month{some}"
    months = _list(MONTH_NAMES[number - 1] for number in sorted(clock.months))
    return f"on the {days} of {months}"


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number in TEENS else ending}"


def _list(words: Iterable[str], last: str = "and") -> str:
    *many, final = words
    return f"{', '.join(many)} {last} {final}" if many else final
