"""The page of performance: numbers with their rows, files, and what it says without any."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from distribution.models import Charge, ClickDay, KnownHost, Reading
from tests.distribution.applying import make_applicant
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_key, make_member, make_upload

from .world import signed_in

pytestmark = pytest.mark.django_db
API = "/api/v1/distributions/performance/"


def page_of(client, query=""):
    answer = client.get(reverse("admin:distribution_clickday_performance") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def brought(channel, people=40, minor=12_000, title="=Welder"):
    row = make_distribution(make_posting(channel.company, title=title), channel)
    today, now = timezone.now().date(), timezone.now()
    ClickDay.objects.create(company=row.company, distribution=row, on=today, people=people)
    Reading.objects.create(distribution=row, source="webhook", at=now, views=400, clicks=people + 8)
    Charge.objects.create(
        company=row.company, channel=channel, distribution=row, kind="flat",
        amount_minor=minor, currency="EUR", at=now, key=str(row.pk),
    )  # fmt: skip
    make_applicant(row.job, row)
    make_applicant(row.job)
    return row


@pytest.fixture
def channel():
    return make_channel(name="Board <b>One</b>")


@pytest.fixture
def browser(channel):
    return signed_in(make_member(channel.company))


def test_the_page_shows_the_funnel_its_ranges_and_where_the_rows_are(browser, channel):
    row = brought(channel)
    html = page_of(browser)
    text = text_of(html)
    for words in ("400", "10.0 % of views", "boards: 48", "1 of unknown origin (50 %)",
                  "2.50 to 3.00 EUR", "60.00 to 120.00 EUR", "2.5 % of clicks"):  # fmt: skip
        assert words in text, words
    assert "<b>One</b>" not in html
    today = timezone.now().date()
    days = f"?channel={channel.pk}&amp;on__gte="
    assert days in html.replace("&", "&amp;").replace("&amp;amp;", "&amp;")
    behind = browser.get(
        reverse("admin:distribution_clickday_changelist"),
        {"channel": channel.pk, "on__gte": today, "on__lte": today, "job": row.job_id},
    )
    assert text_of(behind.content.decode()).count("=Welder") >= 1
    assert '<svg class="pf-chart"' in html


def test_the_page_goes_line_by_line_by_job_and_narrows(browser, channel):
    row = brought(channel)
    other = brought(make_channel(channel.company, slug="glassdoor"), people=3, title="Fitter")
    text = text_of(page_of(browser, "?by=job"))
    assert "=Welder" in text
    assert "Fitter" in text
    html = page_of(browser, f"?by=job&channel={channel.pk}")
    assert "Fitter" not in html
    assert other.job.title not in text_of(page_of(browser, f"?job={row.job_id}"))


def test_what_is_wrong_in_the_form_is_said_and_left_out(browser, channel):
    brought(channel)
    foreign = make_channel()
    text = text_of(page_of(browser, f"?from=2026-13-01&days=5&channel={foreign.pk}"))
    assert "From: Enter a valid date." in text
    assert text.count("The figures below leave it out.") == 3
    assert "40" in text
    assert "This day lies before" in text_of(page_of(browser, "?from=2026-11-02&to=2026-11-01"))


def test_foreign_numbers_are_nowhere(browser, channel):
    brought(channel, people=41)
    foreign = brought(make_channel(name="Zebra board"), people=977, title="Zebra keeper")
    for query in ("", "?by=job", f"?job={foreign.job_id}", f"?company={foreign.company.slug}",
                  f"?channel={foreign.channel_id}", "?as=csv&by=job"):  # fmt: skip
        text = page_of(browser, query)
        assert "977" not in text
        assert "Zebra" not in text


def test_the_file_has_every_line_and_no_formula(browser, channel):
    brought(channel)
    answer = browser.get(
        reverse("admin:distribution_clickday_performance"), {"as": "csv", "by": "job"}
    )
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    line, total = csv.DictReader(io.StringIO(answer.content.decode()))
    assert line["job"] == "'=Welder"
    assert (line["clicks"], line["board_clicks"], line["unknown"]) == ("40", "48", "1")
    assert (line["cost_EUR"], line["per_click_at_least_EUR"], line["per_click_at_most_EUR"]) == (
        "120.00", "2.50", "3.00",
    )  # fmt: skip
    assert total["per_hire_at_most_EUR"] == ""


def test_programs_get_the_same_figures(channel):
    row = brought(channel)
    _, key = make_key(
        make_member(channel.company), company=channel.company, scopes=["distributions:read"]
    )
    client = signed_in(make_member(make_company()))
    assert client.get(API).json()["results"] == []
    client.logout()
    headers = {"authorization": f"Bearer {key}"}
    told = client.get(API, {"by": "channel", "channel": channel.slug}, headers=headers).json()
    (line,) = told["results"]
    assert line["id"] == str(channel.pk)
    assert (line["clicks"], line["board"]["clicks"], line["board"]["sources"]) == (
        40,
        48,
        "webhook",
    )
    assert line["applications"]["unknown_share"] == 50.0
    assert line["cost_per_application"] == [
        {"currency": "EUR", "at_least_minor": 6_000, "at_most_minor": 12_000}
    ]
    assert told["trend"][-1]["clicks"] == 40
    refused = client.get(API, {"from": "yesterday", "by": "moon"}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["fields"].keys() == {"from", "by"}
    assert client.get(API, {"job": row.job_id}, headers=headers).json()["total"]["clicks"] == 40


def test_an_empty_page_says_why_and_what_to_do():
    company = make_company()
    browser = signed_in(make_member(company))
    assert "Connect a board" in page_of(browser)
    make_channel(company)
    assert "Choose jobs to publish" in page_of(browser)


def test_the_page_asks_as_often_for_many_lines_as_for_one(browser, channel):
    brought(channel)
    for by in ("channel", "job"):
        few = _queries(browser, by)
        for number in range(8):
            brought(channel, title=f"More {number}")
        assert _queries(browser, by) == few


def _queries(browser, by):
    page_of(browser, f"?by={by}")
    with CaptureQueriesContext(connection) as found:
        page_of(browser, f"?by={by}")
    return len(found)


def test_a_known_site_is_taken_by_any_address_on_it(browser, channel):
    url = reverse("admin:distribution_knownhost_add")
    company = channel.company_id
    browser.post(url, {"company": company, "host": "https://Jobs.Example.com/apply?x=1"})
    assert KnownHost.objects.get().host == "jobs.example.com"
    for bad in ("localhost", "javascript:alert(1)", "com"):
        assert browser.post(url, {"company": company, "host": bad}).status_code == 200
    browser.post(url, {"company": make_company().pk, "host": "evil.example"})
    assert KnownHost.objects.count() == 1
    viewer = signed_in(make_member(channel.company, role="viewer"))
    assert viewer.post(url, {"company": company, "host": "b.example"}).status_code == 403


def test_the_dashboards_show_our_counts_beside_the_boards(browser, channel):
    upload = make_upload(channel.company)
    row = brought(channel)
    type(row).objects.filter(pk=row.pk).update(upload_id=upload.pk, clicks_count=48)
    told = browser.get(f"/api/v1/distributions/dashboard/?upload_id={upload.pk}").json()
    assert told["metrics"]["total_clicks"] == 48
    assert told["own"] == {"total_clicks": 40, "total_applications": 1}
    (shown,) = told["distributions"]
    assert (shown["clicks_count"], shown["own_clicks"], shown["own_applications"]) == (48, 40, 1)

    brought(make_channel(name="Zebra board"), people=977)
    text = text_of(browser.get(reverse("admin:index")).content.decode())
    assert "Last 30 days 40 clicks 2 applications 120.00 EUR paid" in text
