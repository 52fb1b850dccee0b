"""Likeness: what is measured of two texts, said of two postings, and grouped."""

import math
import random
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.likeness.grouping import Copy, Edge, group, hidden, shown
from ingestion.rules.likeness.judging import Answer, Evidence, Rule, judge, judge_both, measure
from ingestion.rules.likeness.marking import mark
from ingestion.rules.likeness.parties import is_first_party
from ingestion.rules.likeness.scoring import Share, score
from ingestion.rules.likeness.signs import (
    Overlap,
    estimates,
    keys_of,
    overlap,
    sign_texts,
    wording_of,
)
from ingestion.rules.likeness.traits import (
    Place,
    Traits,
    compare_places,
    compare_ranks,
    read_title,
    share,
)
from ingestion.rules.texts import fold

WORD = st.text("abcdefghij0123é", min_size=1, max_size=6)
TEXT = st.lists(WORD, max_size=60).map(" ".join)
OSLO = Place("Oslo", "Oslo", "", "NO", 59.91, 10.75, "")


def place(text, **fields):
    values = {"city": text, "region": "", "country": "", "lat": None, "lon": None, "remote": ""}
    return Place(text, **values | fields)


def said(**fields):
    values: dict[str, Any] = {
        "jaccard": 0.9, "containment": 0.95, "cosine": 0.99, "title": 1.0, "skills": 0.8,
        "place": "same", "rank": "same", "employer": "same", "days": 0.0, "same_url": False,
        "same_content": False, "shared": 300,
    }  # fmt: skip
    return Evidence(**values | fields)


def shared_by(a, b):
    return overlap(wording_of(a), wording_of(b))


def test_a_text_is_measured_by_the_words_it_shares():
    found = shared_by("the quick brown fox jumps", "A quick, BROWN fox jumps!")
    assert (found.jaccard, found.containment) == (0.6, 0.75)
    assert found.cosine == pytest.approx(0.8)
    assert shared_by("", "anything at all") == shared_by("one", "one")


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_measuring_is_symmetric_and_a_text_is_its_own_copy(a, b):
    assert shared_by(a, b) == shared_by(b, a)
    if len(a.split()) > 1:
        assert shared_by(a, a).jaccard == 1
        assert shared_by(a, a).cosine == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_measuring_says_what_plain_sets_of_words_say(a, b):
    one, other = (re.findall(r"[a-z0-9\x80-\U0010ffff]+", fold(text)) for text in (a, b))
    pairs, others = set(pairwise(one)), set(pairwise(other))
    found = shared_by(a, b)
    if not pairs or not others:
        assert found == Overlap(0, 0, 0)
        return
    assert found.shared == len(pairs & others)
    assert found.jaccard == len(pairs & others) / len(pairs | others)
    assert found.containment == found.shared / min(len(pairs), len(others))
    times, other_times = Counter(one), Counter(other)
    product = sum(times[word] * other_times[word] for word in times)
    squares = [sum(n * n for n in bag.values()) for bag in (times, other_times)]
    assert found.cosine == pytest.approx(product / math.sqrt(squares[0] * squares[1]))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), st.randoms())
def test_a_sign_depends_on_its_text_alone(texts, chance):
    signs, sizes = sign_texts(texts)
    shuffled = texts[:]
    chance.shuffle(shuffled)
    again, again_sizes = sign_texts(shuffled)
    for number, text in enumerate(shuffled):
        at = texts.index(text)
        assert (again[number] == signs[at]).all()
        assert again_sizes[number] == sizes[at]
    assert (keys_of(signs, [1] * len(texts)) == keys_of(signs, [1] * len(texts))).all()


def test_a_sign_does_not_see_repetition_and_estimates_what_is_shared():
    chance = random.Random(1)  # noqa: S311 # no secret
    words = [f"w{chance.randrange(9000)}" for _ in range(400)]
    pairs = []
    for kept in (400, 300, 200, 100):
        other = words[:kept] + [f"x{n}" for n in range(400 - kept)]
        pairs.append((" ".join(words), " ".join(other)))
    left, _ = sign_texts(a for a, _ in pairs)
    right, _ = sign_texts(b for _, b in pairs)
    exact = np.array([shared_by(a, b).jaccard for a, b in pairs])
    assert np.abs(estimates(left, right) - exact).max() < 0.15
    once, _ = sign_texts([" ".join(words)])
    twice, _ = sign_texts([" ".join(words + words[:2] + words[1:])])
    assert estimates(once, twice)[0] > 0.95


def test_texts_of_other_blocks_share_no_key():
    signs, _ = sign_texts(["one two three four five six"] * 2)
    keys = keys_of(signs, [1, 2])
    assert not set(keys[0]) & set(keys[1])


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({}, "same"),
        ({"place": "near"}, "same"),
        ({"place": "other"}, "different"),
        ({"place": "region"}, "unsure"),
        ({"place": "unknown"}, "unsure"),
        ({"rank": "other"}, "different"),
        ({"rank": "unknown"}, "unsure"),
        ({"title": 0.3}, "different"),
        ({"skills": None}, "same"),
        ({"skills": 0.2}, "unsure"),
        ({"days": 8.0}, "different"),
        ({"employer": "other"}, "same"),
        ({"employer": "other", "shared": 60}, "unsure"),
        ({"employer": "agency", "jaccard": 0.6}, "unsure"),
        ({"employer": "agency"}, "same"),
        ({"jaccard": 0.4, "containment": 0.9}, "same"),  # cut short
        ({"jaccard": 0.4, "containment": 0.9, "employer": "other"}, "unsure"),
        ({"jaccard": 0.4, "containment": 0.9, "skills": 0.4}, "unsure"),
        ({"jaccard": 0.1, "containment": 0.95}, "different"),
        ({"jaccard": 0.4, "containment": 0.5}, "unsure"),
        ({"jaccard": 0.25, "containment": 0.5}, "different"),
        ({"same_content": True, "jaccard": 0.0, "shared": 0}, "same"),
        ({"same_content": True, "jaccard": 0.0, "shared": 0, "place": "unknown"}, "unsure"),
        ({"same_content": True, "place": "unknown"}, "same"),
        ({"same_content": True, "jaccard": 0.4, "containment": 0.6}, "unsure"),  # one opening
        ({"same_url": True, "jaccard": 0.0}, "same"),
        ({"same_url": True, "jaccard": 0.0, "title": 0.1}, "different"),
    ],
)
def test_what_is_said_of_a_pair(fields, answer):
    assert judge(said(**fields), Rule()).answer == answer


def test_the_cosine_of_the_documents_may_decide_where_it_is_chosen():
    rule = Rule(name="cosine")
    assert judge(said(place="other"), rule).answer is Answer.SAME
    assert judge(said(cosine=0.9), rule).answer is Answer.DIFFERENT
    assert judge(said(days=9.0), rule).answer is Answer.DIFFERENT


@given(
    st.builds(
        said,
        jaccard=st.sampled_from([0.1, 0.4, 0.9]),
        place=st.sampled_from(["same", "other", "unknown"]),
        skills=st.sampled_from([None, 0.1, 0.9]),
    ),
    st.sampled_from([Rule(), Rule(name="cosine"), Rule(jaccard=0.95)]),
    st.sampled_from([Rule(), Rule(name="cosine"), Rule(skills=0.95)]),
)
def test_two_rules_say_the_same_in_either_order_and_merge_only_together(found, one, other):
    together = judge_both(found, one, other)
    assert together == judge_both(found, other, one)
    if together.answer is Answer.SAME:
        assert {judge(found, one).answer, judge(found, other).answer} == {Answer.SAME}


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (OSLO, OSLO, "same"),
        (OSLO, place("Lillestrøm", country="NO", lat=59.96, lon=11.05), "near"),
        (OSLO, place("Bergen", country="NO", lat=60.39, lon=5.32), "other"),
        (OSLO, place("Oslo", country="US"), "other"),
        (place("Waco", region="TX"), place("Troy", region="TX"), "region"),
        (place("", remote="remote"), place("", remote="remote", country="US"), "same"),
        (place("", country="US"), OSLO, "other"),
        (place("Springfield", country="US"), place("", country="US"), "unknown"),
        (place("Reno", remote="onsite"), place("", remote="remote"), "other"),
    ],
)  # fmt: skip
def test_places_compare(a, b, found):
    assert compare_places(a, b) == compare_places(b, a) == found


@pytest.mark.parametrize(
    ("a", "b", "trade", "rank"),
    [
        ("Sr. Data Engineer (Remote)", "Senior Data Engineer", 1.0, "same"),
        ("Data Engineer II", "Data Engineer III", 1.0, "other"),
        ("Data Engineer", "Data Engineer II", 1.0, "unknown"),
        ("Data Engineer", "Data Engineer Intern", 1.0, "other"),
        ("Data Engineer - 4711", "data engineer", 1.0, "same"),
        ("Sales Associate", "Sales Associate", 1.0, "same"),
        ("Nurse", "Welder", 0.0, "same"),
    ],
)
def test_titles_compare(a, b, trade, rank):
    (trade_a, ranks_a), (trade_b, ranks_b) = read_title(a), read_title(b)
    assert share(trade_a, trade_b) == trade
    assert compare_ranks(ranks_a, ranks_b) == rank


def traits(**fields):
    values: dict[str, Any] = {
        "trade": frozenset({"nurse"}), "ranks": frozenset(), "employer": "harbour works",
        "is_agency": False, "place": OSLO, "skills": frozenset(), "url_key": "",
        "content_key": "", "day": 1.0,
    }  # fmt: skip
    return Traits(**values | fields)


@pytest.mark.parametrize(
    ("other", "employer"),
    [
        ({"employer": "harbour works norway"}, "same"),
        ({"employer": "harbour"}, "same"),
        ({"employer": "works harbour"}, "other"),
        ({"employer": "people finders", "is_agency": True}, "agency"),
    ],
)
def test_employers_compare(other, employer):
    words = shared_by("a b c", "a b c")
    assert measure(traits(), traits(**other), words).employer == employer
    assert measure(traits(**other), traits(), words).employer == employer


NUMBERS = st.integers(1, 8)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS).filter(lambda p: p[0] != p[1]), max_size=12)


@given(PAIRS, PAIRS, st.randoms())
def test_groups_do_not_depend_on_order_and_keep_apart_what_a_person_set_apart(same, apart, chance):
    edges = [Edge(a, b, "fuzzy", 0.5) for a, b in same]
    found = group(edges, apart)
    shuffled = [Edge(e.b, e.a, e.rule, e.jaccard) for e in edges]
    chance.shuffle(shuffled)
    assert group(shuffled, [(b, a) for a, b in apart]) == found
    for members in found:
        assert len(members) > 1
        assert not any(a in members and b in members for a, b in apart)
    assert sum(len(members) for members in found) == len(set().union(*found))
    if not apart:
        assert all(any({a, b} <= members for members in found) for a, b in same)


def test_a_persons_word_goes_before_the_likest_pair():
    edges = [Edge(1, 2, "exact", 1.0), Edge(2, 3, "person", 0.3)]
    assert group(edges, [(1, 3)]) == [frozenset({2, 3})]


def copy(job, **fields):
    values = {
        "is_open": True, "is_public": True, "is_own": False, "is_first_party": False,
        "is_agency": False, "has_link": True, "seen": float(job),
    }  # fmt: skip
    return Copy(job, **values | fields)


@pytest.mark.parametrize(
    ("copies", "found", "away"),
    [
        ([copy(1), copy(2, is_first_party=True)], 2, {1}),
        ([copy(1, is_open=False, is_first_party=True), copy(2)], 2, {1}),
        ([copy(1, is_agency=True), copy(2)], 2, {1}),
        ([copy(1, has_link=False), copy(2)], 2, {1}),
        ([copy(1), copy(2)], 1, {2}),
        ([copy(1), copy(2, is_own=True)], 2, {1}),
        ([copy(1), copy(2, is_own=True, is_public=False)], 1, set()),
    ],
)
def test_the_posting_nearest_to_the_employer_is_shown_and_an_own_one_never_hidden(
    copies, found, away
):
    assert shown(copies) == shown(copies[::-1]) == found
    assert hidden(copies, found) == away


@pytest.mark.parametrize(
    ("url", "is_first"),
    [
        ("https://careers.harbour-works.example/1", True),
        ("https://boards.greenhouse.io/anything/1", True),
        ("https://hw.example/jobs/1", True),
        ("https://www.jobboard.example/harbourworks", False),
        ("mailto:jobs@harbourworks.example", False),
        ("", False),
        ("https://[broken", False),
    ],
)
def test_who_stands_behind_a_link(url, is_first):
    assert is_first_party(url, "Harbour Works AS", "hw.example") is is_first


def test_shares_say_how_sure_they_are():
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0.0, 1.0)
    low, high = Share(50, 50).interval
    assert low == pytest.approx(0.9287, abs=0.001)
    assert high == pytest.approx(1.0)
    low, high = Share(8, 10).interval
    assert low == pytest.approx(0.4902, abs=0.001)
    assert high == pytest.approx(0.9433, abs=0.001)


def test_a_rule_is_scored_by_what_persons_said():
    truth = {(1, 2): True, (3, 4): True, (5, 6): False, (7, 8): False}
    found = score({(1, 2): True, (3, 4): False, (5, 6): True, (7, 8): False}, truth)
    assert (found.precision.value, found.recall.value) == (0.5, 0.5)


def test_what_only_one_text_says_is_marked():
    left, right = mark("We weld pipes daily", "we weld steel pipes")
    assert [p.text for p in left if not p.is_shared] == ["daily"]
    assert [p.text for p in right if not p.is_shared] == ["steel"]
    assert mark("", "x") == ([], [("x", False)])
