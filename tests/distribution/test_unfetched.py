"""Feed channels whose board stays away: when it is late, who is told, and what `why` says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from distribution.actions import feeding, stays
from distribution.models import Distribution, FeedFetch
from distribution.reports.proof import facts_about
from distribution.reports.unfetched import unfetched
from distribution.rules.feeds.formats import FORMATS
from distribution.rules.feeds.gaps import late_since
from distribution.rules.why.telling import why
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.distribution.make import make_channel, make_distribution
from tests.make import make_member

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours_ago", "since_days", "late"),
    [
        ([], 1, False),
        ([], 3, True),
        ([10, 16, 22], 9, False),
        ([23, 29, 35], 9, False),
        ([25, 31, 37], 9, True),  # every six hours, and a day at least
        ([60, 84, 108], 9, False),  # once a day: three days may pass
        ([80, 104, 128], 9, True),
        ([23], 9, False),
        ([80], 9, True),
    ],
)
def test_a_board_is_late_by_its_own_measure(hours_ago, since_days, late):
    fetches = [AT - timedelta(hours=hours) for hours in hours_ago]
    assert (late_since(fetches, AT - timedelta(days=since_days), AT) is not None) is late


@pytest.mark.django_db
def test_a_feed_that_nobody_fetches_is_told_and_why_says_so():
    row = make_distribution(channel=make_channel(slug="feed"))
    drain()
    old = timezone.now() - timedelta(days=3)
    assert unfetched(timezone.now()) == {}
    Distribution.objects.filter(pk=row.pk).update(accepted_at=old, created_at=old)
    assert unfetched(timezone.now()) == {row.company_id: [row.channel]}
    stays.keep_stays()
    drain()
    told = Event.objects.filter(fact="distribution.overdue_found").last()
    assert f"feeds are not fetched as usual ({row.channel})" in told.data["text"]
    said = why(facts_about(Distribution.objects.get(pk=row.pk)))
    assert said.code == "feed_not_fetched"
    assert _is_late(row)

    feed = feeding.present(row.company, FORMATS["generic"])
    receipt = feeding.begin_fetch(feed, FORMATS["generic"], feeding.Fetch(200, "indeed"))
    feeding.end_fetch(feed, receipt, "indeed", feeding.Got(1, 9, whole=True))
    assert unfetched(timezone.now()) == {}
    assert not _is_late(row)
    drain()
    longer = timezone.now() - timedelta(days=4)
    Distribution.objects.filter(pk=row.pk).update(status="published", created_at=longer)
    FeedFetch.objects.update(at=old)
    assert unfetched(timezone.now()) == {row.company_id: [row.channel]}
    said = why(facts_about(Distribution.objects.get(pk=row.pk)))
    assert said.code == "feed_overdue"


def _is_late(row):
    client = Client()
    client.force_login(
        make_member(row.company), backend="django.contrib.auth.backends.ModelBackend"
    )
    url = f"/admin/distribution/feedfetch/feeds/{row.company.slug}/"
    return "late: expected" in client.get(url).content.decode()
