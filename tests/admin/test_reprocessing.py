"""Operators read collections again, look at a shadow, decide, and mend failed items."""

import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from ingestion.actions.collections import UPLOADS, Arrival, store_upload
from ingestion.models import Job, ProcessedJob, Reprocessing, Source
from jobly.runs.actions.execution import drain
from tests.admin.world import signed_in
from tests.ingestion.test_reprocessing import HEADER, ROWS, catalogue, read_by_v1
from tests.make import make_company, make_member, make_user

pytestmark = pytest.mark.django_db
LIST = "admin:ingestion_reprocessing_changelist"


@pytest.fixture
def staff():
    return signed_in(make_user(is_staff=True, is_superuser=True))


def begin(browser, **sent):
    url = reverse("admin:ingestion_reprocessing_add")
    answer = browser.post(url, {"transformer": "v2", **sent})
    assert answer.status_code == 302, answer.content.decode()
    drain()
    return answer.url


def test_a_shadow_is_begun_looked_at_approved_and_rolled_back(staff):
    read_by_v1()
    before = catalogue()
    assert "Read again" in staff.get(reverse(LIST)).content.decode()

    page = begin(staff, shadow="on")
    text = staff.get(page).content.decode()
    assert "Nothing has changed yet" in text
    assert text.count('scope="rowgroup"') == len(ROWS)
    assert '<td data-label="Field">Department</td>' in text
    assert "Roll back" not in text
    narrow = staff.get(page, {"field": "department", "verdict": "new"}).content.decode()
    assert "Nothing differs" in narrow

    row = Reprocessing.objects.get()
    for verb, status in (("promote", "done"), ("rollback", "rolled_back")):
        url = reverse(f"admin:ingestion_reprocessing_{verb}", args=[row.pk])
        assert staff.get(url).status_code == 405
        assert staff.post(url).status_code == 302
        drain()
        row.refresh_from_db()
        assert row.status == status
        asked = "Yes, roll it back" in staff.get(page).content.decode()
        assert asked == (status == "done")  # never by one click
    assert catalogue() == before
    assert "It was rolled back" in staff.get(page).content.decode()


def test_the_page_follows_the_work_until_it_has_ended(staff):
    read_by_v1()
    answer = staff.post(
        reverse("admin:ingestion_reprocessing_add"), {"transformer": "v2", "shadow": "on"}
    )
    moving = staff.get(answer.url).content.decode()
    drain()
    ended = staff.get(answer.url).content.decode()
    for script in ("runs/live.js", "admin-extra/reload.js"):
        assert script in moving
        assert script not in ended


def test_of_sources_with_one_name_a_companys_own_can_be_chosen(staff):
    acme, zebra = (make_company(name) for name in ("acme", "zebra"))
    for company in (acme, zebra):
        arrival = Arrival(io.BytesIO((HEADER + ROWS[0]).encode()), "jobs.csv", {"mode": "skip"})
        store_upload(company, arrival, actor=None)
    drain()
    assert Source.objects.filter(name=UPLOADS).count() == 2

    begin(staff, source=UPLOADS, company=str(zebra.pk), shadow="on")
    call_command("reprocess", "--source", UPLOADS, "--company", "acme", "--shadow")
    rows = Reprocessing.objects.order_by("created_at")
    chosen = [row.passes.get().collection.source.company for row in rows]
    assert chosen == [zebra, acme]


def test_a_wish_that_fits_nothing_is_refused_on_the_form(staff):
    answer = staff.post(reverse("admin:ingestion_reprocessing_add"), {"transformer": "v2"})
    assert "No stored collection fits" in answer.content.decode()


def test_failed_items_are_read_again_by_one_click_and_corrected(staff):
    broken = [row.replace("Payroll Clerk,", ",").replace("Night Nurse,", ",") for row in ROWS]
    read_by_v1(HEADER + "".join(broken))
    assert ProcessedJob.objects.failed().count() == 2
    url = reverse("admin:ingestion_processedjob_changelist")
    chosen = list(ProcessedJob.objects.failed().values_list("pk", flat=True))

    staff.post(url, {"action": "read_again", "_selected_action": chosen, "index": 0})
    drain()
    assert Reprocessing.objects.get().failed_only
    assert ProcessedJob.objects.failed().count() == 2  # as before, and still two
    item = ProcessedJob.objects.failed().order_by("row").last()
    page = reverse("admin:ingestion_processedjob_change", args=[item.pk])
    assert "no title" in staff.get(page).content.decode()

    for wrong in ("{", "[]", "7"):
        assert "Nothing was kept" in staff.post(page, {"fix": wrong}).content.decode()
    fixed = json.dumps(item.raw | {"Job Title": "Night Nurse"})
    assert staff.post(page, {"fix": fixed}).status_code == 302
    drain()
    assert Job.objects.filter(title="Night Nurse").exists()
    assert ProcessedJob.objects.failed().count() == 1


def test_recruiters_see_none_of_it():
    read_by_v1()
    browser = signed_in(make_member(role="owner"))
    assert browser.get(reverse(LIST)).status_code in (302, 403)
    assert browser.post(reverse("admin:ingestion_reprocessing_add")).status_code in (302, 403)
    assert not Reprocessing.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_shadow_page_costs_the_same_however_many_jobs_differ(
    staff, django_assert_max_num_queries, count
):
    read_by_v1(HEADER + "".join(ROWS[:count]))
    page = begin(staff, shadow="on")
    with django_assert_max_num_queries(22):
        assert staff.get(page).status_code == 200
