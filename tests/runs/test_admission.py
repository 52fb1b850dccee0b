import pytest

from jobly.errors import TooMany
from jobly.runs.actions import queues, start_many
from jobly.runs.actions.admission import admit, admit_again
from jobly.runs.models import Run
from tests.make import make_company

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _short_queues(settings):
    settings.RUN_QUEUED_LIMIT = 5
    settings.RUN_BACKLOG_LIMIT = 12
    settings.RUN_QUEUES = {"test.pair": "interactive", "test.board": "boards"}


def start_some(company, number=5, kind="test.plain"):
    return start_many(kind, ({} for _ in range(number)), actor=None, company=company)


def test_a_company_with_a_long_queue_is_asked_to_come_back_and_others_are_not():
    busy, other = make_company(), make_company()
    start_some(busy, 4)
    admit("test.plain", company_id=busy.pk)
    (run,) = start_some(busy, 1)
    with pytest.raises(TooMany) as refused:
        admit("test.plain", company_id=busy.pk)
    assert refused.value.retry_after.total_seconds() == 30
    with pytest.raises(TooMany):
        admit_again(run)
    admit("test.plain", company_id=other.pk)
    admit("test.board", company_id=busy.pk)


def test_behind_a_long_backlog_only_interactive_work_is_let_in():
    for _ in range(3):
        start_some(make_company(), 4)
    with pytest.raises(TooMany):
        admit("test.plain", company_id=make_company().pk)
    admit("test.pair", company_id=make_company().pk)


def test_work_for_later_is_no_backlog():
    for _ in range(3):
        start_some(make_company(), 4)
    Run.objects.update(available_at="2099-01-01T00:00Z")
    admit("test.plain", company_id=make_company().pk)


def test_what_waits_in_a_paused_queue_keeps_others_out_of_it_only():
    queues.pause("default", why="a test", actor=None)
    companies = [make_company() for _ in range(3)]
    for company in companies:
        start_some(company)
    admit("test.board", company_id=make_company().pk)
    admit("test.plain", company_id=make_company().pk)
    with pytest.raises(TooMany, match="which is paused"):
        admit("test.plain", company_id=companies[0].pk)
