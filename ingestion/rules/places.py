"""Places: a location text becomes city, region, country and coordinates, or stays unknown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from ingestion.rules.gazetteer import (
    CODE,
    DOMINANT,
    KNOWN_FROM,
    MAX_LOCATION,
    Place,
    city_in,
    coordinates,
    is_name,
    of_city,
    place_named,
)
from ingestion.rules.places_data import (
    ALIASES,
    CITIES,
    CODED,
    COUNTRY_CODES,
    COUNTRY_NAMES,
    REGIONS,
    place_key,
)
from ingestion.rules.texts import clean_line

_MOST_PLACES: Final = 8
# Codes of countries that are everyday words (EST is a time zone).
_NO_LANDS: Final = frozenset("EST AND ARE PER COD MAC GIN MAR BEN COM".split())
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
    r"|metro area|metro|area|region|time\s?zones?|"
    r"(?:various|multiple|select|all|several)(?: locations)?|nationwide|"
    r"flexible|locations?|several|days?|per week)\b:?",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*[;|•\n]\s*|\s\+\s")
_OR = re.compile(r"\s+/\s+|,?\s+(?:or|and|oder|und|&)\s+")
_SLASHED = re.compile(r"\s*/[^,]*")
_DASH = re.compile(r"\s+[-–—]\s+|\s*[–—]\s*|\s*:\s+")
# Parts of the world, and what is said not to count.
_AREAS = re.compile(
    r"\b(?:latam|latin america|emea|apac|amer|americas|north america|south america|europe|eu|asia|"
    r"africa|oceania|middle east|mena|dach|nordics|benelux|global|international)\b",
    re.IGNORECASE,
)
_EXCLUDED = re.compile(
    r"\b(?:no|not|non|excluding|except|outside(?: of)?)[\s-]+(?:the\s+)?[^\s,;)]+", re.IGNORECASE
)
_LEADING = re.compile(r"^(?:in|within|from)\s+(?:the\s+)?", re.IGNORECASE)
_ZIP = re.compile(
    r"(?<=[A-Za-z. ])\s*\b\d{5}(?:-\d{4})?$|^\d{4,6}\s+(?=[^\W\d])"
    r"|^[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2}\s"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2}$|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d$"
)
_INSIDE = re.compile(r"\(([^()]{1,80})\)")
_CODED_LIST = re.compile(
    r"([A-Z]{2,3})-([A-Z]{2,3}|[A-Z][a-z]{3,})(?:-([A-Z][^\d]{2,40}?))?(?:-\d+)?"
)
_EDGES = " ,.-–—:()[]/&\t"
# One capitalised word: a town too small for the table ("Westborough or Boston, MA").
_TOWN = re.compile(r"[A-Z][a-z]{3,20}")


_NOWHERE: Final = Place()
_POINT = re.compile(r"(-?\d{1,2}(?:\.\d{1,10})?)\s?,\s?(-?\d{1,3}(?:\.\d{1,10})?)")
_POLE: Final = 90.0


def read_place(text: str, country: str = "") -> Place:
    """Return the first place that a location text names, with what it says of remote work.

    `country` is the ISO code of the country when another field told it.
    """
    return read_places(text, country)[0]


@lru_cache(maxsize=16384)
def read_places(text: str, country: str = "") -> tuple[Place, ...]:
    """Return every place that a location text names, at least one, which may be unknown.

    The text's word on remote work holds for all of them.
    """
    text = clean_line(text.replace("\n", " ; "), MAX_LOCATION)
    remote = remote_word(text)
    bare = _REMOTE_WORD.sub(" ", _HYBRID_WORD.sub(" ", _ONSITE_WORD.sub(" ", text)))
    bare = _EXCLUDED.sub(" ", bare)
    found = tuple(dict.fromkeys(_each_place(bare, country)))[:_MOST_PLACES]
    found = found or (Place(country=country) if country else _NOWHERE,)
    return tuple(replace(place, remote=remote) for place in found) if remote else found


def point_of(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude of a place, or of "59.91, 10.75"; None for no known point."""
    written = _POINT.fullmatch(text.strip()[:MAX_LOCATION])
    if written:
        lat, lon = float(written[1]), float(written[2])
        return (lat, lon) if abs(lat) <= _POLE and abs(lon) <= 2 * _POLE else None
    place = read_place(text[:MAX_LOCATION])
    return (place.lat, place.lon) if place.lat is not None and place.lon is not None else None


def remote_word(text: str) -> str:
    """Return "hybrid", "remote" or "onsite" when the text has a word for it, else ""."""
    if _HYBRID_WORD.search(text):
        return "hybrid"
    if _REMOTE_WORD.search(text):
        return "hybrid" if _ONSITE_WORD.search(text) else "remote"
    return "onsite" if _ONSITE_WORD.search(text) else ""


def _each_place(text: str, country: str) -> Iterator[Place]:
    whole = place_named(text.strip(_EDGES), country)
    if whole:
        yield whole
        return
    for part in _SPLIT.split(text, maxsplit=_MOST_PLACES)[:_MOST_PLACES]:
        choices = _OR.split(part, maxsplit=_MOST_PLACES)[:_MOST_PLACES]
        for n, choice in enumerate(choices):
            for piece in _apart(choice, country):
                place = _with_next(piece, choices[n + 1 :], country) or _read_part(piece, country)
                if place.country or place.city:
                    yield place


def _apart(choice: str, country: str) -> list[str]:
    """Part "San Francisco, CA, New York, NY" and "London, Paris, Oslo" into their places."""
    tokens = [token.strip(_EDGES) for token in choice.split(",")]
    if len(tokens) == 1:
        return [choice]
    if len(tokens) >= _TWO_PAIRS and len(tokens) % 2 == 0 and all(map(_is_code, tokens[1::2])):
        return [f"{city}, {code}" for city, code in zip(tokens[::2], tokens[1::2], strict=True)]
    named = [place_named(token, "") for token in tokens] if not country else []
    return tokens if named and all(place and place.city for place in named) else [choice]


def _with_next(choice: str, others: list[str], country: str) -> Place | None:
    """Read "Oxford or Cambridge, UK": a bare name shares what the next choice says of the land."""
    if country or not others or "," in choice:
        return None
    name = choice.strip(_EDGES)
    shared = _read_part(others[0], "") if name else _NOWHERE
    if not shared.country:
        return None
    spot = city_in(name, shared.country, shared.region)
    if spot:
        return of_city(spot)
    is_town = shared.region and _TOWN.fullmatch(name) and not place_named(name, "")
    unknown = is_town and not _read_tokens(name, "").country
    return Place(name, shared.region, shared.country) if unknown else None


def _read_part(part: str, country: str) -> Place:
    for text in (_INSIDE.sub(" ", part), *_INSIDE.findall(part)):
        if "/" in text and not place_named(text.strip(_EDGES), country):
            place = _read_tokens(_SLASHED.sub("", text), country)  # "Tel Aviv/Haifa"
        else:
            place = _read_tokens(text, country)
        if place.country or place.city:
            return place
    return _NOWHERE


def _read_tokens(text: str, country: str) -> Place:
    text = text.strip(_EDGES)
    coded = _CODED_LIST.fullmatch(text)
    if coded and coded[1] in COUNTRY_CODES:
        text = ", ".join(part for part in (coded[3], coded[2], coded[1]) if part)
    tokens = [
        token
        for piece in text.split(",")
        for token in map(_strip_token, _DASH.split(piece))
        if token
    ]
    if len(tokens) >= _TWO_PAIRS and _is_code(tokens[1]) and _is_code(tokens[3]):
        tokens = tokens[:2]  # "San Francisco, CA, New York, NY"
    if len(tokens) > 1 and all(map(_as_country, tokens)):
        return Place(country=_as_country(tokens[0]))  # "UK, USA"
    if len(tokens) > 1 and _leads(tokens):
        tokens.reverse()
    return place_named(text, country) or (_resolve(_peel(tokens), country) if tokens else _NOWHERE)


def _strip_token(token: str) -> str:
    token = _LEADING.sub("", _ZIP.sub("", token).strip(_EDGES))
    if place_key(token) in ALIASES:
        return token
    return _FILLER.sub(" ", _AREAS.sub(" ", token)).strip(_EDGES)


def _leads(tokens: list[str]) -> bool:
    """Say whether the list runs from the country down: "US, TX, Austin", "Arizona - Phoenix"."""
    first, last = tokens[0], tokens[-1]
    if _as_country(last) or (last.isupper() and place_key(last) in REGIONS):
        return False
    if _as_country(first):
        return True
    return bool(
        place_key(first) in REGIONS
        and any(city_in(last, land, region) for land, region in REGIONS[place_key(first)])
    )


def _peel(tokens: list[str]) -> list[str]:
    """Part "New York NY United States" into city, region and country where no comma does."""
    *before, last = tokens
    suffixes: list[str] = []
    while len(suffixes) < _WITH_MIDDLE and not place_named(last, ""):
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
    return len(token) in CODE and token.isupper() and place_key(token) in REGIONS


def _is_suffix(word: str) -> bool:
    if len(word) in CODE and word.isupper():
        return word in COUNTRY_CODES or place_key(word) in REGIONS
    return place_key(word) in COUNTRY_NAMES


def _as_country(token: str) -> str:
    """Return the country of a name, or of a code in capitals that is no region's code too."""
    if len(token) in CODE and token.isupper():
        code = "" if token in _NO_LANDS else COUNTRY_CODES.get(token, "")
        shared = any(land in CODED for land, _ in REGIONS.get(place_key(token), ()))
        return "" if shared else code
    if token and place_key(token) in REGIONS:
        return ""
    return COUNTRY_NAMES.get(place_key(token), "")


def _resolve(tokens: list[str], country: str) -> Place:
    last = tokens[-1]
    told = _as_country(last)
    if len(tokens) > 1 and _is_code(tokens[-2]) and _in_same_land(tokens[-2], last):
        told = COUNTRY_CODES[last]  # "Calgary AB CA"
    if told:
        return _in_country(tokens[:-1], told)
    meanings = _meanings(last, country)
    if meanings and len(tokens) > 1:
        return _choose(tokens[:-1], meanings)
    # "London", "Soho, London", "New York, Austin"
    place = next(filter(None, (place_named(token, country) for token in tokens)), None)
    return place or _bare_region(last, meanings)


def _bare_region(name: str, meanings: list[tuple[str, str]]) -> Place:
    """Return the place of "California"; "Georgia" and "Washington" alone could be two."""
    namesakes = CITIES.get(place_key(name), ())
    if len(meanings) != 1 or (namesakes and namesakes[0].people > KNOWN_FROM):
        return _NOWHERE
    return Place(region=meanings[0][1], country=meanings[0][0])


def _in_same_land(region: str, code: str) -> bool:
    land = COUNTRY_CODES.get(code, "")
    return any(home == land for home, _ in REGIONS.get(place_key(region), ()))


def _meanings(token: str, country: str) -> list[tuple[str, str]]:
    """Return the (country, region) pairs that a last token may mean, region "" for a country."""
    found = list(REGIONS.get(place_key(token), ()))
    if len(token) in CODE:
        # Elsewhere than in these countries a code alone says too little ("SN", "ST", "RP").
        found = [pair for pair in found if pair[0] in CODED or pair[0] == country]
        known = token.isupper() and token not in _NO_LANDS
        land = COUNTRY_CODES.get(token, "") if known else ""
    else:
        land = COUNTRY_NAMES.get(place_key(token), "")
    if land:
        found.append((land, ""))
    return [pair for pair in found if not country or pair[0] == country]


def _choose(tokens: list[str], meanings: list[tuple[str, str]]) -> Place:
    city = tokens[-1]
    spots = [(city_in(city, land, region), land, region) for land, region in meanings]
    found = [(spot, land, region) for spot, land, region in spots if spot]
    if found:
        # "Ontario, CA" and "Berlin, DE": a region that has such a city beats a city abroad
        # unless that one is much bigger.
        spot, land, region = max(found, key=lambda hit: hit[0].people * (DOMINANT if hit[2] else 1))
        return Place(spot.name, region or spot.region, land, *coordinates(spot))
    return _by_code(tokens, meanings)


def _by_code(tokens: list[str], meanings: list[tuple[str, str]]) -> Place:
    """Return the place of a city the table lacks: a state's code wins over a country's."""
    # A town too small for the table behind "WA" is in Washington far more often than in Australia.
    regions = [pair for pair in meanings if pair[1]][:1]
    coded = len(regions) == 1 and len(regions[0][1]) == CODE[0]
    if (len(meanings) > 1 and not coded) or _contradicted(tokens[-1], meanings[0][0]):
        return _NOWHERE
    land, region = (regions or meanings)[0]
    return _in_region(tokens, land, region) if region else _in_country(tokens, land)


def _contradicted(city: str, land: str) -> bool:
    """Say whether the city's name is known elsewhere only ("Toronto, ME") and widely."""
    known = CITIES.get(place_key(city), ())
    return (
        bool(known)
        and known[0].people >= 10 * KNOWN_FROM
        and land not in {c.country for c in known}
        and land != "US"
    )


def _in_region(tokens: list[str], land: str, region: str) -> Place:
    for token in reversed(tokens):
        spot = city_in(token, land, region)
        if spot:
            return Place(spot.name, region, land, *coordinates(spot))
    return Place(next(filter(is_name, reversed(tokens)), ""), region, land)


def _in_country(tokens: list[str], land: str) -> Place:
    tokens = [token for token in tokens if COUNTRY_NAMES.get(place_key(token)) != land]
    if not tokens:
        alias = ALIASES.get(place_key(land))
        return of_city(alias) if alias else Place(country=land)
    last = place_key(tokens[-1])
    regions = [region for home, region in REGIONS.get(last, ()) if home == land]
    if regions:
        spot = city_in(tokens[0], land, regions[0]) if len(tokens) == 1 else None
        if spot and (land not in CODED or last in ALIASES):
            return of_city(spot)
        return _in_region(tokens[:-1], land, regions[0])
    for token in reversed(tokens):
        spot = city_in(token, land, "")
        if spot:
            given = tokens[-1] if len(tokens) == _WITH_MIDDLE and token == tokens[0] else ""
            return replace(of_city(spot), region=spot.region or given)
    return _named(tokens, land)


def _named(tokens: list[str], land: str) -> Place:
    """Return a place of a known country by the names the text gives."""
    names = [token for token in tokens if is_name(token)]
    if not names:
        return Place(country=land)
    return Place(names[0], names[1] if len(names) == _WITH_MIDDLE else "", land)
