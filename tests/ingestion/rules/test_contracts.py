import time

from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.contracts import Census, allowed, breaches, learned

JOB = {"id": 1, "title": "Baker", "remote": True, "pay": None, "place": {"city": "Oslo"}}


def counted(*items):
    census = Census()
    for row, item in enumerate(items, 1):
        census.add(row, item)
    return census


def known(*items, collections=3):
    told = {}
    for _ in range(collections):
        told = learned(told, counted(*(items or [JOB] * 10)))
    return told


def kinds(told, *items):
    return [(b.kind, b.field, b.expected, b.got) for b in breaches(told, counted(*items))]


def test_what_is_alike_is_no_breach_and_neither_is_another_order():
    assert kinds(known(), *[dict(reversed(JOB.items()))] * 10) == []


def test_little_was_learned_so_nothing_departs():
    assert kinds(known(collections=2), *[{"x": 1}] * 10) == []
    assert kinds(known(JOB, collections=3), *[{"x": 1}] * 10) == []


def test_a_new_field_a_changed_type_and_a_missing_field_are_told_apart():
    changed = {"id": "1", "title": "Baker", "pay": None, "place": {"city": "Oslo"}, "logo": "x"}

    assert kinds(known(), *[changed] * 10) == [
        ("changed_type", "id", "number", "text"),
        ("new_field", "logo", "", "text"),
        ("missing_field", "remote", "flag", ""),
    ]


def test_the_first_item_that_departs_is_the_example():
    census = counted(*[JOB] * 4, JOB | {"id": "JR-5"}, JOB | {"id": "JR-6"})
    (breach,) = breaches(known(), census)

    assert (breach.count, breach.row, breach.example) == (2, 5, "JR-5")
    assert breach.sentence == "“id” was number and is text."


def test_a_value_where_there_was_none_is_no_change_and_none_where_there_was_one_neither():
    assert kinds(known(), *[JOB | {"pay": 500, "remote": None}] * 10) == []


def test_one_odd_item_of_very_many_is_no_change_of_the_source():
    assert kinds(known(), *[JOB] * 500, JOB | {"extra": 1}) == []
    assert kinds(known(), *[JOB] * 50, JOB | {"extra": 1}) != []


def test_another_thing_altogether_is_said_once():
    assert [kind for kind, *_ in kinds(known(), *[{"error": "no"}] * 3)] == ["unknown_shape"]


def test_a_collection_of_nothing_departs_from_nothing():
    assert kinds(known()) == []


def test_what_a_person_allowed_is_no_breach_any_more():
    told, items = known(), [{"id": "1", "title": "B", "logo": "x", "pay": 1, "place": {}}] * 10
    for breach in breaches(told, counted(*items)):
        told = allowed(told, breach)

    assert kinds(told, *items) == []
    assert kinds(told, *[JOB] * 10) == []


def test_an_allowed_shape_is_learned_anew():
    told, items = known(), [{"name": "x", "link": "y"}] * 10
    told = allowed(told, *breaches(told, counted(*items)))

    assert kinds(told, *items) == []
    for _ in range(3):
        told = learned(told, counted(*items))
    assert [kind for kind, *_ in kinds(told, *[JOB] * 5)] == ["unknown_shape"]


def test_a_fingerprint_is_of_names_and_types_alone():
    one = counted(JOB, JOB | {"title": "Welder"}).fingerprint()

    assert one == counted(JOB).fingerprint()
    assert one != counted(JOB | {"id": "1"}).fingerprint()
    assert len(one) == 16


def test_counting_costs_little_for_an_item():
    items = [{f"field {n}": n for n in range(30)} for _ in range(20_000)]
    started = time.thread_time()
    counted(*items).fields()

    assert time.thread_time() - started < 2  # alone it takes a twentieth of that


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]))
ITEMS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=6), max_size=12)


@settings(deadline=None)
@given(ITEMS, ITEMS)
def test_whatever_comes_is_judged_and_what_was_learned_never_departs(first, second):
    told = learned(learned(learned({}, counted(*first * 8)), counted(*first)), counted(*first))
    found = breaches(told, counted(*second))

    assert all(breach.sentence for breach in found)
    assert not [b for b in breaches(told, counted(*first)) if b.kind != "missing_field"]
