"""Runs of one kind performed side by side: each is claimed, fenced and ended by itself."""

import pytest
from django.db.models.functions import Now

from jobly.errors import JoblyError, Rejected, Unavailable
from jobly.runs.actions import claims, crews, start, start_many, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from tests.make import make_company

pytestmark = pytest.mark.django_db


def begin(number, **options):
    return start_many("test.crew", ({"n": n} for n in range(number)), actor=None, **options)


@pytest.fixture
def crew(body):
    """Let a function decide on each run of the crews that come; return the sizes of what they took.

    It gets the run's number and returns its result, or raises.
    """
    sizes = []

    def choose(decide, most=8):
        def perform(crew):
            while some := crew.take(most):
                sizes.append(len(some))
                ended, errors = [], []
                for progress in some:
                    try:
                        ended.append((progress, decide(progress.run.args["n"])))
                    except (JoblyError, ArithmeticError) as error:
                        errors.append((progress, error))
                with transaction():
                    crew.succeed(ended)
                open_ones = [progress for progress, _ in errors]
                crew.leave([one for one in some if one not in open_ones])
                crew.settle(errors)

        body(perform, of="crew")
        return sizes

    return choose


def statuses():
    return sorted(Run.objects.values_list("args__n", "status"))


def test_a_crew_takes_what_is_due_as_it_has_room(crew):
    sizes = crew(lambda n: {"n": n}, most=8)
    begin(30)
    assert drain() == 30
    assert statuses() == [(n, "succeeded") for n in range(30)]
    assert {run.args["n"]: run.result["n"] for run in Run.objects.all()} == {
        n: n for n in range(30)
    }
    assert max(sizes) == 8
    assert {run.attempt for run in Run.objects.all()} == {1}


def test_each_is_judged_by_its_own_error(crew, body):
    tries = []

    def decide(n):
        tries.append(n)
        if n == 1:
            raise Rejected("Never.")
        if n == 2 and tries.count(2) == 1:
            raise Unavailable("Not now.")
        if n == 3:
            raise ZeroDivisionError
        return {"n": n}

    crew(decide)
    begin(5)
    drain()
    drain()
    ends = {run.args["n"]: (run.status, run.error_code) for run in Run.objects.all()}
    assert ends[0] == ends[2] == ends[4] == ("succeeded", "")
    assert ends[1] == ("failed", "rejected")
    assert ends[3] == ("failed", "internal_error")
    assert tries.count(2) == 2


def test_a_limit_on_runs_holds_for_crews_too(crew):
    crew(lambda n: None)
    begin(10)
    assert drain(limit=3) == 3
    assert Run.objects.filter(status="succeeded").count() == 3
    assert Run.objects.filter(status="queued").count() == 7


def test_a_crew_that_breaks_leaves_no_run_open(body):
    def breaks(crew):
        crew.take(8)
        raise ZeroDivisionError

    body(breaks, of="crew")
    begin(3)
    drain()
    assert {run.error_code for run in Run.objects.all()} == {"internal_error"}
    assert {run.status for run in Run.objects.all()} == {"failed"}


def test_one_that_was_there_at_a_crash_goes_alone(crew, body):
    sizes = crew(lambda n: {"how": "together"})
    body(lambda progress, n: {"how": "alone"})
    runs = begin(3)
    Run.objects.filter(pk=runs[1].pk).update(crash_count=1)
    drain()
    hows = [Run.objects.get(pk=run.pk).result["how"] for run in runs]
    assert hows == ["together", "alone", "together"]
    assert sum(sizes) == 2


def test_one_claimed_by_itself_beside_others_does_not_count_as_alone(body):
    owners = []

    def perform(crew):
        (first,) = crew.take(1)
        (second,) = crew.take(1)
        owners.extend(Run.objects.get(pk=one.run.pk).owner for one in (first, second))
        assert claims.was_alone(first.run)
        assert not claims.was_alone(second.run)
        with transaction():
            crew.succeed([(first, None), (second, None)])
        crew.leave([first, second])

    body(perform, of="crew")
    begin(2)
    assert drain() == 2
    assert owners[1].endswith("#2")


def test_who_lost_a_run_writes_nothing_about_it(crew, body):
    def perform(crew):
        some = crew.take(8)
        lost = some[0].run
        Run.objects.filter(pk=lost.pk).update(fence=lost.fence + 1)
        held = claims.verify_many([one.run for one in some])
        assert held == {one.run.pk for one in some[1:]}
        with transaction():
            crew.succeed([(one, None) for one in some[1:]])
        crew.leave(some)

    body(perform, of="crew")
    begin(3)
    drain(limit=3)
    assert sorted(Run.objects.values_list("status", flat=True)) == [
        "running",
        "succeeded",
        "succeeded",
    ]


def test_other_work_waits_no_longer_than_a_shift(crew, body, monkeypatch):
    monkeypatch.setattr(crews, "SHIFT_SECONDS", 0.0)
    order = []
    body(lambda _progress, **args: order.append("other"))
    sizes = crew(lambda n: order.append("crew"))
    begin(4)
    with transaction():
        start("test.plain", {}, actor=None, priority=1)
    drain()
    assert sorted(order) == ["crew"] * 4 + ["other"]
    assert order[-1] == "crew"
    assert len(sizes) > 1


def test_a_parent_follows_the_ends_of_its_crew(crew, body):
    crew(lambda n: None)

    def begin_four(progress):
        with progress.transaction():
            for n in range(4):
                progress.start("test.crew", {"n": n})

    body(begin_four, of="parent")
    with transaction():
        parent = start("test.waits", {}, actor=None)
    drain()
    parent.refresh_from_db()
    assert (parent.status, parent.done, parent.total) == ("succeeded", 4, 4)


def test_every_company_gets_its_turn(crew):
    crew(lambda n: None, most=2)
    many, one = make_company(), make_company()
    begin(20, company=many)
    start_many("test.crew", [{"n": 99}], actor=None, company=one)
    Run.objects.update(available_at=Now())
    drain(limit=6)
    assert Run.objects.get(company=one).status == "succeeded"
