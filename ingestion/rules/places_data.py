"""The gazetteer: countries, regions, cities and their other names, read once from our data files.

The files and where their facts come from are described in data/NOTICE.md.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from ingestion.rules.texts import fold

_MAX_NAME: Final = 100
_DROPPED = re.compile(r"[.'’`]")
_APART = re.compile(r"[\s\-‐–/_]+")
_ABBREVIATED = (("saint ", "st "), ("ft ", "fort "), ("mt ", "mount "))


@dataclass(frozen=True, slots=True)
class City:
    """Hold one city; `region` is "" where the table knows none, `people` its population."""

    name: str
    country: str
    region: str
    lat: float
    lon: float
    people: int


@lru_cache(maxsize=32768)
def place_key(name: str) -> str:
    """Return a place's name as compared: folded, no dots or apostrophes, hyphens as spaces."""
    key = _APART.sub(" ", _DROPPED.sub("", fold(name[:_MAX_NAME]))).strip()
    for long, short in _ABBREVIATED:
        if key.startswith(long):
            return short + key[len(long) :]
    return key


def _rows(name: str) -> list[list[str]]:
    text = resources.files("ingestion.rules").joinpath("data", name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def _countries() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    names, codes, currencies = {}, {}, {}
    for code, iso3, name, currency, others in _rows("countries.tsv"):
        codes[code], codes[iso3], currencies[code] = code, code, currency
        for known in (name, *filter(None, others.split("|"))):
            names[place_key(known)] = code
    codes["UK"] = "GB"
    return names, codes, currencies


#: Key of a country's name → ISO code; code of two or three capitals → ISO code; → currency.
COUNTRY_NAMES, COUNTRY_CODES, CURRENCIES = _countries()


def _regions() -> dict[str, tuple[tuple[str, str], ...]]:
    table: dict[str, list[tuple[str, str]]] = {}
    for country, region, name, *others in _rows("regions.tsv"):
        aliases = others[0].split("|") if others else []
        for known in {place_key(known) for known in (region, name, *aliases) if known}:
            table.setdefault(known, []).append((country, region))
    return {key: tuple(found) for key, found in table.items()}


#: Key of a region's name or code → the (country, region) pairs it may mean.
REGIONS: Final = _regions()
#: Countries whose two-letter region codes stand behind a city without the country.
CODED: Final = ("US", "CA", "AU")


def _cities() -> dict[str, tuple[City, ...]]:
    table: dict[str, list[City]] = {}
    for name, country, region, lat, lon, people in _rows("cities.tsv"):
        city = City(name, country, region, float(lat), float(lon), int(people))
        table.setdefault(place_key(name), []).append(city)
    return {key: tuple(found) for key, found in table.items()}


#: Key of a city's name → the cities of that name, the biggest first.
CITIES: Final = _cities()


def _aliases() -> dict[str, City]:
    table = {}
    for alias, name, country, region in _rows("place_aliases.tsv"):
        known = [c for c in CITIES.get(place_key(name), ()) if c.country == country]
        spot = known[0] if known else City(name, country, region, 0.0, 0.0, 0)
        table[place_key(alias)] = City(
            name, country, region or spot.region, spot.lat, spot.lon, spot.people
        )
    return table


#: Key of another name of a city or a well-known area (whose `name` is "") → what it means.
ALIASES: Final = _aliases()
