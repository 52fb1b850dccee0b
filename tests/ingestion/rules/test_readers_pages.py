"""Web pages to postings: JobPosting data, guest fragments, selectors; hostile pages are refused."""

import io
import time
from pathlib import Path

import pytest

from ingestion.errors import FileRefused
from ingestion.rules.readers import read, recognise
from ingestion.rules.readers.linkedin import card_count
from ingestion.rules.readers.pages import PAGE_BYTES, links, parsed
from tests.ingestion.fragments import (
    card,
    career_page,
    guest_detail,
    guest_search,
    listing_page,
    plain_job_page,
    posting,
)

RECORDED = Path(__file__).parents[4] / "shared" / "contracts" / "samples"


def items(text, mapping=None, *, page=True):
    body = text if isinstance(text, bytes) else text.encode()
    shape = recognise(body, size=len(body), page=page)
    assert shape.kind == "html"
    return list(read(io.BytesIO(body), shape, mapping=mapping))


def test_job_posting_data_is_read_wherever_it_stands():
    graph = {"@graph": [{"@type": "Organization", "name": "X"}, posting(2)]}
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": posting(3)}]}
    found = items(career_page(posting(1), graph, listed, posting(1)), page=False)

    assert [one.title for one in found] == ["Boat builder 1", "Boat builder 2", "Boat builder 3"]
    assert [one.external_id for one in found] == ["NB-1", "NB-2", "NB-3"]
    assert (found[0].employer, found[0].city, found[0].country) == (
        "Nordhavn Boats",
        "Bergen",
        "NO",
    )
    assert found[0].expires_at == "2099-01-01"


def test_broken_data_beside_good_data_is_left_out():
    page = career_page(posting(1)).replace(
        "<body>", '<script type="application/ld+json">{"@type": "JobPosting", </script><body>'
    )
    assert [one.title for one in items(page)] == ["Boat builder 1"]


def test_selectors_serve_pages_without_data_and_data_comes_first():
    mapping = {
        "title": "h1.t",
        "location": "p.p",
        "description": "div.d",
        "apply_url": "a.go@href",
        "employer": "=Nordhavn Boats",
        "url": "=https://boats.example/jobs/1",
    }
    (one,) = items(plain_job_page("Caulker"), mapping)
    assert (one.title, one.location, one.employer) == (
        "Caulker",
        "Bergen, Norway",
        "Nordhavn Boats",
    )
    assert one.description == "<p>Caulk seams and varnish decks.</p>"
    assert (one.apply_url, one.url) == ("https://apply.example/1", "https://boats.example/jobs/1")

    both = career_page(posting(4), body="<h1 class='t'>Something else</h1>")
    (one,) = items(both, mapping)
    assert (one.title, one.url) == ("Boat builder 4", "https://boats.example/jobs/1")


def test_a_guest_search_gives_each_card_once():
    page = guest_search(card(4100000001), card(4100000002, "Net maker"), card(4100000001))
    found = items(page)

    assert [(one.external_id, one.title) for one in found] == [
        ("4100000001", "Rope maker"),
        ("4100000002", "Net maker"),
    ]
    assert found[0].url == "https://www.linkedin.com/jobs/view/4100000001"
    assert (found[0].employer, found[0].location) == ("Havgard Ropes", "Bergen, Norway")
    assert found[0].posted_at == "2026-11-03"
    assert card_count(parsed(page.encode())) == 3


def test_a_guest_detail_gives_its_posting_and_nobody_of_it():
    (one,) = items(guest_detail(4100000007))
    assert (one.external_id, one.title, one.employer) == (
        "4100000007",
        "Rope maker",
        "Havgard Ropes",
    )
    assert (one.seniority, one.employment_type) == ("Entry level", "Full-time")
    assert one.apply_url == "https://havgard.example/4100000007"
    assert one.description == "<p>Twist rope.</p>"
    assert "Kari" not in str(one)


@pytest.mark.parametrize(
    ("name", "many"),
    [
        ("linkedin_guest_search_us.html", 10),
        ("linkedin_guest_search_au.html", 10),
        ("linkedin_guest_detail_notion.html", 1),
    ],
)
def test_recorded_fragments_are_read_whole(name, many):
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the recorded fragments are kept outside of the project")
    found = items(path.read_bytes())
    assert len(found) == many
    assert all(one.external_id and one.title and one.employer and one.location for one in found)


def test_links_come_in_order_each_once():
    page = parsed(listing_page(["/a", "/b", "/a", " "], "/more").encode())
    assert links(page, "a.job") == ["/a", "/b"]
    assert links(page, 'a[rel="next"]') == ["/more"]


def test_pages_say_their_own_encoding():
    text = "<html><meta charset='iso-8859-2'><body><h1 class='t'>Stolař</h1></body></html>"
    (one,) = items(text.encode("iso-8859-2"), {"title": "h1.t"})
    assert one.title == "Stolař"


@pytest.mark.parametrize(
    ("page", "mapping", "code"),
    [
        ("<html><body>We are not hiring.</body></html>", {}, "no_postings"),
        ("<html><body><h1></h1></body></html>", {"title": "h1"}, "no_postings"),
        (plain_job_page("x"), {"title": "h1[["}, "bad_selector"),
        ("<html>" + "<div>" * 20_000, {}, "too_deep"),
        ("<html>" + " " * PAGE_BYTES, {}, "page_too_large"),
    ],
    ids=["nothing", "empty title", "bad selector", "deep", "large"],
)
def test_pages_that_cannot_be_read_say_why(page, mapping, code):
    with pytest.raises(FileRefused) as refused:
        items(page, mapping)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "bit", ["<!--", "<a ", "<script>", "<b><i>", '<script type="application/ld+json">[']
)
def test_hostile_markup_costs_little(bit):
    body = ("<html>" + bit * (100_000 // len(bit))).encode()
    began = time.process_time()
    with pytest.raises(FileRefused):
        items(body, {"title": "h1 a.x > b"})
    assert time.process_time() - began < 5


def test_a_page_without_postings_is_still_refused_as_an_upload():
    with pytest.raises(FileRefused) as refused:
        items("<!doctype html><html><body>Jobs</body></html>", page=False)
    assert refused.value.code == "html_page"
