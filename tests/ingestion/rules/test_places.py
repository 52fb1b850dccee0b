import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.gazetteer import country_code
from ingestion.rules.places import read_place, read_places
from ingestion.rules.reach import AREAS, reach


@pytest.mark.parametrize(
    ("text", "city", "region", "country"),
    [
        ("Oslo, Norway", "Oslo", "", "NO"),
        ("Austin, TX", "Austin", "TX", "US"),
        ("Houston, Tx", "Houston", "TX", "US"),
        ("New York, NY, United States", "New York", "NY", "US"),
        ("New York City NY USA", "New York", "NY", "US"),
        ("Manhattan", "New York", "NY", "US"),
        ("Paris, TX", "Paris", "TX", "US"),
        ("Paris", "Paris", "", "FR"),
        ("Toronto, CA", "Toronto", "ON", "CA"),
        ("Calgary AB CA", "Calgary", "AB", "CA"),
        ("San Diego, CA", "San Diego", "CA", "US"),
        ("Berlin, DE", "Berlin", "Berlin", "DE"),
        ("Dover, DE", "Dover", "DE", "US"),
        ("Atlanta, Georgia", "Atlanta", "GA", "US"),
        ("Tbilisi, Georgia", "Tbilisi", "", "GE"),
        ("München", "Munich", "Bayern", "DE"),
        ("80331 München", "Munich", "Bayern", "DE"),
        ("Melbourne VIC", "Melbourne", "VIC", "AU"),
        ("US-CA-Menlo Park", "Menlo Park", "CA", "US"),
        ("Arizona - Phoenix", "Phoenix", "AZ", "US"),
        ("Reutlingen, BW, Germany", "Reutlingen", "Baden-Württemberg", "DE"),
        ("Buenos Aires, , Argentina", "Buenos Aires", "", "AR"),
        ("12 Quay Street, Cardiff, Wales, UK", "Cardiff", "Wales", "GB"),
        ("100 Main St, Boise, ID 83702", "Boise", "ID", "US"),
        ("SF Bay Area", "", "CA", "US"),
        ("California", "", "CA", "US"),
        ("Dallas, TX; Denver, CO", "Dallas", "TX", "US"),
        ("Lyon | Lille", "Lyon", "", "FR"),
        ("Oxford or Cambridge, UK", "Oxford", "England", "GB"),
        ("Leeds (England)", "Leeds", "England", "GB"),
        ("Soho, London", "London", "England", "GB"),
        ("Tel Aviv/Haifa, Israel", "Tel Aviv", "", "IL"),
        ("UK, USA", "", "", "GB"),
        ("5 High Street, NY, NY", "", "NY", "US"),
        ("LATAM, Brazil", "", "", "BR"),
        ("Malmö, Sweden, SE", "Malmö", "", "SE"),
        ("Boise, ID, Salem, OR", "Boise", "ID", "US"),
        ("Virginia - Washington DC Metro", "", "DC", "US"),
    ],
)
def test_a_text_is_read_as_its_first_place(text, city, region, country):
    place = read_place(text)

    assert (place.city, place.region, place.country) == (city, region, country)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13209",
        "Georgia",
        "Victoria",
        "Cambridge",
        "CA",
        "Multiple locations",
        "Europe",
        "On Mars",
        "Main Office",
        "N/A",
    ],
)
def test_what_could_be_two_places_or_none_stays_unknown(text):
    place = read_place(text)

    assert (place.city, place.region, place.country, place.lat) == ("", "", "", None)


@pytest.mark.parametrize(
    ("text", "remote", "country"),
    [
        ("Remote - US", "remote", "US"),
        ("Remote, Germany", "remote", "DE"),
        ("Anywhere", "remote", ""),
        ("Anywhere in the United States", "remote", "US"),
        ("Hybrid, London", "hybrid", "GB"),
        ("Bergen (on-site)", "onsite", "NO"),
        ("Bergen", "", "NO"),
    ],
)
def test_a_location_may_say_where_the_work_is_done(text, remote, country):
    place = read_place(text)

    assert (place.remote, place.country) == (remote, country)


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("Oslo, Norway", ["Oslo"]),
        ("San Francisco, CA, New York, NY", ["San Francisco", "New York"]),
        ("Dallas, TX; Denver, CO", ["Dallas", "Denver"]),
        ("London, Paris, Oslo", ["London", "Paris", "Oslo"]),
        ("Amsterdam, Netherlands | London, UK | Remote", ["Amsterdam", "London"]),
        ("Westborough or Boston MA USA", ["Westborough", "Boston"]),
        ("Toronto ON or Vancouver BC CA", ["Toronto", "Vancouver"]),
        ("Berlin / Munich / Hamburg", ["Berlin", "Munich", "Hamburg"]),
        ("New York, New York", ["New York"]),
        ("Main Office or Boston MA", ["Boston"]),
        ("Somewhere nice", [""]),
    ],
)
def test_a_text_is_read_as_all_its_places(text, cities):
    assert [place.city for place in read_places(text)] == cities


def test_a_remote_job_may_be_done_from_several_countries():
    places = read_places("Remote (US or Canada)")

    assert [(p.country, p.remote) for p in places] == [("US", "remote"), ("CA", "remote")]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Remote - EMEA", "emea"),
        ("Anywhere in Europe", "europe"),
        ("Anywhere in the world", "worldwide"),
        ("Worldwide, not Asia", "worldwide"),
        ("Cape Town, South Africa", ""),
        ("Oslo", ""),
        ("", ""),
    ],
)
def test_a_text_may_name_a_part_of_the_world(text, area):
    assert reach(text) == area
    assert area in ("", *AREAS)


def test_big_cities_have_coordinates():
    place = read_place("Tokyo, Japan")

    assert place.lat == pytest.approx(35.69, abs=0.1)
    assert place.lon == pytest.approx(139.69, abs=0.1)


def test_a_known_country_settles_a_name_that_several_have():
    assert read_place("Cambridge", "GB").country == "GB"
    assert read_place("Cambridge", "US").region == "MA"
    assert read_place("Smallville", "US").country == "US"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Norge", "NO"),
        ("u.s.a.", "US"),
        ("UK", "GB"),
        ("deu", "DE"),
        ("Côte d'Ivoire", "CI"),
        ("Narnia", ""),
        ("", ""),
    ],
)
def test_a_country_is_known_by_name_and_code(text, code):
    assert country_code(text) == code


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_place_that_is_consistent(text):
    place = read_place(text)

    assert (place.lat is None) == (place.lon is None)
    assert not (place.region and not place.country)
    assert len(place.country) in (0, 2)
