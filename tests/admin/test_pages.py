"""The back office's pages: they open, say what they are to say, and ask the database little."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from distribution.models import Channel, Distribution
from ingestion.actions.collections import Arrival, store_upload
from ingestion.models import Job, Upload
from jobly import limits
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.users.models import ApiKey, Membership
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_key, make_member, make_user

from .world import address, make_world, models, signed_in

pytestmark = pytest.mark.django_db
GOOD_AND_BAD = b"""Reference,Job Title,Company,Location,Description,Employment Type
W-1,Welder,Acme,"Oslo, Norway",Joins pipes by TIG and reads drawings of all kinds.,Full-time
W-2,,Acme,"Oslo, Norway",Somebody forgot the title of this one.,Full-time
"""


@pytest.fixture
def staff():
    return signed_in(make_user(is_staff=True))


def text_of(response):
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_every_page_opens_for_an_operator(staff):
    world = make_world("lion")
    for label, model in models():
        assert staff.get(address(model, "changelist")).status_code == 200, label
        assert staff.get(address(model, "add")).status_code in {200, 403}, label
        if label in world.rows:
            page = staff.get(address(model, "change", world.rows[label].pk))
            assert page.status_code == (302 if label == "runs.run" else 200), label


@pytest.mark.parametrize("label", [label for label, _ in models()])
def test_a_list_asks_as_often_for_twenty_rows_as_for_one(staff, label):
    model = dict(models())[label]
    make_world("first")
    few = queries(staff, address(model, "changelist"))
    for number in range(19):
        make_world(f"more{number}")
    many = queries(staff, address(model, "changelist"))
    assert few == many


def test_the_dashboard_asks_as_often_for_twenty_companies_as_for_one(staff):
    make_world("first")
    few = queries(staff, reverse("admin:index"))
    for number in range(19):
        make_world(f"more{number}")
    assert queries(staff, reverse("admin:index")) == few


def queries(browser, url):
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert browser.get(url).status_code == 200
    return len(found)


def test_an_empty_dashboard_says_how_to_begin():
    page = text_of(signed_in(make_member(make_company())).get(reverse("admin:index")))
    for words in ("Upload a file", "See your jobs", "Connect a board", "Nothing waits for you"):
        assert words in page


def test_the_dashboard_names_what_needs_a_person(settings):
    world = make_world("lion")
    now = timezone.now()
    Upload.objects.filter(pk=world.rows["ingestion.upload"].pk).update(created_at=now)
    make_key(world.owner, company=world.company, lifetime=timedelta(days=2))
    Channel.objects.update(parked_until=now + timedelta(hours=1))
    Run.objects.filter(pk=world.rows["runs.run"].pk).update(
        status="failed", finished_at=now, error="disk full"
    )
    page = signed_in(world.owner).get(reverse("admin:index"))
    words = text_of(page)
    assert "publication was turned down" in words
    assert "file has rejected rows" in words
    assert "asked for a pause until" in words
    assert "piece of work failed" in words
    assert "API key expires within 7 days" in words


def test_each_line_of_the_dashboard_leads_to_as_many_rows_as_it_counts():
    world = make_world("lion")
    Run.objects.filter(pk=world.rows["runs.run"].pk).update(
        status="failed", finished_at=timezone.now()
    )
    make_key(world.owner, company=world.company, lifetime=timedelta(days=2))
    browser = signed_in(world.owner)
    page = browser.get(reverse("admin:index"))
    lines = [*page.context["needs"]]
    figures = page.context["figures"]
    assert len(lines) >= 4
    counted = [(line.url, line.count) for line in lines]
    counted += [(f.url, f.value) for f in figures if f.name != "rows loaded"]
    for url, count in counted:
        listed = browser.get(url)
        assert listed.status_code == 200, url
        assert listed.context["cl"].result_count == count, url


def test_a_breaker_that_is_open_shows_and_can_be_reset():
    world = make_world("lion")
    channel = world.rows["distribution.channel"]
    for _ in range(5):
        limits.record(channel.breaker_key, ok=False)
    browser = signed_in(world.owner)
    assert "does not answer" in text_of(browser.get(reverse("admin:index")))
    chosen = {"action": "reset_breakers", "_selected_action": [channel.pk], "index": 0}
    browser.post(address(Channel, "changelist"), chosen)
    assert limits.breaker_state(channel.breaker_key).state == "closed"


def test_a_file_with_a_bad_row_shows_the_reject_and_publishing_it_starts_the_run():
    company = make_company()
    person = make_member(company)
    make_channel(company, slug="internal", name="Our board")
    browser = signed_in(person)
    arrival = Arrival(io.BytesIO(GOOD_AND_BAD), "jobs.csv", {"mode": "skip"})
    upload = store_upload(company, arrival, actor=person)
    url = address(Upload, "change", upload.pk)
    assert "being read" in text_of(browser.get(url))
    drain()

    page = text_of(browser.get(url))
    assert "1 of 2 rows were left out" in page
    assert "The row has no title" in page
    assert "Download rejects (1 row)" in page
    rejects = b"".join(browser.get(reverse("api:uploads-rejects", args=[upload.pk])))
    assert b"missing_title" in rejects

    url = f"{reverse('admin:distribution_distribution_publish')}?upload={upload.pk}"
    assert "1 ready to go" in text_of(browser.get(url))
    assert "Choose at least one channel" in text_of(browser.post(url, {}))
    started = browser.post(url, {"channels": ["internal"]})
    run = Run.objects.get(kind="distribution.apply")
    assert started.url == reverse("run", args=[run.pk])
    drain()
    assert Distribution.objects.get(upload_id=upload.pk).status == "published"
    assert "1 there already" in text_of(browser.get(url))


def test_a_publication_can_be_put_off_to_a_moment_of_the_viewers_day():
    world = make_world("lion")
    Distribution.objects.all().delete()
    world.owner.time_zone = "Asia/Kathmandu"
    world.owner.save()
    browser = signed_in(world.owner)
    url = (
        f"{reverse('admin:distribution_distribution_publish')}?job={world.rows['ingestion.job'].pk}"
    )
    early = browser.post(url, {"channels": ["linkedin"], "at": "2020-01-01T09:00"})
    assert "has passed" in text_of(early)
    browser.post(url, {"channels": ["linkedin"], "at": "2099-01-01T09:00"})
    wish = Run.objects.get(kind="distribution.apply").args["wish"]
    assert wish["at"] == "2099-01-01T09:00:00+05:45"
    drain()
    assert Distribution.objects.get().status == "scheduled"


def test_jobs_go_out_a_few_a_day_and_the_plan_says_what_all_of_it_costs():
    world = make_world("lion")
    job = world.rows["ingestion.job"]
    Distribution.objects.all().delete()
    browser = signed_in(world.owner)
    url = f"{reverse('admin:distribution_distribution_publish')}?job={job.pk}"
    assert "All of it together" not in text_of(browser.get(url)), "nothing costs anything"
    Channel.objects.filter(slug="linkedin").update(
        cost_model="flat", price_minor=29_950, currency="EUR", credits_left=3
    )
    assert "costs at most 299.50 EUR, 1 credit" in " ".join(text_of(browser.get(url)).split())

    Job.objects.filter(pk=job.pk).update(status="closed")
    assert "All of it together" not in text_of(browser.get(url)), "it goes nowhere"
    Job.objects.filter(pk=job.pk).update(status="live")

    wrong = browser.post(url, {"channels": ["linkedin"], "pace": "0"})
    assert "greater than or equal to 1" in text_of(wrong)
    assert not Run.objects.filter(kind="distribution.apply").exists()
    browser.post(url, {"channels": ["linkedin"], "pace": "5", "every": "hour", "weekdays": "on"})
    wish = Run.objects.get(kind="distribution.apply").args["wish"]
    assert wish["stagger"] == {"count": 5, "every": "hour", "weekdays": True}


def test_a_refused_file_says_why():
    company = make_company()
    browser = signed_in(make_member(company))
    nothing = SimpleUploadedFile("jobs.csv", b"")
    body = {"company": company.pk, "file": nothing}
    page = browser.post(address(Upload, "add"), body, follow=True)
    assert "This file was refused" in text_of(page)


def test_jobs_that_a_board_would_refuse_are_named_before_anything_is_sent():
    world = make_world("lion")
    job = world.rows["ingestion.job"]
    Distribution.objects.all().delete()
    Job.objects.filter(pk=job.pk).update(title="x" * 101)
    url = f"{reverse('admin:distribution_distribution_publish')}?job={job.pk}"
    page = text_of(signed_in(world.owner).get(url))
    assert "1 would be refused" in page
    assert "longer than 100 characters" in page


def test_a_selection_of_jobs_leads_to_the_page_that_publishes():
    world = make_world("lion")
    chosen = {
        "action": "publish_selected",
        "_selected_action": [world.rows["ingestion.job"].pk],
        "index": 0,
    }
    page = signed_in(world.owner).post(address(Job, "changelist"), chosen, follow=True)
    assert "Publish 1 job of lion works" in text_of(page)


def test_closing_jobs_reports_each_that_could_not_be():
    world = make_world("lion")
    job = world.rows["ingestion.job"]
    browser = signed_in(world.owner)
    chosen = {"action": "close_selected", "_selected_action": [job.pk], "index": 0}
    chosen |= {"confirmed": "1", "why": "Filled"}
    assert "1 closed" in text_of(browser.post(address(Job, "changelist"), chosen, follow=True))
    again = text_of(browser.post(address(Job, "changelist"), chosen, follow=True))
    assert "cannot become closed" in again


def test_secrets_go_in_and_never_come_out():
    company = make_company()
    browser = signed_in(make_member(company))
    new = {
        "company": company.pk,
        "kind": "linkedin",
        "name": "LinkedIn",
        "slug": "linkedin",
        "options": "{}",
        "client_id": "the-client",
        "client_secret": "the-secret",
    }
    browser.post(address(Channel, "add"), new)
    channel = Channel.objects.get(company=company)
    assert channel.credentials == {"client_id": "the-client", "client_secret": "the-secret"}
    assert channel.limit_per_minute == 50  # the contract's figure

    page = browser.get(address(Channel, "change", channel.pk))
    assert "the-secret" not in page.content.decode()
    assert "the-client" not in page.content.decode()
    form = page.context["adminform"].form
    kept = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    kept |= {"options": "{}", "name": "LinkedIn Europe", "client_secret": "another"}
    kept = {name: value for name, value in kept.items() if value is not False}
    assert browser.post(address(Channel, "change", channel.pk), kept).status_code == 302
    channel = Channel.objects.get(company=company)
    assert channel.name == "LinkedIn Europe"
    assert channel.credentials == {"client_id": "the-client", "client_secret": "another"}


def test_what_is_scheduled_is_published_now_instead():
    channel = make_channel(slug="internal")
    at = timezone.now() + timedelta(days=3)
    row = make_distribution(make_posting(channel.company), channel, at=at)
    browser = signed_in(make_member(channel.company))
    page = reverse("admin:distribution_distribution_change", args=[row.pk])
    assert "Publish now" in text_of(browser.get(page))
    decide = reverse("admin:distribution_distribution_decide", args=[row.pk])
    assert "It goes out now" in text_of(browser.post(decide, {"verb": "publish_now"}, follow=True))
    drain()
    row.refresh_from_db()
    assert row.status == "published"
    assert "Publish now" not in text_of(browser.get(page))
    told = text_of(browser.post(decide, {"verb": "publish_now"}, follow=True))
    assert "A published distribution cannot become scheduled; nothing was changed." in told


def test_a_person_decides_about_a_publication_nobody_knows_the_fate_of():
    world = make_world("lion")
    row = world.rows["distribution.distribution"]
    Distribution.objects.filter(pk=row.pk).update(status="needs_attention", error="no answer")
    browser = signed_in(world.owner)
    page = address(Distribution, "change", row.pk)
    assert "Only you can tell" in text_of(browser.get(page))
    decide = reverse("admin:distribution_distribution_decide", args=[row.pk])
    assert "This field is required" in text_of(browser.post(decide, {"verb": "confirm"}))
    browser.post(decide, {"verb": "confirm", "post_id": "4711"})
    row.refresh_from_db()
    assert (row.status, row.post_id) == ("published", "4711")


def test_a_refused_publication_is_retried_and_closed_from_its_page():
    world = make_world("lion")
    row = world.rows["distribution.distribution"]
    browser = signed_in(world.owner)
    decide = reverse("admin:distribution_distribution_decide", args=[row.pk])
    assert "sent again" in text_of(browser.post(decide, {"verb": "retry"}, follow=True))
    row.refresh_from_db()
    assert (row.status, row.retry_count) == ("pending", 1)
    told = text_of(browser.post(decide, {"verb": "retry"}, follow=True))
    assert "cannot be retried" in told


def test_an_owner_adds_a_colleague_by_address_and_a_company_keeps_an_owner():
    world = make_world("lion")
    browser = signed_in(world.owner)
    colleague = make_user("new@lion.example")
    add = address(Membership, "add")
    body = {"company": world.company.pk, "email": "nobody@lion.example", "role": "viewer"}
    assert "no account with this address" in text_of(browser.post(add, body))
    browser.post(add, body | {"email": "NEW@lion.example"})
    assert colleague.memberships.get().role == "viewer"
    mine = world.rows["users.membership"]
    refused = browser.post(address(Membership, "change", mine.pk), {"role": "viewer"})
    assert "keeps at least one owner" in text_of(refused)
    assert browser.post(address(Membership, "delete", mine.pk), {"post": "yes"}).status_code == 403
    mine.refresh_from_db()
    assert mine.role == "owner"


def test_a_key_is_shown_once():
    world = make_world("lion")
    browser = signed_in(world.owner)
    body = {"name": "feed", "company": world.company.pk, "scopes": ["jobs:read"], "days": 30}
    made = browser.post(address(ApiKey, "add"), body, follow=True)
    shown = re.search(r"jb_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", made.content.decode())
    assert shown
    assert ApiKey.objects.for_text(shown.group()).company == world.company
    assert shown.group() not in browser.get(address(ApiKey, "changelist")).content.decode()


def test_times_are_the_viewers():
    world = make_world("lion")
    at = timezone.now().replace(hour=12, minute=0)
    Upload.objects.filter(pk=world.rows["ingestion.upload"].pk).update(created_at=at)
    world.owner.time_zone = "Asia/Kathmandu"  # 5:45 hours ahead
    world.owner.save()
    page = signed_in(world.owner).get(address(Upload, "changelist"))
    assert "17:45" in page.content.decode()


def test_what_an_exchange_says_of_secrets_is_hidden():
    world = make_world("lion")
    row = world.rows["distribution.distribution"]
    secret = {"headers": {"Authorization": "Bearer abc"}, "title": "Welder"}
    row.attempts.update(request=secret)
    page = signed_in(world.owner).get(address(Distribution, "change", row.pk)).content.decode()
    assert "Bearer abc" not in page
    assert "Welder" in page


def test_a_jobs_text_can_do_nothing_in_the_back_office():
    world = make_world("lion")
    job = world.rows["ingestion.job"]
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)><p>Fine</p>"
    Job.objects.filter(pk=job.pk).update(description_html=bad, title="<b>bold</b>")
    page = signed_in(world.owner).get(address(Job, "change", job.pk)).content.decode()
    assert "alert(1)" not in page
    assert "onerror" not in page
    assert "<b>bold</b>" not in page
