"""Runs are repeated with the same or other input, and started before they are due."""

from datetime import timedelta

import pytest

from jobly.runs.actions import replay, start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.hurrying import hurry
from jobly.runs.actions.kinds import run
from jobly.runs.errors import RunMoved, WrongArguments
from jobly.runs.models import Event, Run
from tests.make import make_user

pytestmark = pytest.mark.django_db


@run("proof.picky", retry="never")
def picky(*, good: bool) -> dict[str, bool]:
    if not good:
        raise ValueError("not good")
    return {"good": good}


def failed(**options):
    with transaction():
        one = start("proof.picky", {"good": False}, actor=None, **options)
    drain()
    one.refresh_from_db()
    assert one.status == "failed"
    return one


def test_every_repetition_names_the_first_and_the_key_goes_to_the_last():
    first = failed(key="order-1")
    second = replay(first, actor=None)
    drain()
    second.refresh_from_db()
    third = replay(second, actor=None)
    drain()
    fourth = replay(first, actor=None)  # whichever of them one asks to repeat
    assert {one.replay_of_id for one in (second, third, fourth)} == {first.pk}
    keys = Run.objects.order_by("pk").values_list("idempotency_key", flat=True)
    assert list(keys) == [None, None, None, "order-1"]


def test_a_repetition_takes_other_input_and_says_what_does_not_fit():
    first = failed()
    with pytest.raises(WrongArguments, match="missing a required argument: 'good'"):
        replay(first, actor=None, args={"bad": 1})
    again = replay(first, actor=None, args={"good": True})
    drain()
    again.refresh_from_db()
    assert (again.status, again.result) == ("succeeded", {"good": True})
    with pytest.raises(RunMoved, match="A repetition of this run has succeeded"):
        replay(first, actor=None)
    with pytest.raises(RunMoved, match="This run has succeeded"):
        replay(again, actor=None)


def test_one_that_is_under_way_is_the_answer_unless_other_input_is_wanted():
    first = failed()
    again = replay(first, actor=None)
    assert replay(first, actor=None).pk == again.pk
    with pytest.raises(RunMoved, match="still under way"):
        replay(first, actor=None, args={"good": True})
    with pytest.raises(RunMoved, match="This run is still under way"):
        replay(again, actor=None)
    assert Run.objects.count() == 2


def test_only_the_last_try_of_a_line_is_offered_for_repetition():
    first = failed()
    replay(first, actor=None)
    drain()
    other = failed()
    last = Run.objects.get(replay_of=first)
    assert set(Run.objects.all().repeatable()) == {last, other}


def test_a_run_that_is_due_later_starts_now_and_notes_who_wanted_it():
    person = make_user()
    with transaction():
        one = start("proof.picky", {"good": True}, actor=None, after=timedelta(days=1))
    assert drain() == 0
    hurry(one, actor=person)
    assert drain() == 1
    one.refresh_from_db()
    assert one.status == "succeeded"
    assert (one.history[0]["what"], one.history[0]["owner"]) == ("hurried", f"user:{person.pk}")
    told = Event.objects.filter(run=one).order_by("seq").values_list("type", flat=True)
    assert list(told) == ["job.created", "job.progress", "job.completed"]
    with pytest.raises(RunMoved, match="does not wait for a time"):
        hurry(one, actor=person)
