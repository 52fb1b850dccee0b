"""Rehearsals: practice boards that misbehave by plan, no doubles, and nothing real is touched."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from distribution.actions import rehearsing
from distribution.actions.boards import reset_breaker
from distribution.errors import NoRehearsal
from distribution.models import Attempt, Channel, Distribution, Rehearsal
from distribution.reports.planning import plan
from distribution.rules import rehearsals as rules
from ingestion.models import Job
from jobly.runs.actions.claims import clock
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.distribution.make import make_channel, make_posting
from tests.distribution.test_faults import CRASH
from tests.make import make_company, make_member
from tests.sandbox.running import LinkedIn, make_element

pytestmark = pytest.mark.django_db(transaction=True)


def work(row, seconds=40.0):
    """Work until a rehearsal has its report, with breakers reset as an operator may."""
    end = time.monotonic() + seconds
    while True:
        drain()
        row.refresh_from_db()
        if row.ended_at:
            return row
        for channel in Channel.everything.all():
            reset_breaker(channel)
        Run.objects.unfinished().update(available_at=Now())
        assert time.monotonic() < end, list(
            Distribution.everything.values_list("status", "error", "channel__name")
        )
        time.sleep(0.02)


def hurry(row):
    """Write a rehearsal's channels, and let them wait less than people would have them."""
    rehearsing._set_up(row)
    Channel.everything.filter(rehearsal=row).update(
        settle_window=timedelta(seconds=0.5),
        poll_delay=timedelta(seconds=0.1),
        call_timeout=timedelta(seconds=0.5),
    )


def test_every_fault_is_met_and_nothing_is_there_twice(boards):
    company = make_company()
    real = [make_channel(company, slug) for slug in ("linkedin", "glassdoor", "internal")]
    jobs = [make_posting(company) for _ in range(len(rules.FAULTS))]
    row = rehearsing.start_rehearsal(company, [job.pk for job in jobs], real, actor=None)
    hurry(row)
    report = work(row).report

    assert report["total"] == 2 * len(jobs)
    assert report["doubles"] == 0
    assert set(report["faults"]) == {kind for kinds in rules.FAULTS for kind in kinds}
    assert [pair for pair in report["pairs"] if pair["creates"] > 1] == []
    rejected = [pair for pair in report["pairs"] if "async_fail" in pair["faults"]]
    assert rejected
    # what went live was there once, by the boards' own ledger, and is gone again
    live = [pair for pair in report["pairs"] if pair["went_live"]]
    assert len(live) >= report["total"] - len(rejected) - 3
    assert [pair for pair in live if pair["creates"] != 1] == []
    assert report["believed"] == 0, "a board that turns one down in its answer is believed"
    assert boards.live() == []
    calls = Attempt.objects.filter(distribution__rehearsal=row).count()
    assert report["calls"] == calls > report["total"]

    nothing_of_it_is_real(real)


def nothing_of_it_is_real(real):
    """No list, no plan, no fact and no figure has it."""
    assert not Distribution.objects.exists()
    assert Channel.objects.count() == len(real)
    assert {step.action for step in plan(Job.objects.all(), real)} == {"create"}
    told = set(Event.objects.exclude(fact="").values_list("fact", flat=True))
    assert "distribution.rehearsal_ended" in told
    assert not {"distribution.published", "distribution.failed", "distribution.closed"} & told
    assert not Job.objects.filter(on_board=True).exists()


def test_other_postings_at_the_practice_boards_meet_no_fault_of_it(boards):
    boards.plan(script={"jobly-" + "a" * 32: ["503"]})
    client = LinkedIn(boards)
    assert client.submit(make_element("job-1")).json()["elements"][0]["status"] == 202
    assert client.submit(make_element("jobly-" + "a" * 32)).status_code == 503
    assert client.submit(make_element("jobly-" + "a" * 32)).status_code == 200
    boards.plan(script={"other": ["429"]})
    assert set(boards.call("GET", "/faults").json()) >= {"faults", "limits"}
    assert boards.call("PUT", "/faults", json={"script": {"x": ["nonsense"]}}).status_code == 400


@pytest.mark.parametrize("what", ["no boards", "no kind", "no job", "too many"])
def test_what_cannot_be_rehearsed_says_why_and_starts_nothing(what, settings):
    settings.SANDBOX_URL = "" if what == "no boards" else "http://127.0.0.1:9"
    company = make_company()
    channels = [make_channel(company, "internal" if what == "no kind" else "linkedin")]
    jobs = [] if what == "no job" else [make_posting(company).pk]
    if what == "too many":
        rows = [make_posting(company) for _ in range(2)]
        jobs = [row.pk for row in rows]
        channels *= rules.MOST_PAIRS
    with pytest.raises(NoRehearsal):
        rehearsing.start_rehearsal(company, jobs, channels, actor=None)
    assert not Rehearsal.objects.exists()
    assert not Run.objects.exists()


def test_old_rehearsals_are_forgotten_with_all_that_was_theirs():
    company = make_company()
    channel = make_channel(company, "linkedin")
    kept, old = (Rehearsal.objects.create(company=company) for _ in range(2))
    for row in (kept, old):
        row.slugs, row.job_ids = [channel.slug], [make_posting(company).pk]
        rehearsing._set_up(row)
    Rehearsal.objects.filter(pk=old.pk).update(created_at=clock() - rules.KEEP * 2)
    assert rehearsing.tidy_rehearsals() == {"forgotten": 1}
    assert rehearsing.tidy_rehearsals() == {"forgotten": 0}
    assert Rehearsal.objects.get() == kept
    assert Distribution.everything.get().rehearsal == kept
    assert Channel.everything.exclude(rehearsal=None).get().rehearsal == kept
    assert Channel.objects.get() == channel


def test_the_faults_are_dealt_evenly():
    names = [f"id-{number}" for number in range(2 * len(rules.FAULTS))]
    dealt = rules.script_of(names, turn=3)
    assert list(dealt.values()).count(("429",)) == 2
    assert dealt["id-0"] == rules.FAULTS[3]


def client_of(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_person_rehearses_from_the_page_that_publishes_and_reads_the_report(boards):
    company = make_company()
    recruiter = client_of(make_member(company))
    for slug in ("glassdoor", "internal"):
        make_channel(company, slug)
    jobs = [make_posting(company) for _ in range(2)]
    url = reverse("admin:distribution_distribution_publish")
    url += "?" + "&".join(f"job={job.pk}" for job in jobs)
    said = recruiter.post(url, {"channels": ["internal"], "rehearse": "yes"}).content.decode()
    assert "Only LinkedIn, Indeed and REST boards are rehearsed" in said
    answer = recruiter.post(url, {"channels": ["glassdoor", "internal"], "rehearse": "yes"})
    row = Rehearsal.objects.get()
    assert answer["Location"] == reverse("admin:distribution_rehearsal_change", args=[row.pk])
    assert "It goes on." in recruiter.get(answer["Location"]).content.decode()
    hurry(row)
    work(row)
    text = recruiter.get(answer["Location"]).content.decode()
    assert "Nothing was there twice." in text
    assert "takes it and never answers" in text
    assert all(job.title in text for job in jobs)
    listed = recruiter.get(reverse("admin:distribution_rehearsal_changelist")).content.decode()
    assert "2 of 2 came live" in listed
    # the list of publications has nothing of it, and another company nothing at all
    shown = recruiter.get(reverse("admin:distribution_distribution_changelist")).content.decode()
    assert not any(job.title in shown for job in jobs)
    other = client_of(make_member(make_company()))
    assert other.get(answer["Location"]).status_code == 302


def test_a_worker_killed_before_anything_is_sent_leaves_one_rehearsal(boards, settings):
    company = make_company()
    job = make_posting(company)
    channel = make_channel(company, "glassdoor")
    row = rehearsing.start_rehearsal(company, [job.pk], [channel], actor=None)
    code = CRASH.format(url=boards.url, name=settings.DATABASES["default"]["NAME"])
    env = {**os.environ, "JOBLY_CRASH": "dist.rehearsal_rows:1"}
    command = [sys.executable, "-c", code]
    died = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert died.returncode == -9, died.stderr.decode()[-800:]
    assert Distribution.everything.filter(rehearsal=row).count() == 1
    Run.objects.filter(status="running").update(
        status="queued", lease_until=None, owner="", available_at="2020-01-01T00:00Z"
    )
    Channel.everything.filter(rehearsal=row).update(call_timeout=timedelta(seconds=0.5))
    assert work(row).report["total"] == 1
    assert row.report["doubles"] == 0


def test_channels_with_long_names_alike_are_rehearsed_side_by_side(boards):
    company = make_company()
    real = []
    for number in range(2):
        real.append(make_channel(company, "glassdoor"))
        real[-1].slug = f"our-board-for-all-of-germany-{number}"
        real[-1].save()
    row = rehearsing.start_rehearsal(company, [make_posting(company).pk], real, actor=None)

    rehearsing._set_up(row)

    assert Channel.everything.filter(rehearsal=row).count() == 2
