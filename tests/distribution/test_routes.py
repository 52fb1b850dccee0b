"""Jobs that reach a board without a call: through Indeed, or by a feed; and what goes back."""

import pytest
from django.utils import timezone

from distribution.actions import changes, dispositions, mirroring
from distribution.models import Applicant, ApplicantMove, Channel
from jobly.runs.actions.execution import drain
from tests.make import make_company

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
VIA = {"route": "via_indeed"}


@pytest.fixture
def acme():
    return make_company("acme")


@pytest.fixture
def through(acme):
    return make_channel(acme, "glassdoor", options=VIA)


def test_a_job_through_indeed_stands_as_it_does_at_indeed(acme, through, boards):
    job = make_posting(acme)
    mirrored = make_distribution(job, through)
    drain()
    assert fresh(mirrored).status == "accepted"
    assert mirroring.mirror_all() == 0

    at_indeed = make_distribution(job, make_channel(acme, "indeed"))
    until_rest()
    assert mirroring.mirror_all() == 1
    assert fresh(mirrored).status == "published"
    assert mirroring.mirror_all() == 0

    changes.close_distribution(fresh(at_indeed), actor=None)
    until_rest()
    assert mirroring.mirror_all() == 1
    assert fresh(mirrored).status == "closed"
    assert boards.ledger("glassdoor") == []


def test_a_job_that_indeed_refuses_is_said_to_be_refused_there(acme, through, boards):
    job = make_posting(acme)
    boards.plan({"kind": "async_fail", "share": 1.0, "board": "indeed"})
    mirrored = make_distribution(job, through)
    make_distribution(job, make_channel(acme, "indeed"))
    until_rest()
    mirroring.mirror_all()
    assert (fresh(mirrored).status, fresh(mirrored).error_code) == ("rejected", "via_indeed")
    assert "Indeed" in fresh(mirrored).error


@pytest.mark.parametrize("options", [{"route": "feed"}, VIA])
def test_without_a_call_nothing_is_sent_and_a_job_can_be_taken_back(acme, options, boards):
    row = make_distribution(make_posting(acme), make_channel(acme, "glassdoor", options=options))
    drain()
    assert fresh(row).status == "accepted"
    changes.close_distribution(fresh(row), actor=None)
    drain()
    assert fresh(row).status == "closed"
    assert boards.ledger() == []


class TestDispositions:
    @pytest.fixture
    def channel(self, acme):
        return make_channel(acme, "indeed", options={"dispositions": True})

    def applicant(self, row, *stages):
        person = Applicant.objects.create(
            company=row.company,
            job=row.job,
            distribution=row,
            name="Kim",
            email="kim@people.example",
            form_key=row.pk,
        )
        was = "new"
        for stage in stages:
            ApplicantMove.objects.create(
                applicant=person, was=was, became=stage, batch=row.pk, at=timezone.now()
            )
            was = stage
        return person

    def told(self, boards):
        return [told for op, _, told in boards.ledger("indeed") if op == "disposition"]

    def test_stages_are_told_once_they_move(self, channel, boards):
        row = make_distribution(channel=channel)
        until_rest()
        self.applicant(row, "screen", "interview", "rejected")

        assert dispositions.tell_dispositions()["told"] == 3

        assert self.told(boards) == ["SCREEN", "INTERVIEW", "NOT_SELECTED"]
        assert Channel.objects.get(pk=channel.pk).told_until is not None

    def test_a_channel_that_does_not_want_it_tells_nothing(self, acme, boards):
        row = make_distribution(channel=make_channel(acme, "indeed"))
        until_rest()
        self.applicant(row, "screen")
        assert dispositions.tell_dispositions()["told"] == 0
        assert self.told(boards) == []

    def test_a_board_that_is_away_is_told_the_next_time(self, channel, boards, settings):
        row = make_distribution(channel=channel)
        until_rest()
        self.applicant(row, "hired")
        there = settings.SANDBOX_URL
        settings.SANDBOX_URL = "http://127.0.0.1:9"
        assert dispositions.tell_dispositions() == {"told": 0, "refused": 0, "put_off": 1}
        settings.SANDBOX_URL = there
        assert dispositions.tell_dispositions()["told"] == 1
