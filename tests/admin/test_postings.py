"""Postings in the back office: written, changed side by side, copied, begun from, restored."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ingestion.actions.editing import Desk, close_posting, save_template, write_posting
from ingestion.models import Job, JobVersion, PostingTemplate
from ingestion.rules.writing import Written
from tests.make import make_company, make_job, make_member, make_user

from .world import address, signed_in

pytestmark = pytest.mark.django_db
COOK = {
    "title": "Cook",
    "location": "Lyon, France",
    "salary": "EUR 33,000 - 42,000 per year",
    "description": "Cooks for a hotel.\nAlone.",
    "skills": "Pastry",
    "openings": 2,
    "is_public": "on",
    "notes": "Ask Mia first.",
}


@pytest.fixture
def company():
    return make_company("works", name="Works")


@pytest.fixture
def mia(company):
    return make_member(company, email="mia@works.example", name="Mia")


@pytest.fixture
def browser(mia):
    return signed_in(mia)


@pytest.fixture
def job(company, mia):
    text = Written(title="Cook", location="Lyon, France", description="<p>Cooks.</p>")
    return write_posting(company, text, Desk(owner_id=mia.pk, notes="Ask Mia."), actor=mia)


def url(name, *args):
    return reverse(f"admin:ingestion_job_{name}", args=args)


def words(response):
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def filled(browser, address, **typed):
    """Return what a browser would send: the form as it came, with what a person typed."""
    form = browser.get(address).context["form"]
    sent = {}
    for name in form.fields:
        value = form[name].value()
        value = "" if value is None or value is False else "on" if value is True else value
        sent[name] = sent[f"initial-{name}"] = str(value).replace("\n", "\r\n")
        if value == "":
            del sent[name], sent[f"initial-{name}"]
    page = browser.get(address).context
    return sent | {"base": page.get("base", "")} | typed


def test_a_posting_is_written_checked_and_opened(browser, company, mia):
    add = address(Job, "add")
    assert "Write a posting" in words(browser.get(add))
    checked = words(browser.post(add, COOK | {"check": "1", "closes": "2027-05-01"}))
    assert "Lyon" in checked
    assert "€33,000 – €42,000 a year" in checked
    assert not Job.objects.exists()

    saved = browser.post(add, COOK | {"salary": "plenty", "recruiter": mia.pk}, follow=True)
    assert words(saved).count("Saved without it: “plenty” is no salary we can read") == 1
    job = Job.objects.get()
    assert (job.status, job.company, job.desk.recruiter) == ("live", company, mia)
    assert "Ask Mia first." in words(saved)
    browser.post(add, COOK | {"draft": "1"})
    assert Job.objects.filter(status="draft").count() == 1


def test_a_posting_without_a_title_keeps_what_was_typed(browser):
    page = browser.post(address(Job, "add"), COOK | {"title": ""})
    assert "This field is required" in words(page)
    assert page.context["form"]["salary"].value() == COOK["salary"]


def test_an_edit_that_touches_nothing_changes_nothing(browser, job):
    edit = url("edit", job.pk)
    browser.post(edit, filled(browser, edit))
    assert JobVersion.objects.filter(job=job).count() == 1


def test_two_people_change_different_fields_and_both_changes_are_kept(browser, job, company):
    edit = url("edit", job.pk)
    mine = filled(browser, edit, title="Chef", why="promoted")
    other = signed_in(make_member(company, name="Noa"))
    assert other.post(edit, filled(other, edit, salary="EUR 50,000 per year")).status_code == 302

    page = browser.post(edit, mine)
    told = words(page)
    assert "Noa changed Pay" in told
    assert "You changed other fields" in told
    assert page.context["form"]["title"].value() == "Chef"
    job.refresh_from_db()
    assert job.title == "Cook"
    assert browser.post(edit, mine | {"base": page.context["base"]}).status_code == 302
    job.refresh_from_db()
    assert (job.title, job.salary_min) == ("Chef", 5000000)


def test_two_people_change_the_same_field_and_see_both(browser, job, company):
    edit = url("edit", job.pk)
    mine = filled(browser, edit, title="Chef")
    other = signed_in(make_member(company, name="Noa"))
    other.post(edit, filled(other, edit, title="Head Cook"))
    page = browser.post(edit, mine)
    assert "You both changed" in words(page)
    assert page.context["conflicts"] == [("Title", "Head Cook", "Chef")]


def test_the_history_compares_and_restores(browser, job):
    edit = url("edit", job.pk)
    browser.post(edit, filled(browser, edit, title="Chef", why="promoted"))
    page = words(browser.get(url("versions", job.pk)))
    assert "promoted" in page
    assert "Version 1 beside version 2" in page
    assert words(browser.get(url("versions", job.pk) + "?from=1&to=9"))
    back = words(browser.post(url("restore", job.pk), {"number": 1}, follow=True))
    assert "Version 1 is back" in back
    job.refresh_from_db()
    assert job.title == "Cook"
    assert "no version 77" in words(
        browser.post(url("restore", job.pk), {"number": 77}, follow=True)
    )


def test_a_long_history_costs_as_many_queries_as_a_short_one(browser, job):
    page = url("versions", job.pk)

    def queries():
        browser.get(page)
        with CaptureQueriesContext(connection) as asked:
            browser.get(page)
        return len(asked)

    edit = url("edit", job.pk)
    browser.post(edit, filled(browser, edit, title="Chef 0"))
    few = queries()
    for number in range(1, 6):
        browser.post(edit, filled(browser, edit, title=f"Chef {number}"))
    assert queries() == few


def test_a_job_is_cloned_and_copied_to_places(browser, job, company):
    clone = browser.get(f"{address(Job, 'add')}?company={company.pk}&like={job.pk}")
    assert clone.context["form"]["title"].value() == "Cook"
    places = {"places": "Oslo, Norway\r\nBerlin, Germany | de"}
    shown = words(browser.post(url("copies", job.pk), places))
    assert "Oslo, NO" in shown.replace(" ,", ",") or "Oslo" in shown
    assert Job.objects.count() == 1
    assert "2 copies made" in words(
        browser.post(url("copies", job.pk), places | {"make": "1"}, follow=True)
    )
    assert Job.objects.filter(status="draft").count() == 2
    again = words(browser.post(url("copies", job.pk), {"places": "Lyon\nX | xx", "make": "1"}))
    assert "none of the languages" in again


def test_a_template_begins_a_posting_and_belongs_to_its_company(browser, job, company):
    browser.post(url("template", job.pk), {"name": "Kitchen"})
    template = PostingTemplate.objects.get()
    begun = browser.get(f"{address(Job, 'add')}?template={template.pk}")
    assert begun.context["form"]["title"].value() == "Cook"

    foreign = save_template(make_company(), "Theirs", {"title": "Secret"}, actor=None)
    page = browser.get(f"{address(Job, 'add')}?template={foreign.pk}")
    assert "Secret" not in page.content.decode()
    assert browser.post(url("drop_template", foreign.pk)).status_code == 404
    browser.post(url("drop_template", template.pk))
    assert PostingTemplate.objects.get() == foreign


def test_a_job_is_closed_for_a_reason_and_opened_again(browser, job):
    browser.post(url("close", job.pk), {"why": "Filled"})
    job.refresh_from_db()
    assert job.status == "closed"
    assert JobVersion.objects.get(job=job, number=2).why == "Filled"
    browser.post(url("open", job.pk))
    job.refresh_from_db()
    assert job.status == "live"


def test_many_jobs_are_opened_and_drafts_deleted_from_the_list(browser, job, company):
    draft = write_posting(company, Written(title="Baker"), Desk(), actor=None, is_live=False)
    both = {"_selected_action": [job.pk, draft.pk], "index": 0}
    told = browser.post(address(Job, "changelist"), both | {"action": "drop_selected"}, follow=True)
    assert "1 deleted" in words(told)
    assert "Only drafts are deleted" in words(told)
    closing = both | {"action": "close_selected", "confirmed": "1", "why": "Filled"}
    browser.post(address(Job, "changelist"), closing)
    told = browser.post(address(Job, "changelist"), both | {"action": "open_selected"}, follow=True)
    assert "1 open" in words(told)


def test_closing_many_shows_first_what_would_close(
    browser, job, company, django_assert_max_num_queries
):
    others = [
        write_posting(company, Written(title=f"Baker {number}"), Desk(), actor=None)
        for number in range(27)
    ]
    close_posting(others[0], actor=None)
    chosen = {"_selected_action": [job.pk, *(one.pk for one in others)], "index": 0}
    chosen["action"] = "close_selected"
    with django_assert_max_num_queries(20):
        asked = words(browser.post(address(Job, "changelist"), chosen))
    assert "Close 27 jobs to applicants" in asked
    assert "and 2 more: 27 live in all" in asked
    assert "1 job stays as it is: closed already" in asked
    assert "Channels" in asked  # where each stands is shown beside it
    assert Job.objects.filter(company=company, status="live").count() == 27

    wrong = words(browser.post(address(Job, "changelist"), chosen | {"confirmed": "1"}))
    assert "Nothing has been changed yet" in wrong  # without a reason it is asked again
    sure = {"confirmed": "1", "why": "Filled"}
    told = words(browser.post(address(Job, "changelist"), chosen | sure, follow=True))
    assert "27 closed" in told
    assert JobVersion.objects.filter(why="Filled").count() == 27
    assert "there is nothing to do" in words(browser.post(address(Job, "changelist"), chosen))


PAGES = ("edit", "versions", "restore", "copies", "close", "open", "template")


def test_nobody_of_another_company_finds_a_page_of_a_job(job):
    for who in (make_member(make_company()), make_user()):
        stranger = signed_in(who)
        for name in PAGES:
            for call in (stranger.get, stranger.post):
                answer = call(url(name, job.pk), COOK | {"number": 1, "places": "Oslo"})
                assert answer.status_code in {302, 404}, name
                assert answer.status_code == 404 or "/login/" in answer.url
    assert JobVersion.objects.filter(job=job).count() == 1
    add = f"{address(Job, 'add')}?company={job.company_id}"
    stranger = signed_in(make_member(make_company()))
    assert stranger.post(add, COOK).status_code == 404
    assert stranger.get(f"{address(Job, 'add')}?like={job.pk}").status_code == 404
    assert Job.objects.count() == 1


def test_a_viewer_reads_the_history_and_changes_nothing(job, company):
    viewer = signed_in(make_member(company, "viewer"))
    assert viewer.get(url("versions", job.pk)).status_code == 200
    assert "Restore" not in words(viewer.get(url("versions", job.pk)))
    for name in ("edit", "restore", "copies", "close", "open", "template"):
        assert viewer.post(url(name, job.pk), COOK | {"number": 1}).status_code == 403, name
    assert viewer.get(url("edit", job.pk)).status_code == 403
    assert viewer.post(address(Job, "add"), COOK).status_code == 403
    assert JobVersion.objects.filter(job=job).count() == 1


def test_the_public_catalogue_is_read_only_for_operators_too(company):
    public = make_job("Welder")
    staff = signed_in(make_user(is_staff=True))
    assert staff.get(address(Job, "change", public.pk)).status_code == 200
    for name in ("edit", "copies"):
        assert staff.get(url(name, public.pk)).status_code == 403
    assert staff.post(url("restore", public.pk), {"number": 1}).status_code == 403
