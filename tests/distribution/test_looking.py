"""Our own looks at postings: what proves that one is live, or gone, and what proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.db.models import Value
from django.db.models.functions import Concat

from distribution.actions import changes, drift, looking, reconciling
from distribution.errors import DistributionMoved
from distribution.models import Channel, Distribution, LiveLook
from distribution.reports.auditing import audit
from distribution.reports.proof import facts_about
from distribution.rules.seeing import Page, of_public_page
from distribution.rules.why.telling import why
from jobly.runs.actions import transaction
from jobly.runs.models import Event, Run

from .make import make_channel, make_distribution
from .working import fresh, until_rest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DATA = """<script type="application/ld+json">{"@context": "https://schema.org/",
"@type": "JobPosting", "title": "%s", "identifier": %s %s}</script><h1>%s</h1>"""


def page(title="Welder", identifier='"A-1"', more="", status=200):
    return Page(status, body=(DATA % (title, identifier, more, title)).encode())


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (page(), "live", "our id A-1"),
        (page(identifier='{"@type": "PropertyValue", "value": "A-1"}'), "live", "our id A-1"),
        (page(more=', "validThrough": "2026-01-01"'), "gone", "validThrough"),
        (page(identifier='"B-2"'), "live", "carries the posting"),
        (page("Baker", '"B-2"'), "unsure", "another job: Baker"),
        (Page(404, body=b"<h1>Welder</h1>"), "gone", "404"),
        (Page(410), "gone", "410"),
        (Page(200, body=b"<h1>Welder</h1><p>join us</p>"), "live", "title"),
        (Page(200, body=b"<h1>Welder</h1>This job is closed"), "gone", "closed"),
        (Page(200, body=b"<h1>Log in</h1>"), "unsure", "something else"),
        (Page(403, body=b"no"), "unsure", "403"),
        (Page(0, failed="could not be reached"), "unsure", "could not be reached"),
    ],
)
def test_what_a_page_proves(seen, verdict, words):
    found = of_public_page(seen, title="Welder", ids={"A-1"}, now=NOW)
    assert found.verdict == verdict
    assert words in found.why


def look(row):
    with transaction():
        looking.look_now(row, actor=None)
    until_rest()
    return LiveLook.objects.filter(distribution=row).first()


@pytest.mark.django_db(transaction=True)
def test_a_posting_is_seen_on_its_page_then_gone_after_it_was_closed(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    seen = look(row)
    assert (seen.way, seen.verdict, seen.http_status) == ("page", "live", 200)
    assert seen.evidence["identifier"] == row.external_id
    assert seen.url == fresh(row).post_url

    changes.close_distribution(fresh(row), actor=None)
    until_rest()
    with transaction():
        looking.look_at_boards()
    until_rest()
    gone = LiveLook.objects.first()
    assert (gone.verdict, gone.http_status) == ("gone", 404)
    assert not Event.objects.filter(fact="distribution.drifted").exists()


@pytest.mark.django_db(transaction=True)
def test_a_board_without_a_page_is_asked_itself(boards):
    row = make_distribution(channel=make_channel(slug="indeed"))
    until_rest()
    Distribution.objects.filter(pk=row.pk).update(post_url="")
    assert (look(row).way, look(row).verdict) == ("board", "live")


@pytest.mark.django_db(transaction=True)
def test_what_was_seen_lately_is_left_in_peace_and_what_never_was_comes_first(boards):
    rows = [make_distribution(channel=make_channel(slug="glassdoor"))]
    rows.append(make_distribution(channel=rows[0].channel))
    until_rest()
    look(rows[0])

    due = list(looking.due(rows[0].channel_id, datetime.now(UTC)))
    assert due == [rows[1]]
    later = datetime.now(UTC) + timedelta(days=1)
    assert list(looking.due(rows[0].channel_id, later)) == [rows[1], rows[0]]


@pytest.mark.django_db(transaction=True)
def test_what_a_board_lost_is_told_once_and_sent_again_on_a_persons_word_only(boards):
    row = make_distribution(channel=make_channel(slug="indeed"))
    until_rest()
    with pytest.raises(DistributionMoved):
        drift.send_again(row, actor=None)
    boards.reset()
    for _ in range(2):
        with transaction():
            reconciling.reconcile_boards()
        until_rest()
    assert Event.objects.filter(fact="distribution.drifted").count() == 1
    assert boards.live_ids() == []

    drift.send_again(fresh(row), actor=None)
    until_rest()
    assert boards.live_ids("indeed") == [row.external_id]
    assert (fresh(row).status, fresh(row).error_code) == ("published", "")


@pytest.mark.django_db(transaction=True)
def test_a_posting_that_shows_again_is_no_drift_any_more(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()
    Distribution.objects.filter(pk=row.pk).update(error_code="drift", error="not there")
    with transaction():
        reconciling.reconcile_boards()
    until_rest()
    assert fresh(row).error_code == ""


@pytest.mark.django_db
def test_a_look_is_never_rewritten():
    row = make_distribution()
    found = LiveLook.objects.create(distribution=row, way="page", verdict="live")
    with pytest.raises(IntegrityError, match="stays as it was written"):
        LiveLook.objects.filter(pk=found.pk).update(verdict="gone")


def whys(row):
    return why(facts_about(Distribution.objects.get(pk=row.pk)))


def closed_and_shown(slug="glassdoor"):
    """Make a publication that our books call closed and its board shows."""
    row = make_distribution(channel=make_channel(slug=slug))
    until_rest()
    ago = datetime.now(UTC) - timedelta(hours=3)
    Distribution.objects.filter(pk=row.pk).update(status="closed", closed_at=ago)
    return row


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("slug", ["glassdoor", "linkedin", "indeed"])
def test_what_a_board_shows_after_its_end_is_asked_for_again_by_itself(boards, slug):
    row = closed_and_shown(slug)
    with transaction():
        looking.look_at_boards()
    until_rest()
    left = fresh(row)
    assert (left.status, left.close_asks) == ("closed", 1)
    assert boards.live_ids() == []
    last = row.attempts.order_by("number").last()
    assert (last.op, last.outcome) == ("close", "accepted")
    look(row)
    assert fresh(row).gone_at is not None
    assert all(check.ok for check in audit())


@pytest.mark.django_db(transaction=True)
def test_a_board_that_goes_on_showing_it_is_asked_thrice_then_a_person_is_told_once(boards):
    row = closed_and_shown()
    known = row.channel.all_options
    stubborn = {**row.channel.options, "paths": {**known["paths"], "delete": "/nowhere/{id}"}}
    Channel.objects.filter(pk=row.channel_id).update(options=stubborn)
    for day in range(6):
        look(row)
        look(row)  # the same day: not again
        assert fresh(row).close_asks == min(day + 1, 3)
        back = fresh(row).still_there_at - timedelta(days=1)
        Distribution.objects.filter(pk=row.pk).update(still_there_at=back)
        again = Run.objects.filter(kind="distribution.close_again")
        again.update(idempotency_key=Concat("idempotency_key", Value(f"-{day}")))
    closes = row.attempts.filter(op="close")
    assert closes.count() == 3
    told = Event.objects.get(fact="distribution.left_over")
    assert told.data["asked"] == 3
    said = whys(row)
    assert said.code == "still_shown"
    assert "asked again 3 times, in vain" in said.sentence
    assert said.next == "Take it down on the board itself."


@pytest.mark.django_db(transaction=True)
def test_what_a_board_turns_down_after_it_was_published_is_rejected_in_its_words(
    boards, httpserver
):
    said = {"id": "7", "status": "active"}
    jobs = "/api/employer/jobs"
    httpserver.expect_request(jobs, method="POST").respond_with_json(said, status=201)
    row = make_distribution(channel=make_channel(slug="glassdoor", base_url=httpserver.url_for("")))
    until_rest()
    assert fresh(row).status == "published"
    turned = {"id": "7", "status": "rejected", "message": "Against our terms."}
    httpserver.expect_request(f"{jobs}/7").respond_with_json(turned)
    httpserver.expect_request(jobs, method="GET").respond_with_json({"jobs": [turned]})
    with transaction():
        reconciling.reconcile_boards()
    until_rest()
    turned = fresh(row)
    assert (turned.status, turned.error_code) == ("rejected", "board_refused")
    assert turned.error == "Against our terms."
    said = whys(row)
    assert said.code == "board_refused"
    assert "turned it down later" in said.sentence
    assert "“Against our terms”" in said.sentence
    assert Event.objects.filter(fact="distribution.failed").count() == 1
    assert not Event.objects.filter(fact="distribution.drifted").exists()
