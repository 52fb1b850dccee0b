"""Decisions of collecting as tables: the next page, the price of a call, how a walk ended."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import SourceMisconfigured
from ingestion.rules import asking, paging, walks
from ingestion.rules.asking import Wish
from ingestion.rules.entries import mark_of
from ingestion.rules.paging import Told
from ingestion.rules.sources import PROFILES, figures, period_end, period_start
from ingestion.rules.walks import Books, Bounds, Met, Seen

ROW = {"id": 1}
PAGES = [
    (paging.lever, {"skip": 100}, [ROW] * 100, Told(None, {"skip": 200})),
    (paging.lever, {"skip": 100}, [ROW] * 99, Told(None, None)),
    (paging.lever, {}, {"ok": False}, Told(None, None)),
    (
        paging.smartrecruiters,
        {},
        {"totalFound": "205", "content": [ROW] * 100},
        Told(205, {"offset": 100}),
    ),
    (
        paging.smartrecruiters,
        {"offset": 200},
        {"totalFound": 205, "content": [ROW] * 5},
        Told(205, None),
    ),
    (
        paging.workday,
        {"offset": 20, "total": 45},
        {"total": 0, "jobPostings": [ROW] * 20},
        Told(45, {"offset": 40, "total": 45}),
    ),
    (
        paging.workday,
        {"offset": 20, "total": 40},
        {"total": 0, "jobPostings": [ROW] * 20},
        Told(40, None),
    ),
    (paging.adzuna, {"page": 1}, {"count": 120, "results": [ROW] * 50}, Told(120, {"page": 2})),
    (paging.adzuna, {"page": 3}, {"count": 120, "results": [ROW] * 20}, Told(120, None)),
    (
        paging.usajobs,
        {"page": 1},
        {"SearchResult": {"SearchResultCountAll": 253, "SearchResultItems": [ROW] * 250}},
        Told(253, {"page": 2}),
    ),
    (paging.usajobs, {"page": 1}, None, Told(None, None)),
    (
        paging.themuse,
        {"page": 100},
        {"page_count": 900, "total": 18000, "results": [ROW] * 20},
        Told(18000, None),
    ),
    (
        paging.arbeitnow,
        {"page": 1},
        {"data": [ROW], "links": {"next": "https://x.example?search=y"}},
        Told(None, {"page": 2}),
    ),
    (paging.arbeitnow, {"page": 2}, {"data": [ROW], "links": {"next": None}}, Told(None, None)),
    (
        paging.jsearch,
        {"endpoint": "search", "page": 1},
        {"status": "OK", "data": [ROW] * 10},
        Told(None, {"endpoint": "search", "page": 2}),
    ),
    (
        paging.jsearch,
        {"endpoint": "search-v2"},
        {"status": "OK", "data": {"jobs": [ROW] * 10, "cursor": "abc"}},
        Told(None, {"endpoint": "search-v2", "cursor": "abc"}),
    ),
    (
        paging.jsearch,
        {"endpoint": "search-v2"},
        {"data": {"jobs": [ROW] * 10, "cursor": ""}},
        Told(None, None),
    ),
    (
        paging.jsearch,
        {"endpoint": "search-v2"},
        {"data": {"jobs": [ROW] * 9, "cursor": "abc"}},
        Told(None, None),
    ),
    (paging.jsearch, {"page": 100}, {"data": [ROW] * 10}, Told(None, None)),
]


@pytest.mark.parametrize(("after", "position", "document", "told"), PAGES)
def test_a_page_says_where_the_next_one_is(after, position, document, told):
    assert after(position, document) == told


@pytest.mark.parametrize(("pages", "cost"), [(1, 1), (2, 2), (10, 2), (11, 3), (20, 3)], ids=str)
def test_a_call_of_many_pages_costs_as_jsearch_counts(pages, cost):
    assert asking.jsearch_cost(pages) == cost


@pytest.mark.parametrize(
    ("days", "word"), [(0.5, "today"), (2, "3days"), (6, "week"), (30, "month"), (60, "all")]
)
def test_an_incremental_search_asks_for_no_older_than_it_must(days, word):
    wish = Wish(query="welder", age=timedelta(days=days))
    assert asking.jsearch(wish)["date_posted"] == word
    assert asking.adzuna(wish)["max_days_old"] == str(max(1, -(-int(days * 24) // 24)))
    assert "date_posted" not in asking.jsearch(Wish(query="welder"))


@pytest.mark.parametrize(
    ("said", "left", "quota"),
    [
        ("You have exceeded the MONTHLY quota for Requests on your current plan, BASIC.", "", True),
        ("You have exceeded the DAILY quota for Requests on your current plan", None, True),
        ("Too many requests", "0", True),
        ("Too many requests", "120", False),
        ("You have exceeded the rate limit per second for your plan", "12", False),
        ("", None, False),
    ],
)
def test_the_two_kinds_of_429_are_told_apart(said, left, quota):
    assert asking.is_quota(said, left) is quota


@pytest.mark.parametrize("value", ["evil.example/#", "a b", "", "..", "a/../b", "x" * 64])
def test_no_setting_leads_to_another_host(value):
    with pytest.raises(SourceMisconfigured):
        asking.address("https://{company}.recruitee.com", {"company": value})


def test_settings_in_a_path_are_quoted():
    assert asking.address("https://a.example/b/{board}", {"board": "x/../y?z"}) == (
        "https://a.example/b/x%2F..%2Fy%3Fz"
    )


BOUNDS = Bounds(pages=10, asked=False, stops_at_known=True)
ASKED = Bounds(pages=10, asked=True, stops_at_known=False)


@pytest.mark.parametrize(
    ("met", "pages", "more", "bounds", "stop"),
    [
        (Met(frozenset("a"), 1, settled=False), 1, True, BOUNDS, ""),
        (Met(frozenset(), 3, settled=True), 1, True, BOUNDS, "known"),
        (Met(frozenset(), 3, settled=True), 1, True, ASKED, ""),
        (Met(frozenset(), 3, settled=False), 1, True, BOUNDS, ""),
        (Met(frozenset(), 0, settled=True), 2, True, ASKED, "page_repeated"),
        (Met(frozenset("a"), 1, settled=False), 10, True, BOUNDS, "page_limit"),
        (Met(frozenset("a"), 1, settled=False), 10, False, BOUNDS, "end"),
    ],
)
def test_a_walk_stops_where_nothing_more_can_come(met, pages, more, bounds, stop):
    assert walks.stop_after(met, pages=pages, more=more, bounds=bounds) == stop


@pytest.mark.parametrize(
    ("stop", "books", "bounds", "before", "ended"),
    [
        ("end", Books(2422, 139), BOUNDS, None, ("partial", "coverage")),
        ("end", Books(100, 99), BOUNDS, None, ("complete", "")),
        ("end", Books(None, 0), BOUNDS, 12, ("partial", "empty")),
        ("end", Books(None, 0), BOUNDS, None, ("complete", "")),
        ("end", Books(10, 10, 2), BOUNDS, None, ("partial", "details_missing")),
        ("known", Books(900, 20), BOUNDS, None, ("complete", "known")),
        ("page_limit", Books(900, 20), ASKED, None, ("complete", "page_limit")),
        ("page_limit", Books(None, 20), BOUNDS, None, ("partial", "page_limit")),
        ("page_repeated", Books(None, 20), BOUNDS, None, ("partial", "page_repeated")),
        ("page_repeated", Books(20, 20), BOUNDS, None, ("complete", "")),
    ],
)
def test_how_a_walk_ended_is_never_made_better_than_it_was(stop, books, bounds, before, ended):
    found = walks.ended(stop, books, bounds=bounds, tolerance=0.02, before=before)
    assert (found.status, found.code) == ended
    assert bool(found.reason) == (ended != ("complete", ""))


def test_what_an_entry_is_against_what_is_known():
    known = {"a": Seen("1", met=False, settled=True), "b": Seen("1", met=True, settled=False)}
    assert walks.meet({"a": "1"}, known, everything=False) == Met(frozenset(), 1, settled=True)
    assert walks.meet({"a": "2", "b": "1"}, known, everything=False) == Met(
        frozenset("a"), 1, settled=False
    )
    assert walks.meet({"a": "1", "c": "1"}, known, everything=True).fresh == {"a", "c"}


def test_a_mark_does_not_follow_what_changes_by_the_hour():
    entry = {"title": "Welder", "postedOn": "Posted 3 Days Ago", "adref": "x"}
    assert mark_of(entry) == mark_of(entry | {"postedOn": "Posted 4 Days Ago", "adref": "y"})
    assert mark_of(entry) != mark_of(entry | {"title": "Pipe welder"})


def test_the_periods_of_a_quota_end_where_the_next_begin():
    now = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert period_start("month", now) == datetime(2026, 12, 1, tzinfo=UTC)
    assert period_end("month", now) == period_end("day", now) == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_columns_of_a_source_go_before_its_adapters_figures():
    assert figures("remotive", {}).quota_limit == PROFILES["remotive"].quota_limit == 4
    assert figures("remotive", {"quota_limit": 0, "rights": ""}).quota_limit == 0
    assert figures("remotive", {"rights": ""}).rights == "link_back"
    assert figures("", {}).rights == "own"


def test_postings_side_by_side_keep_every_byte():
    assert walks.bundle([b'{"a": 1}']) == b'{"a": 1}'
    assert walks.bundle([b'{"a": 1}', b'{"b":2 }']) == b'[{"a": 1},\n{"b":2 }]'
