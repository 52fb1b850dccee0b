import pytest

from jobly.errors import Rejected
from jobly.runs.actions import cancel
from jobly.runs.actions import start as start_run
from jobly.runs.actions.execution import drain, foreground
from jobly.runs.actions.sweep import sweep
from jobly.runs.errors import RunMoved
from jobly.runs.models import Event, Run

pytestmark = pytest.mark.django_db


def with_children(number):
    def parent(progress, **_args):
        for n in range(number):
            progress.start("test.steps", {"n": n})
        return {"of": "the parent"}

    return parent


def test_a_waiting_run_ends_with_its_last_child_and_adds_up_what_they_did(body):
    def child(progress, n):
        if n == 0:
            raise Rejected("bad")
        progress.tell(total=10, done=7, failed=2, skipped=1)

    body(with_children(3), of="parent")
    body(child)
    run = start_run("test.waits", {}, actor=None)

    drain(limit=1)
    run.refresh_from_db()
    assert (run.status, run.owner) == ("running", "children")

    assert drain() == 3
    run.refresh_from_db()
    assert run.status == "succeeded"
    counts = {"done": 14, "failed": 5, "skipped": 2, "total": 21}
    assert run.result == {"of": "the parent"} | counts
    assert {name: getattr(run, name) for name in counts} == counts
    assert (run.progress, run.lease_until) == (100, None)


@pytest.mark.parametrize(
    ("bad", "status", "step"),
    [
        ((), "succeeded", ""),
        ((1,), "succeeded", "1 of 3 of test.steps failed"),
        ((0, 1, 2), "", ""),
    ],
)
def test_a_run_that_stands_on_its_parts_fails_with_all_of_them(bad, status, step, body):
    def child(progress, n):
        if n in bad:
            raise Rejected(f"bad {n}")

    def parent(progress, **_args):
        with_children(3)(progress)
        progress.start("test.plain", {"n": 9})
        return {"stands_on": "test.steps"}

    body(parent, of="parent")
    body(child)
    run = start_run("test.waits", {}, actor=None)
    drain()
    run.refresh_from_db()
    assert (run.result["parts"], run.result["failed_parts"]) == (3, len(bad))
    if len(bad) == 3:
        assert (run.status, run.error_code) == ("failed", "rejected")
        assert run.error == "All 3 of test.steps failed, the last because: bad 2"
    else:
        assert (run.status, run.step, run.error) == (status, step, "")


def test_the_progress_of_a_waiting_run_follows_its_children(body, monkeypatch):
    monkeypatch.setattr("jobly.runs.actions.ending.FOLLOW_SECONDS", 0)
    body(with_children(4), of="parent")
    run = start_run("test.waits", {}, actor=None)
    drain()
    told = Event.objects.filter(run=run, type="job.progress").order_by("seq")
    assert [event.data["progress"] for event in told] == [0, 25, 50, 75]


def test_a_waiting_run_without_children_ends_at_once():
    run = start_run("test.waits", {}, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_waiting_runs_may_be_nested(body):
    def parent(progress, depth):
        if depth:
            progress.start("test.waits", {"depth": depth - 1})

    body(parent, of="parent")
    run = start_run("test.waits", {"depth": 3}, actor=None)
    assert drain() == 4
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert not Run.objects.unfinished().exists()


def test_the_sweep_ends_a_parent_whose_children_ended_unseen(body):
    body(with_children(2), of="parent")
    run = start_run("test.waits", {}, actor=None)
    drain(limit=1)
    for child in Run.objects.filter(parent=run):
        cancel(child)
    run.refresh_from_db()
    assert run.status == "running"

    assert sweep()["settled"] == 1
    run.refresh_from_db()
    assert (run.status, run.skipped) == ("succeeded", 2)


def test_cancelling_a_waiting_run_cancels_its_children_and_then_itself(body):
    body(with_children(3), of="parent")
    run = start_run("test.waits", {}, actor=None)
    drain(limit=2)
    cancel(run)
    sweep()

    run.refresh_from_db()
    assert run.status == "cancelled"
    statuses = sorted(Run.objects.filter(parent=run).values_list("status", flat=True))
    assert statuses == ["cancelled", "cancelled", "succeeded"]


def test_what_completes_something_that_happened_is_not_cancelled(body):
    def consequence(progress, **args):
        progress.start("test.bound", {"n": 1})
        progress.start("test.plain", {"n": 2})

    body(consequence, of="parent")
    run = start_run("test.waits", {}, actor=None)
    drain(limit=1)
    bound = Run.objects.get(kind="test.bound")
    with pytest.raises(RunMoved, match="goes on"):
        cancel(bound)
    cancel(run)
    body(lambda progress, n: None)
    drain()

    statuses = dict(Run.objects.values_list("kind", "status"))
    ends = {"test.waits": "cancelled", "test.bound": "succeeded", "test.plain": "cancelled"}
    assert statuses == ends


# commands in the foreground


def test_a_command_does_its_work_and_that_of_its_children_without_a_worker(body):
    body(lambda progress, n: progress.tell(total=1, done=1))
    run = foreground("import.file", {"file": "jobs.csv"}, actor=None, body=with_children(3))

    assert (run.status, run.result, run.done) == ("succeeded", {"of": "the parent"}, 3)
    assert run.owner == ""
    assert Run.objects.filter(parent=run, status="succeeded").count() == 3
    types = list(Event.objects.filter(run=run).order_by("seq").values_list("type", flat=True))
    assert (types[0], types[-1]) == ("job.created", "job.completed")


def test_a_command_that_fails_ends_its_run_and_what_it_started(body):
    def begin_then_refuse(progress):
        progress.start("test.steps", {})
        raise Rejected("not a table")

    with pytest.raises(Rejected):
        foreground("import.file", {}, actor=None, body=begin_then_refuse)

    run, child = Run.objects.get(kind="import.file"), Run.objects.get(kind="test.steps")
    assert (run.status, run.error) == ("failed", "not a table")
    assert child.status == "cancelled"


def test_ctrl_c_leaves_nothing_running_and_the_key_starts_the_rest_anew(body):
    def work(progress, n):
        if n == 1 and not Run.objects.filter(kind="again").exists():
            raise KeyboardInterrupt

    def begin(progress):
        for n in range(3):
            progress.start("test.steps", {"n": n}, key=f"part {n}")

    body(work)
    with pytest.raises(KeyboardInterrupt):
        foreground("import.file", {}, actor=None, body=begin)
    assert Run.objects.get(kind="import.file").status == "cancelled"
    assert not Run.objects.filter(status="queued").exists()

    body(lambda _progress, **_args: None)
    sweep()
    again = foreground("import.file", {}, actor=None, body=begin)
    assert again.status == "succeeded"
    done = Run.objects.filter(kind="test.steps", status="succeeded")
    assert sorted(run.args["n"] for run in done) == [0, 1, 2]
