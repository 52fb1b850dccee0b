import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion.rules.gazetteer import Place
from ingestion.rules.geo import MAX_RADIUS, cell_of, cells_around, cells_of, distance
from ingestion.rules.places import point_of

OSLO, BERGEN = (59.91, 10.75), (60.39, 5.32)
LATS, LONS = st.floats(-90, 90), st.floats(-180, 180)


def test_a_distance_is_that_of_the_globe():
    assert distance(OSLO, BERGEN) == pytest.approx(305, abs=3)
    assert distance((0, 179.5), (0, -179.5)) == pytest.approx(111.2, abs=0.5)
    assert distance(OSLO, OSLO) == 0


@settings(deadline=None, max_examples=300)
@example(lat=90.0, lon=7.0, other_lat=90.0, other_lon=0.0, km=1.0)
@given(lat=LATS, lon=LONS, other_lat=LATS, other_lon=LONS, km=st.floats(1, MAX_RADIUS))
def test_whatever_is_within_reach_lies_in_one_of_the_cells(lat, lon, other_lat, other_lon, km):
    if distance((lat, lon), (other_lat, other_lon)) <= km:
        assert cell_of(other_lat, other_lon) in cells_around(lat, lon, km)


@settings(deadline=None, max_examples=300)
@given(lat=LATS, lon=LONS, north=st.floats(-1, 1), east=st.floats(-1, 1), km=st.floats(50, 300))
def test_what_is_close_by_lies_in_one_of_the_cells(lat, lon, north, east, km):
    other = max(-90.0, min(90.0, lat + north)), (lon + east + 180) % 360 - 180
    if distance((lat, lon), other) <= km:
        assert cell_of(*other) in cells_around(lat, lon, km)


def test_places_without_coordinates_lie_nowhere():
    assert cells_of(
        [Place(), Place("Oslo", "", "NO", *OSLO), Place("O", "", "NO", 59.1, 10.1)]
    ) == [cell_of(*OSLO)]


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ("Oslo, Norway", True),
        ("59.91, 10.75", True),
        ("-33.9,151.2", True),
        ("95, 10", False),
        ("Norway", False),
        ("Atlantis", False),
        ("", False),
    ],
)
def test_a_place_is_a_point_or_none(text, is_known):
    assert (point_of(text) is not None) == is_known
