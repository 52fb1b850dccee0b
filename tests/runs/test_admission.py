import pytest

from jobly.errors import TooMany
from jobly.runs.actions import start_many
from jobly.runs.actions.admission import admit
from tests.make import make_company

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _short_queues(monkeypatch):
    monkeypatch.setattr("jobly.runs.actions.admission.QUEUED_PER_STREAM", 5)
    monkeypatch.setattr("jobly.runs.actions.admission.DUE_BACKLOG", 12)


def start_six(company):
    start_many("test.plain", ({} for _ in range(6)), actor=None, company=company)


def test_a_company_with_a_long_queue_is_asked_to_come_back_and_others_are_not():
    busy, other = make_company(), make_company()
    start_six(busy)
    with pytest.raises(TooMany) as refused:
        admit("test.plain", company_id=busy.pk)
    assert refused.value.retry_after.total_seconds() == 30
    admit("test.plain", company_id=other.pk)
    admit("test.board", company_id=busy.pk)


def test_behind_a_long_backlog_only_interactive_work_is_let_in(settings):
    settings.RUN_QUEUES = {"test.pair": "interactive"}
    for _ in range(3):
        start_six(make_company())
    with pytest.raises(TooMany):
        admit("test.plain", company_id=make_company().pk)
    admit("test.pair", company_id=make_company().pk)
