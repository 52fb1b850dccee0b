"""A file on its way through the back office: columns, rows, look-alikes, import, rejects."""

import re
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ingestion.models import ColumnMapping, Job, Upload
from jobly.artifacts.models import Artifact
from jobly.runs.actions.execution import drain
from tests.make import make_company, make_member, make_user

from .world import address, signed_in

pytestmark = pytest.mark.django_db
HEADER = "Ref,Position,Firm,Where,About,Pay"
ROWS = (
    'R1,Welder,Works,"Oslo, Norway",Joins pipes by TIG and reads drawings of all kinds.,',
    'R2,Baker,Works,"Oslo, Norway",Bakes bread for a hotel of ninety rooms.,lots of it',
    'R3,,Works,"Oslo, Norway",Nobody knows what this one is.,',
    'R1,Welder,Works,"Oslo, Norway",Joins pipes by TIG and reads drawings of all kinds.,',
)
CHOSEN = {
    "column-0": "external_id", "column-1": "title", "column-2": "employer",
    "column-3": "location", "column-4": "description", "column-5": "salary",
}  # fmt: skip


@pytest.fixture
def company():
    return make_company("acme")


@pytest.fixture
def browser(company):
    return signed_in(make_member(company))


def send(browser, company, rows=ROWS, header=HEADER, name="jobs.csv"):
    content = "\n".join([header, *rows]).encode()
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    sent = browser.post(address(Upload, "add"), {"company": company.pk, "file": file})
    return Upload.objects.latest("created_at"), sent


def checked(browser, company, rows=ROWS):
    upload, _ = send(browser, company, rows)
    browser.post(page(upload, "columns"), CHOSEN)
    drain()
    return upload


def page(upload, name, **query):
    url = reverse(f"admin:ingestion_upload_{name}", args=[upload.pk])
    return f"{url}?{urlencode(query)}" if query else url


def words(response):
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_file_goes_from_columns_to_rows_to_jobs(browser, company):
    upload, sent = send(browser, company)
    assert sent.url == page(upload, "columns")
    asked = browser.get(sent.url)
    assert "Joins pipes by TIG" in words(asked)  # a sample beside its column
    assert not Job.objects.exists()

    went = browser.post(sent.url, CHOSEN)
    assert went.url == page(upload, "rows")
    assert "Every row is being read" in words(browser.get(went.url))
    drain()
    shown = words(browser.get(went.url))
    assert "1 of 4 rows cannot be imported" in shown
    assert "The row has no title" in shown
    assert "is no salary we can read" in shown
    assert "Stands in the file twice: 1" in shown
    assert not Job.objects.exists()

    done = browser.post(page(upload, "import"), {"mode": "skip"})
    assert done.url == address(Upload, "change", upload.pk)
    drain()
    told = words(browser.get(done.url))
    assert "1 of 4 rows were left out" in told
    assert Job.objects.count() == 2
    rejects = b"".join(browser.get(reverse("api:uploads-rejects", args=[upload.pk]))).decode()
    assert (
        rejects.splitlines()[0]
        == '"row","field","code","reason","Ref","Position","Firm","Where","About","Pay"'
    )


def test_columns_are_guessed_and_what_a_person_chose_is_remembered(browser, company):
    upload, _ = send(browser, company)
    form = browser.get(page(upload, "columns")).context["form"]
    assert form["column-1"].initial == "title"
    browser.post(page(upload, "columns"), CHOSEN | {"column-5": "", "column-4": "category"})
    assert ColumnMapping.objects.get().mapping["category"] == "About"

    second, _ = send(browser, company)
    again = browser.get(page(second, "columns"))
    assert "Filled in as chosen" in words(again)
    assert again.context["form"]["column-4"].initial == "category"
    assert again.context["form"]["column-5"].initial == ""
    # another company's files know nothing of it
    other = make_company()
    third, _ = send(signed_in(make_member(other)), other)
    assert not ColumnMapping.objects.filter(company=other).exists()
    assert Upload.objects.get(pk=third.pk).company == other


def test_a_choice_without_a_title_or_with_a_field_twice_is_named_and_kept(browser, company):
    upload, _ = send(browser, company)
    url = page(upload, "columns")
    refused = browser.post(url, CHOSEN | {"column-1": "", "column-2": "location"})
    assert "No column is the job title" in words(refused)
    assert "“Place” is chosen for 2 columns" in words(refused)
    assert refused.context["form"]["column-4"].value() == "description"
    upload.refresh_from_db()
    assert upload.status == "draft"


def test_a_file_recognised_as_a_whole_is_read_so_unless_a_person_says_otherwise(browser, company):
    rows = b'[{"position": "Cook", "firm": "Acme", "where": "Oslo", "text": "Cooks for many."}]'
    file = SimpleUploadedFile("jobs.json", rows)
    browser.post(address(Upload, "add"), {"company": company.pk, "file": file})
    upload = Upload.objects.get()
    form = browser.get(page(upload, "columns")).context["form"]
    same = {name: form[name].initial for name in form.fields}
    browser.post(page(upload, "columns"), same)
    upload.refresh_from_db()
    assert upload.mapping == {}
    drain()
    assert "Cook" in words(browser.get(page(upload, "rows")))


@pytest.mark.parametrize(
    ("show", "rows"), [("green", [1, 4]), ("amber", [2]), ("red", [3]), ("", [1, 2, 3, 4])]
)
def test_rows_are_narrowed_by_verdict(browser, company, show, rows):
    upload = checked(browser, company)
    shown = browser.get(page(upload, "rows", show=show)).context["shown"]
    assert [row.row for row in shown.rows] == rows


def test_many_rows_come_in_pages_and_cost_as_many_queries_as_few(browser, company):
    few = checked(browser, company, ROWS[:1])
    row = 'M{},Welder {},Works,"Oslo, Norway",Joins pipe number {} by TIG.,'
    many = checked(browser, company, [row.format(n, n, n) for n in range(120)])

    found = []
    for upload in (few, many):
        browser.get(page(upload, "rows"))
        with CaptureQueriesContext(connection) as asked:
            last = browser.get(page(upload, "rows")).context["shown"]
        found.append(len(asked))
    assert found[0] == found[1]
    assert (len(last.rows), last.last) == (50, 50)
    end = browser.get(page(many, "rows", after=100)).context["shown"]
    assert (end.rows[0].row, end.rows[-1].row, end.last) == (101, 120, 0)
    assert browser.get(page(many, "rows", after="x", show="blue")).status_code == 200


def test_a_row_meant_twice_is_kept_with_its_reason(browser, company):
    upload = checked(browser, company)
    url = page(upload, "likes", kind="repeated")
    assert "Row 4 and row 1" in words(browser.get(url))
    refused = browser.post(url, {"choice-4": "separate", "why-4": ""})
    assert "Say why both are meant" in words(refused)
    kept = browser.post(url, {"choice-4": "separate", "why-4": "two sites"}, follow=True)
    assert "1 row decided" in words(kept)
    assert upload.matches.get().why == "two sites"
    browser.post(page(upload, "import"), {"mode": "skip"})
    drain()
    assert Job.objects.filter(title="Welder").count() == 2


def test_one_decision_for_all_rows_that_change_a_job(browser, company):
    first = checked(browser, company, ROWS[:2])
    browser.post(page(first, "import"), {"mode": "skip"})
    drain()
    changed = [row.replace("pipes", "tubes").replace("bread", "cake") for row in ROWS[:2]]
    upload = checked(browser, company, changed)
    url = page(upload, "likes", kind="changed")
    shown = words(browser.get(url))
    assert "Text differs" in shown
    assert "tubes" in shown
    assert "pipes" in shown
    every = {"all": "1", "kind": "changed", "choice": "skip", "why": ""}
    assert "2 rows decided" in words(browser.post(url, every, follow=True))
    browser.post(page(upload, "import"), {"mode": "skip"})
    drain()
    assert not Job.objects.filter(description_text__contains="tubes").exists()


def test_look_alikes_cost_as_many_queries_as_one(browser, company):
    first = checked(browser, company, ROWS[:1])
    browser.post(page(first, "import"), {"mode": "skip"})
    row = 'M{},Welder {},Works,"Oslo, Norway",Joins pipe number {} by TIG.,'
    rows = [row.format(n, n, n) for n in range(15)]
    second = checked(browser, company, rows)
    browser.post(page(second, "import"), {"mode": "skip"})
    drain()
    counts = []
    for again in (ROWS[:1], rows):
        upload = checked(browser, company, again)
        url = page(upload, "likes", kind="known")
        browser.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert len(browser.get(url).context["shown"]) == len(again)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_all_or_nothing_says_why_not_and_loses_nothing(browser, company):
    upload = checked(browser, company)
    told = browser.post(page(upload, "import"), {"mode": "all_or_nothing"}, follow=True)
    assert "you want all or nothing" in words(told)
    assert not Job.objects.exists()
    upload.refresh_from_db()
    assert upload.status == "checked"


def test_a_draft_waits_where_it_was_left_can_be_put_away_and_taken_up(browser, company):
    upload, _ = send(browser, company)
    change = address(Upload, "change", upload.pk)
    assert browser.get(change).url == page(upload, "columns")
    browser.post(page(upload, "columns"), CHOSEN)
    drain()
    assert browser.get(change).url == page(upload, "rows")
    browser.post(page(upload, "discard"))
    assert "This draft was discarded" in words(browser.get(change))
    assert browser.post(page(upload, "resume")).url == page(upload, "columns")
    assert browser.get(page(upload, "discard")).status_code == 404  # a link changes nothing


def test_a_check_that_broke_off_says_so_and_can_be_begun_again(browser, company):
    upload, _ = send(browser, company)
    Artifact.objects.update(deleted_at=timezone.now())
    browser.post(page(upload, "columns"), CHOSEN)
    upload.refresh_from_db()
    assert upload.status == "draft"  # the page itself found no bytes
    Artifact.objects.update(deleted_at=None)
    browser.post(page(upload, "columns"), CHOSEN)
    Artifact.objects.update(deleted_at=timezone.now())
    drain()
    assert "The check broke off" in words(browser.get(page(upload, "rows")))
    assert browser.post(page(upload, "resume")).url == page(upload, "columns")


def test_the_script_gets_the_address_to_go_on_or_what_is_wrong(browser, company):
    file = SimpleUploadedFile("jobs.csv", b"title\nWelder\n")
    sent = browser.post(
        address(Upload, "add"),
        {"company": company.pk, "file": file},
        headers={"accept": "application/json"},
    )
    assert sent.json() == {"url": page(Upload.objects.get(), "columns")}
    wrong = browser.post(
        address(Upload, "add"), {"company": company.pk}, headers={"accept": "application/json"}
    )
    assert wrong.status_code == 400
    assert wrong.json()["errors"] == ["This field is required."]


PAGES = ("columns", "rows", "likes", "import", "discard", "resume")


def test_nobody_of_another_company_finds_a_page_of_a_file(browser, company):
    upload = checked(browser, company)
    for who in (make_member(make_company()), make_user()):
        stranger = signed_in(who)
        for name in PAGES:
            for call in (stranger.get, stranger.post):
                answer = call(page(upload, name), CHOSEN)
                assert answer.status_code in {302, 404}, name
                if answer.status_code == 302:
                    assert "/login/" in answer.url
    upload.refresh_from_db()
    assert upload.status == "checked"


def test_a_viewer_sees_the_rows_and_decides_nothing(browser, company):
    upload = checked(browser, company)
    viewer = signed_in(make_member(company, "viewer"))
    for name in ("rows", "likes"):
        shown = viewer.get(page(upload, name))
        assert shown.status_code == 200
        assert "jb-btn--main" not in shown.content.decode()
    assert viewer.get(page(upload, "columns")).status_code == 403
    for name in PAGES[1:]:
        body = {"mode": "skip", "choice-4": "skip"}
        assert viewer.post(page(upload, name), body).status_code in {200, 403}
    upload.refresh_from_db()
    assert upload.status == "checked"
    assert upload.matches.get().choice == ""
