"""The gazetteer asked: what a name of a place means, or that it means nothing for sure."""

from dataclasses import dataclass
from typing import Any, Final

from ingestion.rules.places_data import (
    ALIASES,
    CITIES,
    CODED,
    COUNTRY_CODES,
    COUNTRY_NAMES,
    REGIONS,
    City,
    place_key,
)
from ingestion.rules.texts import clean_line

MAX_LOCATION: Final = 200
# A bare name means its biggest city when that one is this large and this much larger than the next.
KNOWN_FROM: Final = 100_000
DOMINANT: Final = 3.0
#: Lengths of the codes of countries.
CODE: Final = (2, 3)
# Towns whose bare name is an everyday word.
_WORDS: Final = frozenset("enterprise paradise mobile orange surprise nice bath reading".split())
_EDGES: Final = " ,.-–—:()[]/&\t"


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where a job is; "" and None where the text does not say or could mean two places."""

    city: str = ""
    region: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    remote: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, without what is said of remote work."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "remote"}


def country_code(text: str) -> str:
    """Return the ISO 3166 code of a country's name or code, "" when it is none."""
    text = text.strip(_EDGES)
    if len(text) in CODE and text.upper() in COUNTRY_CODES:
        return COUNTRY_CODES[text.upper()]
    return COUNTRY_NAMES.get(place_key(text), "")


def region_name(text: str, country: str) -> str:
    """Return the region as we write it ("TX", "Bayern"), the text itself when unknown."""
    found = [region for land, region in REGIONS.get(place_key(text), ()) if land == country]
    return found[0] if found else clean_line(text, MAX_LOCATION)


def is_name(token: str) -> bool:
    """Say whether a token can be a town's name: no digits of an address, no name of a state."""
    if len(token) <= 1 or any(c.isdigit() or c == "/" for c in token):
        return False
    return not is_state(token) and not (token.isupper() and place_key(token) in REGIONS)


def is_state(token: str) -> bool:
    """Say whether a token is the full name of a state that is no large town's name."""
    key = place_key(token)
    lands = {land for land, _ in REGIONS.get(key, ())}
    towns = {city.country for city in CITIES.get(key, ()) if city.people >= KNOWN_FROM}
    return bool(lands) and not lands & towns and len(key) > max(CODE)


def place_named(name: str, country: str) -> Place | None:
    """Return the one place that a bare name means, None when it means none or several."""
    key = place_key(name)
    alias = ALIASES.get(key)
    if alias and country in ("", alias.country):
        return of_city(alias)
    if country:
        spot = city_in(name, country, "")
        return of_city(spot) if spot else None
    land, cities = COUNTRY_NAMES.get(key, ""), CITIES.get(key, ())
    if land:
        return None if key in REGIONS else Place(country=land)
    return of_city(cities[0]) if _is_plain(key, cities) else None


def _is_plain(key: str, cities: tuple[City, ...]) -> bool:
    """Say whether the biggest city of a name is what everybody means by it."""
    if not cities or cities[0].people < KNOWN_FROM or key in _WORDS:
        return False
    # "Utrecht" and "Berlin" lie in the region of the same name; "Victoria" does not.
    lands = {land for land, _ in REGIONS.get(key, ())} - {cities[0].country}
    if lands or (key in REGIONS and cities[0].country in CODED):
        return False
    return len(cities) == 1 or cities[1].people * DOMINANT <= cities[0].people


def city_in(name: str, country: str, region: str) -> City | None:
    """Return the city of that name in a country and, unless region is "", in that region."""
    key = place_key(name)
    alias = ALIASES.get(key)
    if alias and alias.name and alias.country == country and region in ("", alias.region):
        return alias
    for city in CITIES.get(key, ()):
        if city.country == country and (not region or not city.region or city.region == region):
            return city
    return None


def coordinates(city: City) -> tuple[float | None, float | None]:
    """Return latitude and longitude, None where the table has none."""
    return (city.lat, city.lon) if city.people else (None, None)


def of_city(city: City) -> Place:
    """Return the place that a city of the table is."""
    return Place(city.name, city.region, city.country, *coordinates(city))
