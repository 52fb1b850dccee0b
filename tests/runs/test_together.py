import pytest

from jobly.errors import Rejected
from jobly.runs.actions import careful, claims, emit, start_many, together
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


def test_others_see_them_queued_until_all_have_ended(body):
    seen = []
    body(lambda progress, n: seen.append(Run.objects.get(pk=progress.run.pk).status))
    start_small(3)
    drain("default")
    assert seen == ["queued"] * 3


def test_what_a_body_starts_is_its_child(body):
    body(lambda progress, n: progress.start("test.pair", {"left": n}) and None)
    (parent,) = start_small(1)
    drain("default")
    child = Run.objects.get(kind="test.pair")
    assert (child.parent_id, child.root_id, child.status) == (parent.pk, parent.pk, "succeeded")


def test_after_a_death_each_is_claimed_for_a_while(body):
    careful.be_careful(60)
    try:
        seen = []
        body(lambda progress, n: seen.append(Run.objects.get(pk=progress.run.pk).status))
        start_small(2)
        drain("default")
        assert seen == ["running"] * 2
    finally:
        careful.trust_again()


def test_a_drain_with_a_limit_lets_no_more_ride(body):
    body(lambda progress, n: None)
    start_small(30)
    assert drain("default", limit=7) == 7
    assert Run.objects.filter(status="succeeded").count() == 7


def test_one_that_takes_its_time_ends_the_ride(body, monkeypatch):
    monkeypatch.setattr(together, "MOST_SECONDS", 0.0)
    seen = []
    body(lambda progress, n: seen.append(Run.objects.filter(status="succeeded").count()))
    start_small(3)
    assert drain("default") == 3
    assert seen == [0, 1, 2]


def test_streams_take_turns_even_where_each_ride_has_time_for_one(body, monkeypatch):
    monkeypatch.setattr(together, "MOST_SECONDS", 0.0)
    order = []
    body(lambda progress, n: order.append(progress.run.stream))
    for stream in ("company:a", "company:b", "company:c"):
        start_many("test.small", [{"n": 0}] * 3, actor=None, stream=stream)
    assert drain("default") == 9
    assert order == ["company:a", "company:b", "company:c"] * 3


def test_one_stream_alone_is_not_looked_for_behind_itself(body, django_assert_max_num_queries):
    body(lambda progress, n: None)
    start_small(2 * claims.BATCH)
    with django_assert_max_num_queries(20) as seen:
        assert drain("default", limit=2 * claims.BATCH) == 2 * claims.BATCH
    looks = [query for query in seen.captured_queries if "SKIP LOCKED" in query["sql"]]
    assert len(looks) == 3  # urgent ones and the first turn in one transaction, the second turn


def test_small_and_large_runs_of_a_queue_all_come_to_their_end(body):
    body(lambda progress, n: None)
    for n in range(30):
        start_many("test.small", [{"n": n}] * 3, actor=None)
        start_many("test.plain", [{"n": n}], actor=None)
    assert drain("default") == 120
    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
