"""Geography by numbers: cells of one degree that find what is near, and distances on the globe."""

import math
from collections.abc import Iterable
from typing import Final

from ingestion.rules.gazetteer import Place

MAX_RADIUS: Final = 1_000.0  # km
KM_A_DEGREE: Final = 111.1  # rather too few than too many: a circle must not be cut
EARTH_KM: Final = 6_371.0
_POLAR: Final = 89.9
_ROWS: Final = 180
_COLUMNS: Final = 360


def cell_of(lat: float, lon: float) -> int:
    """Return the number of the one-degree cell that holds a point."""
    row = min(_ROWS - 1, max(0, math.floor(lat) + 90))
    return row * _COLUMNS + (math.floor(lon) + 180) % _COLUMNS


def cells_of(places: Iterable[Place]) -> list[int]:
    """Return the cells of all places that have coordinates, each once."""
    found = (cell_of(p.lat, p.lon) for p in places if p.lat is not None and p.lon is not None)
    return list(dict.fromkeys(found))


def cells_around(lat: float, lon: float, km: float) -> list[int]:
    """Return every cell that a circle may touch; near the poles that is a whole row of them."""
    north = km / KM_A_DEGREE
    nearest_pole = abs(lat) + north
    is_polar = nearest_pole >= _POLAR
    east = 180.0 if is_polar else min(180.0, north / math.cos(math.radians(nearest_pole)))
    rows = range(math.floor(max(-90.0, lat - north)), math.floor(min(89.9, lat + north)) + 1)
    width = min(_COLUMNS, math.floor(lon + east) - math.floor(lon - east) + 1)
    columns = [(math.floor(lon - east) + n + 180) % _COLUMNS for n in range(width)]
    return [(row + 90) * _COLUMNS + column for row in rows for column in columns]


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the kilometres between two points given as latitude and longitude."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
