"""How many calls one board gets at once."""

from hypothesis import given
from hypothesis import strategies as st

from distribution.rules.lanes import DOUBTED, MOST, PATIENCE, Lane


def test_a_board_that_answers_gets_more_each_time():
    lane, now = Lane(), 0.0
    sizes = []
    for _ in range(8):
        sizes.append(lane.free(now))
        for _ in range(sizes[-1]):
            lane.begin(now)
        for _ in range(sizes[-1]):
            lane.end(now, well=True)
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64]


def test_a_failure_brings_it_back_to_one():
    lane = Lane(room=MOST)
    lane.begin(0)
    lane.end(0, well=False)
    assert lane.free(0) == 1


def test_a_board_that_hangs_is_asked_by_as_many_as_open_its_breaker():
    lane, now = Lane(), 0.0
    begun = 0
    while now < 60:
        for _ in range(lane.free(now)):
            lane.begin(now)
            begun += 1
        now += 0.25
    assert begun == DOUBTED
    assert lane.is_stuck(now)


def test_one_that_wants_one_call_at_a_time_gets_one():
    lane = Lane(most=1)
    lane.begin(0)
    assert lane.free(PATIENCE * 99) == 0
    lane.end(1, well=True)
    assert lane.free(1) == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 3)), max_size=200))
def test_never_more_than_the_most_and_never_stuck_for_good(steps):
    lane, now = Lane(most=8), 0.0
    for begins, well, pause in steps:
        now += pause
        if begins and lane.free(now):
            lane.begin(now)
        elif lane.flying:
            lane.end(now, well=well)
        assert 0 <= lane.flying <= 8
        assert lane.flying or lane.free(now) >= 1
