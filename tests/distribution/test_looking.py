"""Our own looks at postings: what proves that one is live, or gone, and what proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from distribution.actions import changes, drift, looking, reconciling
from distribution.errors import DistributionMoved
from distribution.models import Distribution, LiveLook
from distribution.rules.seeing import Page, of_public_page
from jobly.runs.actions import transaction
from jobly.runs.models import Event

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
