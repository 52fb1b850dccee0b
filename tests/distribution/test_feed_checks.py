"""The checks of feeds: what we write passes them, and what boards refuse does not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from distribution.actions import feeding
from distribution.reports.feed_checks import check, check_posting
from distribution.rules.feeds.checking.feeds import check_feed
from distribution.rules.feeds.checking.postings import posting
from distribution.rules.feeds.formats import ALL, FORMATS
from tests.distribution.listing import HOSTILE, make_listed
from tests.make import make_company

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = "<p>" + "Joins pipes by hand and by machine, reads drawings. " * 3 + "</p>"
#: a board may dislike these, or a person has to see to them; the rest would be ours to mend
THEIRS = {
    *("title_long", "title_has_pay", "title_has_kind", "title_has_place"),
    *("same_role", "missing", "advised"),
}


def indeed(**changes):
    known = {
        "title": "Welder",
        "date": "2026-11-01T08:00:00Z",
        "referencenumber": "jobly-1",
        "requisitionid": "A-1",
        "url": "https://jobs.example/jobs/1-welder/",
        "company": "Acme",
        "sourcename": "Acme",
        "city": "Oslo",
        "state": "",
        "country": "NO",
        "description": TEXT,
        "email": "jobs@acme.example",
        "salary": "NOK 500000 - 600000 per year",
        "jobtype": "fulltime",
    }
    return "job", known | changes


def linkedin(**changes):
    known = {
        "partnerJobId": "jobly-1",
        "company": "Acme",
        "companyId": "1234",
        "posterEmail": "jobs@acme.example",
        "title": "Welder",
        "description": TEXT,
        "applyUrl": "https://jobs.example/jobs/1-welder/",
        "location": "Oslo, NO",
        "listDate": "11/01/2026",
    }
    return "job", known | changes


def feed_of(name, *entries, head=""):
    frames = {"indeed": ("source", HEAD), "linkedin": ("source", ""), "jooble": ("jobs", "")}
    root, usual = frames[name]
    jobs = ""
    for tag, texts in entries:
        inner = "".join(
            f"<{key}><![CDATA[{text}]]></{key}>"
            for key, text in texts.items()
            if text is not None and key != "@id"
        )
        key = f' id="{texts["@id"]}"' if "@id" in texts else ""
        jobs += f"<{tag}{key}>{inner}</{tag}>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{head or usual}{jobs}</{root}>'
    return text.encode()


HEAD = (
    "<publisher>Acme</publisher><publisherurl>https://acme.example</publisherurl>"
    "<lastBuildDate>Sun, 01 Nov 2026 08:00:00 +0000</lastBuildDate>"
)
JOOBLE = (
    "job",
    {
        "@id": "jobly-1",
        "link": "https://jobs.example/jobs/1-welder/",
        "name": "Welder",
        "region": "Oslo",
        "description": TEXT,
        "pubdate": "01.11.2026",
    },
)


def codes(name, raw, **more):
    return {one.code for one in check_feed(name, raw, now=NOW, **more)}


@pytest.mark.parametrize(
    ("name", "entry"), [("indeed", indeed()), ("linkedin", linkedin()), ("jooble", JOOBLE)]
)
def test_a_sound_feed_has_no_finding(name, entry):
    assert codes(name, feed_of(name, entry)) == set()


@pytest.mark.parametrize(
    ("name", "entries", "code"),
    [
        ("indeed", [indeed(title="")], "missing"),
        ("indeed", [indeed(country=None)], "missing"),
        ("indeed", [indeed(state=None)], "missing"),
        ("indeed", [indeed(title="Welder, 500 000 NOK")], "title_has_pay"),
        ("indeed", [indeed(title="Welder $45/h")], "title_has_pay"),
        ("indeed", [indeed(title="Welder in Oslo")], "title_has_place"),
        ("indeed", [indeed(title="Welder (full-time)")], "title_has_kind"),
        ("indeed", [indeed(title="Welder " * 15)], "title_long"),
        ("indeed", [indeed(date="yesterday")], "bad_date"),
        ("indeed", [indeed(date="2027-01-01T00:00:00Z")], "date_ahead"),
        ("indeed", [indeed(date="2026-07-01T00:00:00Z")], "old"),
        ("indeed", [indeed(url="jobs/1")], "bad_url"),
        ("indeed", [indeed(url="http://jobs.example/1")], "not_https"),
        ("indeed", [indeed(city="Remote", state="Oslo")], "remote_place"),
        ("indeed", [indeed(salary="$50k per year")], "pay_shorthand"),
        ("indeed", [indeed(jobtype="forever")], "unknown_jobtype"),
        ("indeed", [indeed(email=None)], "no_contact"),
        ("indeed", [indeed(description=TEXT + "<div>x</div>")], "unknown_tags"),
        ("indeed", [indeed(description="<p>Short</p>")], "description_short"),
        ("indeed", [indeed(), indeed(title="Rigger")], "repeated_reference"),
        ("indeed", [indeed(), indeed(referencenumber="jobly-2")], "same_role"),
        ("linkedin", [linkedin(partnerJobId="x" * 41)], "reference_long"),
        ("linkedin", [linkedin(companyId=None)], "missing"),
        ("linkedin", [linkedin(companyId="acme")], "bad_company"),
        ("linkedin", [linkedin(posterEmail=None)], "missing"),
        ("linkedin", [linkedin(location=None)], "missing"),
        ("linkedin", [linkedin(description="<p>Short</p>")], "description_short"),
        ("linkedin", [linkedin(applyUrl="https://jobs.example/go/abc")], "redirects"),
        ("linkedin", [linkedin(workplaceTypes="Anywhere")], "unknown_word"),
        ("linkedin", [linkedin(country="Norway")], "bad_country"),
        ("linkedin", [linkedin(listDate="12/24/2026")], "date_ahead"),
        ("jooble", [("job", JOOBLE[1] | {"pubdate": "2026-11-01"})], "bad_date"),
        ("jooble", [("job", JOOBLE[1] | {"pubdate": "01.09.2026"})], "old"),
        ("jooble", [("job", JOOBLE[1] | {"expire": "01.11.2026"})], "expired"),
        ("jooble", [("job", {k: v for k, v in JOOBLE[1].items() if k != "@id"})], "missing"),
    ],
)
def test_each_mistake_has_its_code(name, entries, code):
    assert code in codes(name, feed_of(name, *entries))


def test_a_feed_that_cannot_be_read_says_so_alone():
    assert codes("indeed", b"<source><job></source>") == {"unreadable"}
    assert codes("json", b"{") == {"unreadable"}
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><source>&a;</source>'
    assert codes("indeed", bomb) == {"unreadable"}


def test_a_feed_that_holds_fewer_than_it_should_is_named():
    assert "incomplete" in codes("indeed", feed_of("indeed", indeed()), expected=2)
    head = "<expectedJobCount>3</expectedJobCount>"
    assert "bad_count" in codes("linkedin", feed_of("linkedin", linkedin(), head=head))
    assert "missing" in codes("indeed", feed_of("indeed", indeed(), head="<publisher/>"))


POSTING: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "JobPosting",
    "title": "Welder",
    "description": TEXT,
    "datePosted": "2026-11-01",
    "validThrough": "2026-12-31T00:00:00+00:00",
    "hiringOrganization": {"@type": "Organization", "name": "Acme"},
    "identifier": {"@type": "PropertyValue", "name": "Acme", "value": "A-1"},
    "employmentType": "FULL_TIME",
    "directApply": False,
    "jobLocation": {"@type": "Place", "address": {"addressCountry": "NO"}},
    "baseSalary": {
        "@type": "MonetaryAmount",
        "currency": "NOK",
        "value": {"minValue": 1, "maxValue": 2, "unitText": "YEAR"},
    },
}
PAY: dict[str, Any] = POSTING["baseSalary"]


def test_a_sound_posting_has_no_finding():
    assert list(posting(POSTING, "1", NOW)) == []
    remote = {k: v for k, v in POSTING.items() if k != "jobLocation"}
    remote |= {
        "jobLocationType": "TELECOMMUTE",
        "applicantLocationRequirements": {"@type": "Country", "name": "NO"},
    }
    assert list(posting(remote, "1", NOW)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "missing"),
        ({"description": "Welder"}, "description_is_title"),
        ({"hiringOrganization": {"@type": "Organization"}}, "missing"),
        ({"jobLocation": None}, "missing"),
        ({"jobLocation": {"address": {"addressCountry": "Norway"}}}, "bad_country"),
        ({"jobLocation": None, "jobLocationType": "TELECOMMUTE"}, "missing"),
        ({"jobLocationType": "REMOTE"}, "unknown_word"),
        ({"employmentType": ["FULL_TIME", "FOREVER"]}, "unknown_word"),
        ({"datePosted": "soon"}, "bad_date"),
        ({"datePosted": "2027-01-01"}, "date_ahead"),
        ({"validThrough": "2026-11-01T00:00:00Z"}, "expired"),
        ({"directApply": "yes"}, "bad_value"),
        ({"identifier": "A-1"}, "bad_value"),
        ({"baseSalary": {**PAY, "currency": "kroner"}}, "bad_value"),
        ({"baseSalary": {**PAY, "value": {"minValue": 1, "unitText": "YEAR"}}}, "bad_value"),
        ({"baseSalary": {**PAY, "value": {"value": 1, "unitText": "YEARLY"}}}, "unknown_word"),
        ({"educationRequirements": {"credentialCategory": "phd"}}, "unknown_word"),
        ({"experienceRequirements": {"monthsOfExperience": "two"}}, "bad_value"),
        ({"@type": "Job"}, "no_posting"),
    ],
)
def test_each_mistake_in_a_posting_has_its_code(changes, code):
    assert code in {one.code for one in posting(POSTING | changes, "1", NOW)}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_what_we_write_passes_the_checks(kind, settings):
    settings.PUBLIC_URL = "https://jobs.acme.example"
    company, today = make_company("acme", name="Acme"), now()
    for remote, pay in (("", None), ("remote", 100), ("hybrid", 10_000_000)):
        for text in HOSTILE:
            make_listed(
                company,
                title=f"Welder {text}".strip(),
                description_html=TEXT + f"<h2>More</h2><ol><li>{text}</li></ol>",
                description_text=text * 9,
                remote=remote,
                salary_min=pay,
                salary_max=pay,
                department="Steel",
                seniority="senior",
                education="bachelor",
                experience_months=24,
                posted_at=today - timedelta(days=20),
                expires_at=today + timedelta(days=60),
            )
    found = check(feeding.present(company, kind), company, kind, now=now())
    assert found.jobs == found.live == 3 * len(HOSTILE)
    ours = [one for one in found.findings if one.code not in THEIRS]
    if kind.name == "indeed":
        ours = [one for one in ours if one.code != "no_contact"]  # nobody set a channel up
    assert ours == []


@pytest.mark.django_db
def test_the_command_counts_and_names_what_is_wrong(capsys):
    company = make_company("acme", name="Acme")
    make_listed(company, title="Welder $45/h")
    call_command("feeds", "check", "--company", "acme", "--format", "indeed", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["jobs"] == 1
    assert {one["code"] for one in told["feeds"][0]["findings"]} >= {"title_has_pay", "no_contact"}
    call_command("feeds", "check")
    said = capsys.readouterr().out
    assert "acme indeed: edition 1, 1 jobs" in said
    assert f"{len(FORMATS)} feeds" in said


def test_a_page_without_a_whole_posting_is_named():
    found = check_posting(json.dumps({"@type": "JobPosting"}), job="1", now=NOW)
    assert {one.field for one in found if one.code == "missing"} >= {"title", "jobLocation"}
