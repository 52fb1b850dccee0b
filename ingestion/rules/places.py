"""Places: a location text becomes city, region, country and coordinates, or stays unknown."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

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
_MOST_PLACES: Final = 8
# A bare name means its biggest city when that one is this large and this much larger than the next.
_KNOWN_FROM: Final = 100_000
_DOMINANT: Final = 3.0
_CODE = (2, 3)
_WITH_MIDDLE: Final = 2
_TWO_PAIRS: Final = 4
_LONGEST_SUFFIX: Final = 3

_REMOTE_WORD = re.compile(
    r"\b(?:(?:100\s?%\s*|fully[\s-]+|full[\s-]+)?remote(?:ly)?(?:[\s-]+(?:friendly|first|"
    r"ok|eligible|only|position|job|work))?"
    r"|work(?:ing)?[\s-]+from[\s-]+(?:home|anywhere)|wfh|anywhere(?: in the world)?|"
    r"worldwide|telecommut\w{0,4}|telework|virtual"
    r"|home[\s-]?(?:office|based)|distributed|teletrabajo|télétravail|remoto|no location)\b",
    re.IGNORECASE,
)
_HYBRID_WORD = re.compile(
    r"\b(?:hybrid|hybride|híbrido|partly remote|partially remote)\b", re.IGNORECASE
)
_ONSITE_WORD = re.compile(
    r"\b(?:on[\s-]?site|in[\s-]office|in[\s-]person|office[\s-]based|vor ort)\b", re.IGNORECASE
)
_FILLER = re.compile(
    r"\b(?:within|based(?: in)?|only|must be in|located in|location|office|headquarters|"
    r"hq|area of|near|greater|metropolitan area"
    r"|metro area|area|region|(?:various|multiple|select|all|several)(?: locations)?|nationwide|"
    r"flexible|locations?|several|days?|per week)\b:?",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*[;|•\n]\s*|\s\+\s")
_OR = re.compile(r"\s+/\s+|,?\s+(?:or|and|oder|und|&)\s+")
_SLASHED = re.compile(r"\s*/[^,]*")
_DASH = re.compile(r"\s+[-–—]\s+|\s*[–—]\s*|\s*:\s+")
_LEADING = re.compile(r"^(?:in|within|from)\s+(?:the\s+)?", re.IGNORECASE)
_ZIP = re.compile(
    r"(?<=[A-Za-z. ])\s*\b\d{5}(?:-\d{4})?$|^\d{4,6}\s+(?=[^\W\d])"
    r"|^[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2}\s|\b[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2}$|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d$"
)
_INSIDE = re.compile(r"\(([^()]{1,80})\)")
_CODED_LIST = re.compile(
    r"([A-Z]{2,3})-([A-Z]{2,3}|[A-Z][a-z]{3,})(?:-([A-Z][^\d]{2,40}?))?(?:-\d+)?"
)
_EDGES = " ,.-–—:()[]/&\t"


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where a job is; "" and None where the text does not say or could mean two places."""

    city: str = ""
    region: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    remote: str = ""


_NOWHERE: Final = Place()


@lru_cache(maxsize=16384)
def read_place(text: str, country: str = "") -> Place:
    """Return the first place that a location text names, with what it says of remote work.

    `country` is the ISO code of the country when another field told it.
    """
    text = clean_line(text.replace("\n", " ; "), MAX_LOCATION)
    remote = remote_word(text)
    bare = _REMOTE_WORD.sub(" ", _HYBRID_WORD.sub(" ", _ONSITE_WORD.sub(" ", text)))
    place = _first_place(bare, country)
    return replace(place, remote=remote) if remote else place


def remote_word(text: str) -> str:
    """Return "hybrid", "remote" or "onsite" when the text has a word for it, else ""."""
    if _HYBRID_WORD.search(text):
        return "hybrid"
    if _REMOTE_WORD.search(text):
        return "hybrid" if _ONSITE_WORD.search(text) else "remote"
    return "onsite" if _ONSITE_WORD.search(text) else ""


def country_code(text: str) -> str:
    """Return the ISO 3166 code of a country's name or code, "" when it is none."""
    text = text.strip(_EDGES)
    if len(text) in _CODE and text.upper() in COUNTRY_CODES:
        return COUNTRY_CODES[text.upper()]
    return COUNTRY_NAMES.get(place_key(text), "")


def region_name(text: str, country: str) -> str:
    """Return the region as we write it ("TX", "Bayern"), the text itself when unknown."""
    found = [region for land, region in REGIONS.get(place_key(text), ()) if land == country]
    return found[0] if found else clean_line(text, MAX_LOCATION)


def located(city: str, region: str, country: str) -> Place:
    """Return the place of explicit fields, its name and coordinates from the table if there."""
    spot = _city_in(city, country, region) if city and country else None
    if spot is None:
        return Place(city, region, country)
    return Place(spot.name, region or spot.region, country, *_coordinates(spot))


def _first_place(text: str, country: str) -> Place:
    whole = _known(text.strip(_EDGES), country)
    if whole:
        return whole
    for part in _SPLIT.split(text, maxsplit=_MOST_PLACES)[:_MOST_PLACES]:
        choices = _OR.split(part, maxsplit=_MOST_PLACES)[:_MOST_PLACES]
        for n, choice in enumerate(choices):
            place = _with_next(choice, choices[n + 1 :], country) or _read_part(choice, country)
            if place.country or place.city:
                return place
    return Place(country=country) if country else _NOWHERE


def _with_next(choice: str, others: list[str], country: str) -> Place | None:
    """Read "Oxford or Cambridge, UK": a bare name shares what the next choice says of the land."""
    if country or not others or "," in choice:
        return None
    shared = _read_part(others[0], "")
    spot = _city_in(choice.strip(_EDGES), shared.country, shared.region) if shared.country else None
    return _of_city(spot) if spot else None


def _read_part(part: str, country: str) -> Place:
    outside = _INSIDE.sub(" ", part)
    if "/" in outside and not _known(outside.strip(_EDGES), country):
        outside = _SLASHED.sub("", outside)
    for text in (outside, *_INSIDE.findall(part)):
        place = _read_tokens(text, country)
        if place.country or place.city:
            return place
    return _NOWHERE


def _read_tokens(text: str, country: str) -> Place:
    text = text.strip(_EDGES)
    coded = _CODED_LIST.fullmatch(text)
    if coded and coded[1] in COUNTRY_CODES:
        text = ", ".join(part for part in (coded[3], coded[2], coded[1]) if part)
    whole = _known(text, country)
    if whole:
        return whole
    tokens = []
    for piece in text.split(","):
        tokens += [token.strip(_EDGES) for token in _DASH.split(piece)]
    tokens = [token for token in map(_strip_token, tokens) if token]
    if not tokens:
        return _NOWHERE
    if len(tokens) >= _TWO_PAIRS and _is_code(tokens[1]) and _is_code(tokens[3]):
        tokens = tokens[:2]  # "San Francisco, CA, New York, NY"
    if len(tokens) > 1 and _leads(tokens):
        tokens.reverse()
    return _resolve(_peel(tokens), country)


def _strip_token(token: str) -> str:
    token = _LEADING.sub("", _ZIP.sub("", token).strip(_EDGES))
    return token if place_key(token) in ALIASES else _FILLER.sub(" ", token).strip(_EDGES)


def _leads(tokens: list[str]) -> bool:
    """Say whether the list runs from the country down: "US, TX, Austin", "Arizona - Phoenix"."""
    first, last = tokens[0], tokens[-1]
    if _as_country(last) or (last.isupper() and place_key(last) in REGIONS):
        return False
    if _as_country(first):
        return True
    return bool(
        place_key(first) in REGIONS
        and any(_city_in(last, land, region) for land, region in REGIONS[place_key(first)])
    )


def _peel(tokens: list[str]) -> list[str]:
    """Part "New York NY United States" into city, region and country where no comma does."""
    *before, last = tokens
    suffixes: list[str] = []
    while len(suffixes) < _WITH_MIDDLE and not _known(last, ""):
        cut = _suffix_length(last.split(" "))
        if not cut:
            break
        words = last.split(" ")
        suffixes.insert(0, " ".join(words[-cut:]))
        last = " ".join(words[:-cut])
    return [*before, last, *suffixes]


def _suffix_length(words: list[str]) -> int:
    """Return how many last words are a region or country, 0 for none; one word always stays."""
    lengths = range(1, min(_LONGEST_SUFFIX, len(words) - 1) + 1)
    return next((n for n in lengths if _is_suffix(" ".join(words[-n:]))), 0)


def _is_code(token: str) -> bool:
    return len(token) in _CODE and token.isupper() and place_key(token) in REGIONS


def _is_suffix(word: str) -> bool:
    if len(word) in _CODE and word.isupper():
        return word in COUNTRY_CODES or place_key(word) in REGIONS
    return place_key(word) in COUNTRY_NAMES


def _as_country(token: str) -> str:
    """Return the country of a name, or of a code in capitals that is no region's code too."""
    if len(token) in _CODE and token.isupper():
        code = COUNTRY_CODES.get(token, "")
        shared = any(land in CODED for land, _ in REGIONS.get(place_key(token), ()))
        return "" if shared else code
    if token and place_key(token) in REGIONS:
        return ""
    return COUNTRY_NAMES.get(place_key(token), "")


def _resolve(tokens: list[str], country: str) -> Place:
    last = tokens[-1]
    told = _as_country(last)
    if told:
        return _in_country(tokens[:-1], told)
    if len(tokens) > 1 and _is_code(tokens[-2]) and _in_same_land(tokens[-2], last):
        return _in_country(tokens[:-1], COUNTRY_CODES[last])  # "Calgary AB CA"
    meanings = _meanings(last, country)
    if len(tokens) == 1:
        known = _known(last, country)
        if known:
            return known
        namesakes = CITIES.get(place_key(last), ())
        if len(meanings) == 1 and not (namesakes and namesakes[0].people > _KNOWN_FROM):
            return Place(region=meanings[0][1], country=meanings[0][0])
        return _NOWHERE
    return _choose(tokens[:-1], meanings, country)


def _in_same_land(region: str, code: str) -> bool:
    land = COUNTRY_CODES.get(code, "")
    return any(home == land for home, _ in REGIONS.get(place_key(region), ()))


def _meanings(token: str, country: str) -> list[tuple[str, str]]:
    """Return the (country, region) pairs that a last token may mean, region "" for a country."""
    found = list(REGIONS.get(place_key(token), ()))
    if len(token) in _CODE:
        # Elsewhere than in these countries a code alone says too little ("SN", "ST", "RP").
        found = [pair for pair in found if pair[0] in CODED or pair[0] == country]
        land = COUNTRY_CODES.get(token.upper(), "") if token.isupper() else ""
    else:
        land = COUNTRY_NAMES.get(place_key(token), "")
    if land:
        found.append((land, ""))
    return [pair for pair in found if not country or pair[0] == country]


def _choose(tokens: list[str], meanings: list[tuple[str, str]], country: str) -> Place:
    city = tokens[-1]
    spots = [(_city_in(city, land, region), land, region) for land, region in meanings]
    found = [(spot, land, region) for spot, land, region in spots if spot]
    if found:
        # "Ontario, CA" and "Berlin, DE": a region that has such a city beats a city abroad
        # unless that one is much bigger.
        spot, land, region = max(
            found, key=lambda hit: hit[0].people * (_DOMINANT if hit[2] else 1)
        )
        return Place(spot.name, region or spot.region, land, *_coordinates(spot))
    if meanings:
        return _by_code(tokens, meanings)
    # The last token is neither region nor country: "Kreuzberg, Berlin", "Berlin, Kreuzberg".
    return _known(city, country) or _known(tokens[0], country) or _NOWHERE


def _by_code(tokens: list[str], meanings: list[tuple[str, str]]) -> Place:
    """Return the place of a city the table lacks: a state's code wins over a country's."""
    # A town too small for the table behind "WA" is in Washington far more often than in Australia.
    regions = [pair for pair in meanings if pair[1]][:1]
    coded = len(regions) == 1 and len(regions[0][1]) == _CODE[0]
    if (len(meanings) > 1 and not coded) or _contradicted(tokens[-1], meanings[0][0]):
        return _NOWHERE
    land, region = (regions or meanings)[0]
    return _in_region(tokens, land, region) if region else _in_country(tokens, land)


def _contradicted(city: str, land: str) -> bool:
    """Say whether the city's name is known elsewhere only ("Toronto, ME") and widely."""
    known = CITIES.get(place_key(city), ())
    return (
        bool(known)
        and known[0].people >= 10 * _KNOWN_FROM
        and land not in {c.country for c in known}
        and land != "US"
    )


def _in_region(tokens: list[str], land: str, region: str) -> Place:
    for token in reversed(tokens):
        spot = _city_in(token, land, region)
        if spot:
            return Place(spot.name, region, land, *_coordinates(spot))
    name = next((token for token in reversed(tokens) if is_name(token)), "")
    return Place(name, region, land)


def _in_country(tokens: list[str], land: str) -> Place:
    if not tokens:
        alias = ALIASES.get(place_key(land))
        return _of_city(alias) if alias else Place(country=land)
    last = place_key(tokens[-1])
    regions = [region for home, region in REGIONS.get(last, ()) if home == land]
    if regions:
        spot = _city_in(tokens[0], land, regions[0]) if len(tokens) == 1 else None
        if spot and (land not in CODED or last in ALIASES):
            return _of_city(spot)
        return _in_region(tokens[:-1], land, regions[0])
    for token in reversed(tokens):
        spot = _city_in(token, land, "")
        if spot:
            given = tokens[-1] if len(tokens) == _WITH_MIDDLE and token == tokens[0] else ""
            return replace(_of_city(spot), region=spot.region or given)
    return _named(tokens, land)


def _named(tokens: list[str], land: str) -> Place:
    """Return a place of a known country by the names the text gives."""
    names = [token for token in tokens if is_name(token)]
    if not names:
        return Place(country=land)
    return Place(names[0], names[1] if len(names) == _WITH_MIDDLE else "", land)


def is_name(token: str) -> bool:
    """Say whether a token can be a town's name: an address or a code has digits."""
    return not any(c.isdigit() for c in token) and len(token) > 1


def _known(name: str, country: str) -> Place | None:
    """Return the one place that a bare name means, None when it means none or several."""
    key = place_key(name)
    alias = ALIASES.get(key)
    if alias and country in ("", alias.country):
        return _of_city(alias)
    if country:
        spot = _city_in(name, country, "")
        return _of_city(spot) if spot else None
    land, cities = COUNTRY_NAMES.get(key, ""), CITIES.get(key, ())
    if land:
        return None if key in REGIONS else Place(country=land)
    return _of_city(cities[0]) if _is_plain(key, cities) else None


def _is_plain(key: str, cities: tuple[City, ...]) -> bool:
    """Say whether the biggest city of a name is what everybody means by it."""
    if not cities or cities[0].people < _KNOWN_FROM:
        return False
    # "Utrecht" and "Berlin" lie in the region of the same name; "Victoria" does not.
    lands = {land for land, _ in REGIONS.get(key, ())} - {cities[0].country}
    if lands or (key in REGIONS and cities[0].country in CODED):
        return False
    return len(cities) == 1 or cities[1].people * _DOMINANT <= cities[0].people


def _city_in(name: str, country: str, region: str) -> City | None:
    key = place_key(name)
    alias = ALIASES.get(key)
    if alias and alias.name and alias.country == country and region in ("", alias.region):
        return alias
    for city in CITIES.get(key, ()):
        if city.country == country and (not region or not city.region or city.region == region):
            return city
    return None


def _coordinates(city: City) -> tuple[float | None, float | None]:
    return (city.lat, city.lon) if city.people else (None, None)


def _of_city(city: City) -> Place:
    return Place(city.name, city.region, city.country, *_coordinates(city))
