"""Which jobs a routing rule wants, as values: conditions, facts of a job, and the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from ingestion.rules.geo import distance

MOST_WORDS: Final = 50  # of one condition
MOST_KM: Final = 5_000.0
NUMBERS: Final = (("lat", -90.0, 90.0), ("lon", -180.0, 180.0), ("km", 0.0, MOST_KM))
WORKPLACES: Final = ("onsite", "hybrid", "remote")
LISTS: Final = (
    "countries", "cities", "departments", "employment_types", "seniorities", "skills",
    "workplaces", "title_words", "not_title_words",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a job has to be like; an empty condition asks nothing, several are all asked.

    Of one condition any word will do. `km` reaches around (`lat`, `lon`), the place in words is
    `place`. `pay_stated` None = whether or not.
    """

    countries: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    km: float = 0.0
    departments: tuple[str, ...] = ()
    employment_types: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    workplaces: tuple[str, ...] = ()
    title_words: tuple[str, ...] = ()
    not_title_words: tuple[str, ...] = ()
    pay_stated: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is asked, as JSON; what asks nothing is left out."""
        told = {name: value for name, value in asdict(self).items() if value not in ((), "", None)}
        told = {name: value for name, value in told.items() if not (name == "km" and not value)}
        return {n: list(v) if isinstance(v, tuple) else v for n, v in told.items()}


@dataclass(frozen=True, slots=True)
class Routable:
    """What of a job the conditions look at."""

    title: str
    city: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    department: str = ""
    employment_type: str = ""
    seniority: str = ""
    skills: Sequence[str] = field(default_factory=tuple)
    workplace: str = ""
    pay_stated: bool = False


def read_conditions(told: Mapping[str, Any]) -> tuple[Conditions, dict[str, str]]:
    """Read conditions from JSON; return them and what is wrong with it, by field."""
    known = {item.name for item in fields(Conditions)}
    wrong = {name: "There is no such condition." for name in told if name not in known}
    values: dict[str, Any] = {"place": str(told.get("place") or "")[:200]}
    read: dict[str, tuple[Any, str]] = {name: _words(told.get(name)) for name in LISTS}
    read |= {name: _number(told.get(name), low, high) for name, low, high in NUMBERS}
    for name, (value, problem) in read.items():
        if value is not None:
            values[name] = value
        if problem:
            wrong[name] = problem
    stated = told.get("pay_stated")
    if stated is None or isinstance(stated, bool):
        values["pay_stated"] = stated
    else:
        wrong["pay_stated"] = "True, false or nothing."
    if values.get("km") and None in (values.get("lat"), values.get("lon")):
        wrong["km"] = "A radius needs a place that we find on the map."
    if set(values["workplaces"]) - set(WORKPLACES):
        wrong["workplaces"] = f"One of: {', '.join(WORKPLACES)}."
    return Conditions(**values), wrong


def _words(value: Any) -> tuple[tuple[str, ...], str]:
    if value in (None, "", [], ()):
        return (), ""
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        return (), "A list of words."
    if len(value) > MOST_WORDS:
        return (), f"{MOST_WORDS} words at most."
    return tuple(dict.fromkeys(word.strip() for word in value if word.strip())), ""


def _number(value: Any, low: float, high: float) -> tuple[float | None, str]:
    if value in (None, ""):
        return None, ""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None, f"A number from {low:g} to {high:g}."
    return float(value), ""


def misses(wanted: Conditions, job: Routable) -> str:
    """Name the first condition a job does not meet; empty when the rule wants it."""
    return next((name for name, meets in _CHECKS if not meets(wanted, job)), "")


def _any(words: Sequence[str], value: str) -> bool:
    return not words or value.casefold() in {word.casefold() for word in words}


def _near(wanted: Conditions, job: Routable) -> bool:
    if wanted.lat is None or wanted.lon is None or not wanted.km:
        return True
    if job.lat is None or job.lon is None:
        return False
    return distance((wanted.lat, wanted.lon), (job.lat, job.lon)) <= wanted.km


def _holds(words: Sequence[str], text: str) -> bool:
    """Whether a text has one of some words, whole: "intern" is not in "international"."""
    padded = f" {' '.join(_plain(text).split())} "
    return any(f" {' '.join(_plain(word).split())} " in padded for word in words)


def _plain(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "+#" else " " for sign in text.casefold())


def _skilled(wanted: Conditions, job: Routable) -> bool:
    have = {skill.casefold() for skill in job.skills}
    return not wanted.skills or any(skill.casefold() in have for skill in wanted.skills)


_Check = Callable[[Conditions, Routable], bool]
_CHECKS: tuple[tuple[str, _Check], ...] = (
    ("countries", lambda want, job: _any(want.countries, job.country)),
    ("cities", lambda want, job: _any(want.cities, job.city)),
    ("km", _near),
    ("departments", lambda want, job: _any(want.departments, job.department)),
    ("employment_types", lambda want, job: _any(want.employment_types, job.employment_type)),
    ("seniorities", lambda want, job: _any(want.seniorities, job.seniority)),
    ("skills", _skilled),
    ("workplaces", lambda want, job: _any(want.workplaces, job.workplace)),
    ("title_words", lambda want, job: not want.title_words or _holds(want.title_words, job.title)),
    ("not_title_words", lambda want, job: not _holds(want.not_title_words, job.title)),
    ("pay_stated", lambda want, job: want.pay_stated in (None, job.pay_stated)),
)
