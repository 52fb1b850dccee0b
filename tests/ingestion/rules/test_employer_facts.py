import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.employer_facts import (
    band_of,
    domain_of,
    employer_domain,
    find_size,
    hires_for_others,
    size_of_field,
)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.fjordworks.no/jobs", "fjordworks.no"),
        ("careers.fjordworks.co.uk", "fjordworks.co.uk"),
        ("https://boards.greenhouse.io/fjordworks", ""),
        ("https://fjordworks.wd5.myworkdayjobs.com/x", ""),
        ("https://fjordworks.recruitee.com", ""),
        ("https://www.linkedin.com/company/fjordworks", ""),
        ("https://www.indeed.com/viewjob?jk=1", ""),
        ("http://192.0.2.7/", ""),
        ("http://[::1]/", ""),
        ("http://[broken", ""),
        ("localhost", ""),
        ("https://b\u00f8lge.no", "xn--blge-gra.no"),
        ("", ""),
    ],
)
def test_a_domain_is_nobody_elses(url, domain):
    assert domain_of(url) == domain


def test_an_address_to_apply_at_is_the_employers_only_with_its_name_in_it():
    assert employer_domain("Fjord Works AS", "", "https://jobs.fjordworks.no/1") == "fjordworks.no"
    assert employer_domain("Fjord Works AS", "", "https://jobs.someboard.no/fjordworks") == ""
    assert employer_domain("Fjord Works AS", "https://fw.example.no", "") == "example.no"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("11-50", "11-50"),
        ("51-200 employees", "51-200"),
        ("1,001-5,000 employees", "1001-5000"),
        ("1.000 bis 5.000", "1001-5000"),
        ("10,001+ employees", "10001+"),
        ("10000+", "10001+"),
        ("10K", "5001-10000"),
        ("350", "201-500"),
        ("200-500", "201-500"),
        ("Large", ""),
        ("0", ""),
        ("", ""),
    ],
)
def test_a_size_field_becomes_a_range_of_heads(text, size):
    assert size_of_field(text) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("With over 50,000 employees in 30 countries", "10001+"),
        ("Join our 35-person company", "11-50"),
        ("Mit rund 850 Mitarbeitern in Bergen", "501-1000"),
        ("You manage 200 employees", ""),
        ("You run payroll for over 300 employees", ""),
        ("We have 12 ovens", ""),
    ],
)
def test_a_description_tells_the_size_of_its_own_company_only(text, size):
    assert find_size(text) == size


@pytest.mark.parametrize(
    ("employer", "text", "agency"),
    [
        ("Randstad USA", "", True),
        ("Hays plc", "", True),
        ("Harbour Staffing LLC", "", True),
        ("Fjord Works", "Our client, a bakery, seeks a baker.", True),
        ("Fjord Works", "F\u00fcr unseren Kunden in Bergen suchen wir", True),
        ("Fjord Works", "We help our clients grow.", False),
        ("Hays County", "", False),
        ("Recruitee", "", False),
    ],
)
def test_an_agency_is_known_by_name_or_by_its_client(employer, text, agency):
    assert hires_for_others(employer, text) == agency


@settings(deadline=None)
@given(st.text(max_size=120), st.integers(-5, 10_000_000))
def test_any_text_is_read_without_error(text, heads):
    assert domain_of(text) == domain_of(text).lower()
    assert size_of_field(text) in ("", *map(band_of, (1, 11, 51, 201, 501, 1001, 5001, 10001)))
    assert find_size(text) is not None
    assert (band_of(heads) == "") == (not 0 < heads <= 3_000_000)
