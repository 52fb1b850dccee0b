"""Publications that wait for a yes: nothing is sent before, and who may say it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from distribution.actions import approving, changes, holding
from distribution.actions.sweep import sweep_due
from distribution.models import Approval, Distribution
from distribution.reports.planning import plan
from distribution.rules import approvals as rules
from ingestion.models import Job
from jobly.errors import Forbidden
from jobly.runs.actions import start, transaction
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_key, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_company("acme")


@pytest.fixture
def owner(acme):
    return make_member(acme, "owner")


@pytest.fixture
def asker(acme):
    return make_member(acme)


@pytest.fixture
def channel(acme):
    row = make_channel(acme, "internal")
    holding.set_needed(acme, None, needed=True, actor=None)
    return row


def ask(channel, actor=None, **options):
    return changes.create_distribution(
        make_posting(channel.company), channel, actor=actor, **options
    )


def waits(row):
    return Approval.objects.open().filter(distribution=row).exists()


def test_what_needs_a_yes_waits_and_nothing_is_sent(channel, asker):
    row = ask(channel, asker)
    drain()
    sweep_due()
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_code, row.run_id) == ("pending", rules.WAITS, None)
    assert not row.attempts.exists()
    approval = Approval.objects.open().get()
    assert (approval.asked_by, approval.distribution) == (asker, row)
    assert Event.objects.filter(fact="distribution.approval_asked").count() == 1
    (step,) = plan(Job.objects.filter(pk=row.job_id), [channel])
    assert (step.action, step.reason) == ("none", rules.WAITS_TEXT)


def test_a_run_of_before_sends_nothing_either(channel, asker):
    row = ask(channel, asker)
    with transaction():
        args = {"distribution_id": str(row.pk)}
        start("distribution.publish", args, actor=None, company=channel.company)
    drain()
    assert not row.attempts.exists()


def test_a_yes_sends_it_and_says_who_and_when(channel, asker, owner):
    row = ask(channel, asker)
    approving.decide(Approval.objects.get(), approve=True, why="Fine", actor=owner)
    drain()
    row.refresh_from_db()
    assert (row.status, row.error) == ("published", "")
    approval = Approval.objects.get()
    assert (approval.decision, approval.decided_by, approval.why) == ("approved", owner, "Fine")
    assert approval.decided_at is not None


def test_a_no_is_told_and_asking_again_is_a_new_question(channel, asker, owner):
    row = ask(channel, asker)
    approving.decide(Approval.objects.get(), approve=False, why="Too early", actor=owner)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("rejected", "not_approved")
    assert row.error.endswith("did not approve it: Too early")
    changes.retry_distribution(row, actor=asker)
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("pending", rules.WAITS)
    assert Approval.objects.open().count() == 1
    assert not row.attempts.exists()


def test_a_moment_to_come_is_kept_while_it_waits(channel, asker, owner):
    at = clock() + timedelta(days=2)
    row = ask(channel, asker, at=at)
    row.refresh_from_db()
    assert (row.status, row.scheduled_publish_at) == ("pending", at)
    changes.reschedule(row, at + timedelta(days=1), actor=asker)
    assert Approval.objects.count() == 1
    approving.decide(Approval.objects.get(), approve=True, why="", actor=owner)
    drain()
    row.refresh_from_db()
    assert (row.status, row.scheduled_publish_at) == ("scheduled", at + timedelta(days=1))


def test_what_is_taken_back_is_nobodys_to_decide(channel, asker, owner):
    row = ask(channel, asker)
    changes.close_distribution(row, actor=asker)
    approval = Approval.objects.get()
    assert approval.decision == "dropped"
    (said,) = approving.decide_all([approval], approve=True, why="", actor=owner)
    assert said.error.code == "already_decided"
    assert Distribution.objects.get().status == "closed"


def test_an_approved_one_that_failed_is_retried_without_a_new_yes(acme, asker, owner):
    channel = make_channel(acme, "linkedin", options={})  # without a poster's address: refused
    holding.set_needed(acme, channel, needed=True, actor=None)
    row = ask(channel, asker)
    approving.decide(Approval.objects.get(), approve=True, why="", actor=owner)
    drain()
    row.refresh_from_db()
    assert row.status == "rejected"
    changes.retry_distribution(row, actor=asker)
    assert Approval.objects.count() == 1


def test_a_channels_own_word_goes_before_its_companys(acme):
    own, other = make_channel(acme, "internal"), make_channel(acme, "linkedin")
    job = make_posting(acme)
    holding.set_needed(acme, other, needed=True, actor=None)
    assert not waits(make_distribution(job, own))
    assert waits(make_distribution(job, other))
    holding.set_needed(acme, None, needed=True, actor=None)
    holding.set_needed(acme, own, needed=False, actor=None)
    assert not waits(make_distribution(make_posting(acme), own))
    holding.set_needed(acme, own, needed=None, actor=None)
    assert waits(make_distribution(make_posting(acme), own))


def test_a_whole_plan_waits_too(channel, asker):
    jobs = [make_posting(channel.company) for _ in range(3)]
    wish = {
        "company_id": str(channel.company_id),
        "job_ids": [job.pk for job in jobs],
        "channels": ["internal"],
    }
    with transaction():
        args = {"wish": wish}
        run = start("distribution.apply", args, actor=asker, company=channel.company)
    drain()
    assert Approval.objects.open().filter(asked_by=asker).count() == 3
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert not Run.objects.filter(kind="distribution.publish").exists()


A, B, C = uuid4(), uuid4(), uuid4()


@pytest.mark.parametrize(
    ("owners", "asker", "person", "operator", "may"),
    [
        ([A, B], A, B, False, True),
        ([A, B], A, A, False, False),
        ([A, B], C, A, False, True),
        ([A], A, A, False, True),
        ([A], A, C, False, False),
        ([A], None, A, False, True),
        ([A], C, None, False, False),
        ([], C, C, False, False),
        ([], C, B, True, True),
        ([A], C, B, True, False),
    ],
)
def test_who_may_decide(owners, asker, person, operator, may):
    said = rules.refusal(owners=owners, asker=asker, person=person, is_operator=operator)
    assert (said == "") is may


def test_a_recruiter_may_not_decide(channel, asker, owner):
    row = ask(channel, asker)
    with pytest.raises(Forbidden):
        approving.decide(Approval.objects.get(), approve=True, why="", actor=asker)
    assert row.error_code == rules.WAITS


def client_of(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_owner_decides_on_many_in_the_admin(channel, asker, owner):
    rows = [ask(channel, asker) for _ in range(3)]
    client = client_of(owner)
    listed = client.get(reverse("admin:distribution_approval_changelist")).content.decode()
    assert all(row.job.title in listed for row in rows)
    ids = [str(pk) for pk in Approval.objects.values_list("pk", flat=True)]
    url = reverse("admin:distribution_approval_decide") + "?" + "&".join(f"id={pk}" for pk in ids)
    assert "Approve 3" in client.get(url).content.decode()
    said = client.post(url, {"decision": "reject", "why": ""}).content.decode()
    assert "Say why" in said
    assert Approval.objects.open().count() == 3
    client.post(url, {"decision": "reject", "why": "Not this year"})
    assert set(Distribution.objects.values_list("status", flat=True)) == {"rejected"}
    # a recruiter sees it and is told why not
    assert "Approve" not in client_of(asker).get(url).content.decode()


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(
    channel, owner, django_assert_max_num_queries
):
    ask(channel)
    client, url = client_of(owner), reverse("admin:distribution_approval_changelist")
    client.get(url)
    for _ in range(19):
        ask(channel)
    with django_assert_max_num_queries(16):
        assert client.get(url).status_code == 200


def test_owners_say_which_channels_wait(acme, asker, owner):
    channel = make_channel(acme, "internal")
    url = reverse("admin:distribution_approval_needs")
    sent = {"need-0": "yes", "need-1": "no"}
    assert client_of(asker).post(url, sent).status_code == 403
    assert client_of(owner).post(url, sent).status_code == 302
    assert not waits(make_distribution(channel=channel))
    sent["need-1"] = ""
    client_of(owner).post(url, sent)
    assert waits(make_distribution(channel=channel))


def test_the_api_lists_and_decides_each_by_itself(channel, asker, owner):
    rows = [ask(channel, asker) for _ in range(2)]
    _, text = make_key(owner, scopes=("distributions:read", "distributions:write"))
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    found = api.get("/api/v1/approvals/").json()
    assert found["count"] == 2
    assert found["results"][0]["job_title"] in {row.job.title for row in rows}
    ids = [one["id"] for one in found["results"]] + [str(uuid4())]
    said = api.post(
        "/api/v1/approvals/decide/", {"ids": ids, "decision": "approve"}, format="json"
    ).json()["results"]
    assert [one["success"] for one in said] == [True, True, False]
    assert said[2]["error"]["code"] == "not_found"
    again = api.post(f"/api/v1/approvals/{ids[0]}/approve/", {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert api.get("/api/v1/approvals/").json()["count"] == 0
    assert api.get("/api/v1/approvals/?decision=approved").json()["count"] == 2


def approve(owner):
    return approving.decide(Approval.objects.open().get(), approve=True, why="", actor=owner)


def change(row, **columns):
    Job.objects.filter(pk=row.job_id).update(**columns)


def test_words_that_change_after_the_yes_need_another_one(channel, asker, owner):
    row = ask(channel, asker, at=clock() + timedelta(days=2))
    approve(owner)
    first = Approval.objects.get()
    assert first.content_hash
    change(row, title="Something else")
    Distribution.objects.filter(pk=row.pk).update(scheduled_publish_at=clock())
    Run.objects.unfinished().update(available_at=Now())
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("pending", rules.WAITS)
    assert not row.attempts.exists()
    again = Approval.objects.open().get()
    assert again.asked_by == asker
    sweep_due()
    drain()
    assert not row.attempts.exists()

    approve(owner)
    drain()
    row.refresh_from_db()
    again.refresh_from_db()
    assert (row.status, row.content_hash) == ("published", again.content_hash)
    assert again.content_hash != first.content_hash


def test_what_stays_as_it_was_approved_goes_out_at_its_moment(channel, asker, owner):
    row = ask(channel, asker, at=clock() + timedelta(days=2))
    approve(owner)
    change(row, updated_at=Now())  # no word of it
    Distribution.objects.filter(pk=row.pk).update(scheduled_publish_at=clock())
    Run.objects.unfinished().update(available_at=Now())
    drain()
    row.refresh_from_db()
    assert row.status == "published"
    assert Approval.objects.count() == 1


@pytest.mark.parametrize("alone", [True, False])
def test_a_change_between_the_look_and_the_sending_is_seen_too(channel, asker, owner, alone):
    """Side by side with others, and in a run of its own."""
    row = ask(channel, asker)
    Approval.objects.update(decision="approved", decided_at=Now(), content_hash="0" * 64)
    Distribution.objects.filter(pk=row.pk).update(
        approved_hash="0" * 64, error_code="", error="", scheduled_publish_at=None
    )
    with transaction():
        args = {"distribution_id": str(row.pk), "stop_on_error": alone}
        start("distribution.publish", args, actor=None, company=channel.company)
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("pending", rules.WAITS)
    assert not row.attempts.exists()
    assert Approval.objects.open().count() == 1


def test_a_retry_with_other_words_is_a_new_question(channel, asker, owner):
    row = ask(channel, asker)
    approve(owner)
    Distribution.objects.filter(pk=row.pk).update(status="failed")
    change(row, title="Something else")
    changes.retry_distribution(row, actor=asker)
    drain()
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("pending", rules.WAITS)
