"""The commands as staff run them."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from distribution.actions.channels import connect_sandbox
from distribution.models import Channel, Distribution
from jobly.runs.models import Run
from tests.make import make_company

from .make import QUICK, make_channel, make_distribution, make_posting
from .working import until_rest

pytestmark = pytest.mark.django_db(transaction=True)
ALL = "linkedin,indeed,glassdoor,internal"


def manage(*args):
    out = io.StringIO()
    call_command(*args, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def acme(boards):
    company = make_company("acme")
    connect_sandbox(company)
    Channel.objects.filter(company=company).exclude(kind="internal").update(**QUICK)
    return company


def test_apply_publishes_everywhere_and_a_second_one_plans_nothing(acme, boards):
    for _ in range(3):
        make_posting(acme)

    first = manage("distribute", "--company", "acme", "--channels", ALL, "--apply")

    assert len(first["plan"]) == 12
    assert {step["action"] for step in first["plan"]} == {"create"}
    assert (first["published"], first["accepted"], first["failed"]) == (6, 6, 0)
    until_rest()
    assert set(Distribution.objects.values_list("status", flat=True)) == {"published"}
    for board in ("linkedin", "indeed", "glassdoor"):
        assert len(boards.live_ids(board)) == 3 == len(set(boards.live_ids(board)))
    second = manage("distribute", "--company", "acme", "--channels", ALL, "--apply")
    assert (second["plan"], second["published"], second["skipped"]) == ([], 0, 12)


def test_a_plan_changes_nothing(acme, boards):
    make_posting(acme)

    plan = manage("distribute", "--company", "acme", "--channels", ALL, "--plan")

    assert [step["action"] for step in plan["plan"]] == ["create"] * 4
    assert not Distribution.objects.exists()


def test_changed_and_closed_jobs_are_updated_and_taken_down(acme, boards):
    changed, closed = make_posting(acme), make_posting(acme)
    manage("distribute", "--company", "acme", "--channels", ALL, "--apply")
    until_rest()
    type(changed).objects.filter(pk=changed.pk).update(title="Master Welder")
    type(closed).objects.filter(pk=closed.pk).update(status="closed")

    again = manage("distribute", "--company", "acme", "--channels", ALL, "--apply")

    actions = sorted((step["job"], step["action"]) for step in again["plan"])
    assert actions == [(changed.pk, "update")] * 4 + [(closed.pk, "close")] * 4
    until_rest()
    assert manage("distribute", "--company", "acme", "--channels", ALL, "--plan")["plan"] == []
    for board in ("linkedin", "indeed", "glassdoor"):
        assert [post["title"] for post in boards.live(board)] == ["Master Welder"]


def test_scheduled_ones_wait_for_their_moment(acme, boards):
    make_posting(acme)
    at = (timezone.now() + timedelta(days=7)).isoformat()

    done = manage(
        "distribute", "--company", "acme", "--channels", "linkedin", "--at", at, "--apply"
    )

    assert (done["scheduled"], done["published"]) == (1, 0)
    assert boards.live("linkedin") == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--company", "nobody", "--channels", "linkedin"), "no company nobody"),
        (("--company", "acme", "--channels", "monster"), "no channel monster"),
        (("--company", "acme", "--channels", "linkedin", "--job", "999999"), "no such jobs"),
    ],
)
def test_a_refusal_is_one_line_and_exit_one(args, words, acme, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("distribute", *args, "--plan")

    said = capsys.readouterr().err.strip()
    assert ended.value.code == 1
    assert words in said
    assert "\n" not in said


def test_retry_sends_what_failed_again(boards):
    channel = make_channel(id_max=10)  # ours are longer
    row = make_distribution(channel=channel)
    until_rest()
    assert Distribution.objects.get().status == "failed"
    Channel.objects.filter(pk=channel.pk).update(id_max=75)

    done = manage("retry", "--failed", "--channel", "linkedin", "--since", "1h")

    assert (done["retried"], done["accepted"], done["failed"]) == (1, 1, 0)
    until_rest()
    assert boards.live_ids("linkedin") == [row.external_id]


def test_an_apply_is_a_run_that_can_be_watched(acme, boards):
    make_posting(acme)

    manage("distribute", "--company", "acme", "--channels", "internal,glassdoor", "--apply")

    run = Run.objects.get(kind="distribution.apply")
    assert (run.status, run.progress, run.done) == ("succeeded", 100, 2)
