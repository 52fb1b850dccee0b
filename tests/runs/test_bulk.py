"""Many runs are changed by one that goes through them in steps, with the rights of who asked."""

from datetime import timedelta

import pytest

from jobly.errors import TooMany
from jobly.runs.actions import bulk, start, start_many, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.actions.kinds import run
from jobly.runs.actions.progress import Progress
from jobly.runs.models import Run
from jobly.runs.rules.selection import Selection
from tests.make import make_company, make_member, make_user

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=1)


@run("proof.many", retry="never")
def many(*, n: int, fails: bool = False) -> None:
    if fails:
        raise ValueError(n)


@run("proof.others", retry="never")
def others() -> None:
    pass


def begin(count, company=None, **options):
    args = [{"n": n, **options.pop("args", {})} for n in range(count)]
    with transaction():
        return start_many("proof.many", args, actor=None, company=company, after=LATER, **options)


def failing(count, company=None):
    with transaction():
        rows = [{"n": n, "fails": True} for n in range(count)]
        start_many("proof.many", rows, actor=None, company=company)
    drain()


def carry_out(verb, person, **wanted):
    one = bulk.start_bulk(verb, Selection(**wanted), until=clock(), actor=person)
    drain()
    one.refresh_from_db()
    return one


def statuses(kind="proof.many"):
    found = Run.objects.filter(kind=kind).order_by().values_list("status", flat=True)
    return {status: list(found).count(status) for status in set(found)}


def test_all_that_match_are_cancelled_and_nothing_else():
    begin(250)
    with transaction():
        start("proof.others", {}, actor=None, after=LATER)
    done = carry_out("cancel", make_user(is_staff=True), kind="proof.many", status="queued")
    assert (done.status, done.result) == ("succeeded", {"changed": 250, "skipped": 0})
    assert (done.done, done.total, done.progress) == (250, 250, 100)
    assert statuses() == {"cancelled": 250}
    assert statuses("proof.others") == {"queued": 1}


def test_what_began_after_the_question_is_left_alone():
    begin(3)
    until = clock()
    begin(2)
    person = make_user(is_staff=True)
    one = bulk.start_bulk("cancel", Selection(kind="proof.many"), until=until, actor=person)
    drain()
    one.refresh_from_db()
    assert one.result["changed"] == 3
    assert statuses() == {"cancelled": 3, "queued": 2}


def test_a_bulk_change_does_not_end_itself():
    done = carry_out("cancel", make_user(is_staff=True), status="unfinished")
    assert done.status == "succeeded"


def test_failed_runs_are_started_again_once_each_as_parts_of_the_change():
    failing(5)
    person = make_user(is_staff=True)
    done = carry_out("again", person, status="failed", kind="proof.many")
    assert done.result == {"changed": 5, "skipped": 0}
    parts = Run.objects.filter(parent=done)
    assert parts.count() == parts.exclude(replay_of=None).count() == 5
    assert set(parts.values_list("actor", flat=True)) == {person.pk}
    # the first five have been repeated; the next time only their last tries are
    assert carry_out("again", person, status="failed", kind="proof.many").result["changed"] == 5
    assert Run.objects.filter(kind="proof.many").count() == 15


def test_what_is_due_later_starts_now():
    begin(4)
    done = carry_out("now", make_user(is_staff=True), standing="later")
    assert done.result["changed"] == 4
    assert statuses() == {"succeeded": 4}


@pytest.mark.parametrize("role", ["recruiter", "viewer"])
def test_a_person_changes_only_what_the_role_allows(role):
    mine, foreign = make_company(), make_company()
    begin(3, mine)
    begin(2, foreign)
    done = carry_out("cancel", make_member(mine, role), kind="proof.many")
    changed = 3 if role == "recruiter" else 0
    assert done.result["changed"] == changed
    assert statuses().get("cancelled", 0) == changed


def test_rights_that_are_lost_meanwhile_end_the_change():
    company = make_company()
    person = make_member(company)
    begin(bulk.BATCH + 50, company)
    one = bulk.start_bulk("cancel", Selection(kind="proof.many"), until=clock(), actor=person)
    progress = Stopping(one, after=1, then=lambda: person.memberships.update(role="viewer"))
    result = bulk.carry_out(progress, "cancel", {"kind": "proof.many"}, clock())
    assert result == {"changed": bulk.BATCH, "skipped": 50}
    assert statuses() == {"cancelled": bulk.BATCH, "queued": 50}


class Stopping(Progress):
    """A progress that does something behind the body's back after some steps."""

    def __init__(self, one, *, after, then):
        Run.objects.filter(pk=one.pk).update(
            status="running", fence=1, lease_until=clock() + LATER, attempt=1
        )
        one.refresh_from_db()
        super().__init__(one)
        self.left, self.then = after, then

    def tell(self, **said):
        super().tell(**said)
        if "done" in said:
            self.left -= 1
            if not self.left:
                self.then()


def test_a_change_that_was_broken_off_goes_on_and_counts_each_run_once():
    begin(bulk.BATCH * 2)
    person = make_user(is_staff=True)
    until = clock()
    one = bulk.start_bulk("cancel", Selection(kind="proof.many"), until=until, actor=person)

    def die():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        bulk.carry_out(Stopping(one, after=1, then=die), "cancel", {"kind": "proof.many"}, until)
    assert statuses() == {"cancelled": bulk.BATCH, "queued": bulk.BATCH}
    Run.objects.filter(pk=one.pk).update(status="queued", lease_until=None)
    drain()
    one.refresh_from_db()
    assert one.result == {"changed": bulk.BATCH * 2, "skipped": 0}
    assert (one.done, one.total) == (bulk.BATCH * 2, bulk.BATCH * 2)


def test_repeating_waits_while_the_queues_are_full(settings):
    settings.RUN_QUEUED_LIMIT = 3
    failing(2)
    begin(3)
    done = carry_out("again", make_user(is_staff=True), status="failed")
    assert (done.status, done.attempt, done.error_code) == ("queued", 0, "deferred")
    assert "queues are full" in done.error
    Run.objects.filter(kind="proof.many", status="queued").update(available_at=clock())
    Run.objects.filter(pk=done.pk).update(available_at=clock())
    drain()
    done.refresh_from_db()
    assert done.result == {"changed": 2, "skipped": 0}


def test_a_person_with_too_much_waiting_is_told_to_come_back(settings):
    settings.RUN_QUEUED_LIMIT = 1
    person = make_user(is_staff=True)
    bulk.start_bulk("cancel", Selection(), until=clock(), actor=person)
    with pytest.raises(TooMany):
        bulk.start_bulk("cancel", Selection(), until=clock(), actor=person)
