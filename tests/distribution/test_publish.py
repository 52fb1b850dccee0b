"""One job onto one board, on good days and bad ones; the board's own ledger is the judge."""

import pytest

from .make import make_channel, make_distribution
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
BOARDS = ["linkedin", "indeed", "glassdoor"]


@pytest.mark.parametrize("slug", BOARDS)
def test_a_job_goes_live_and_its_id_and_address_come_back(slug, boards):
    row = make_distribution(channel=make_channel(slug=slug))

    until_rest()

    row = fresh(row)
    (post,) = boards.live(slug)
    assert (row.status, row.error) == ("published", "")
    assert row.post_id == post["post_id"]
    assert row.post_url == post["url"]
    assert post["external_id"] == row.external_id
