import pytest

from jobly.errors import Rejected
from jobly.runs.actions import emit, start_many
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run

from .kinds import Happened

pytestmark = pytest.mark.django_db


def start_small(number):
    return start_many("test.small", ({"n": n} for n in range(number)), actor=None)


def told():
    return sorted(Event.objects.filter(fact="test.happened").values_list("data__job_id", flat=True))


def test_small_runs_share_a_transaction_and_its_statements(body, django_assert_max_num_queries):
    def tell(progress, n):
        progress.tell(total=2, done=n)
        emit(Happened(job_id=n))
        return {"n": n}

    body(tell)
    start_small(100)
    with django_assert_max_num_queries(90):
        assert drain("default") == 100

    assert told() == list(range(100))
    for run in Run.objects.all():
        n = run.args["n"]
        assert (run.status, run.result, run.done, run.progress) == ("succeeded", {"n": n}, n, 100)
        assert [entry["what"] for entry in run.history] == ["claimed", "succeeded"]
    completed = Event.objects.filter(type="job.completed", data__status="succeeded")
    assert completed.count() == 100


def test_one_that_breaks_is_judged_alone_and_its_neighbours_succeed_once(body):
    def refuse_five(_progress, n):
        emit(Happened(job_id=n))
        if n == 5:
            raise Rejected("not five")

    body(refuse_five)
    start_small(12)
    drain("default")

    assert told() == [n for n in range(12) if n != 5]
    failed = Run.objects.get(status="failed")
    assert (failed.args, failed.error, failed.attempt) == ({"n": 5}, "not five", 1)
    assert Run.objects.filter(status="succeeded").count() == 11


def test_one_that_was_lost_takes_no_neighbour_with_it(body):
    def lose_three(progress, n):
        emit(Happened(job_id=n))
        if n == 3:
            Run.objects.filter(pk=progress.run.pk).update(fence=99)

    body(lose_three)
    start_small(8)
    drain("default", limit=8)
    assert told() == [0, 1, 2, 4, 5, 6, 7]
