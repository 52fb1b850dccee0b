"""Lint, payloads, states: values in, values out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.rules import channels, lint, payloads, states
from distribution.rules.content import Content
from distribution.rules.lint import boards

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = "<p>Joins pipes by TIG and by hand, reads drawings and teaches apprentices.</p>" * 2
JOB = Content(
    job_id=7,
    title="Welder",
    description_html=TEXT,
    description_text=TEXT,
    location_text="Oslo, Norway",
    city="Oslo",
    region="",
    country="NO",
    remote="",
    employment_type="FULL_TIME",
    seniority="senior",
    employer="Acme",
    employer_url="",
    salary_min=50_000_000,
    salary_max=60_000_000,
    salary_currency="NOK",
    salary_period="YEAR",
    apply_url="https://acme.example/1",
    reference="A-1",
    listed_at=NOW - timedelta(days=1),
    expires_at=None,
    page_url="https://jobly.example/jobs/7-welder/",
)
EMAIL = {"poster_email": "jobs@acme.example"}
NAMING = payloads.Naming("create", "jobly-" + "a" * 32, NOW)


def found(kind, options=None, **changes):
    options = channels.options_of(kind, options or {"linkedin": EMAIL}.get(kind, {}))
    said = boards.RULES[kind](replace(JOB, **changes), options)
    return {(f.level, f.field, f.code) for f in said}


@pytest.mark.parametrize("kind", ["linkedin", "indeed", "rest", "internal"])
def test_a_whole_job_goes_to_every_board(kind):
    assert found(kind) == set()


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("linkedin", {"title": "W" * 100}, set()),
        ("linkedin", {"title": "W" * 101}, {("error", "title", "title_too_long")}),
        ("linkedin", {"title": " "}, {("error", "title", "missing")}),
        ("linkedin", {"description_html": ""}, {("error", "description", "missing")}),
        ("linkedin", {"description_html": "x" * 99}, {("error", "description", "too_short")}),
        ("linkedin", {"description_html": "x" * 100}, set()),
        ("linkedin", {"description_html": "x" * 25_001}, {("error", "description", "too_long")}),
        ("linkedin", {"location_text": "", "city": ""}, {("error", "location", "missing")}),
        ("linkedin", {"employment_type": ""}, {("error", "employment_type", "missing")}),
        ("linkedin", {"employer": ""}, {("error", "company", "missing")}),
        ("indeed", {"title": "W" * 75}, set()),
        ("indeed", {"title": "W" * 76}, {("warning", "title", "title_long")}),
        ("indeed", {"title": "W" * 120}, {("warning", "title", "title_long")}),
        ("indeed", {"title": "W" * 121}, {("error", "title", "title_too_long")}),
        ("indeed", {"employment_type": ""}, {("error", "employment_type", "missing")}),
        ("indeed", {"country": ""}, {("error", "country", "missing")}),
        ("indeed", {"country": "", "remote": "remote"}, {("warning", "country", "assumed")}),
        ("indeed", {"country": "", "location_text": "Remote"}, {("warning", "country", "assumed")}),
        ("indeed", {"description_html": "é" * 33_000}, {("error", "description", "too_long")}),
        ("rest", {"title": "W" * 101}, {("error", "title", "title_too_long")}),
        ("rest", {"salary_min": None}, {("error", "salary_min", "missing")}),
        ("rest", {"salary_max": None}, {("error", "salary_max", "missing")}),
        ("rest", {"location_text": "", "city": ""}, {("error", "location", "missing")}),
        ("internal", {"title": ""}, {("error", "title", "missing")}),
    ],
)
def test_each_boards_rules_hold_up_front(kind, changes, expected):
    assert found(kind, **changes) == expected


def test_linkedin_wants_the_posters_email_and_a_board_may_live_without_pay():
    assert found("linkedin", {"poster_email": ""}) == {("error", "poster_email", "missing")}
    assert found("rest", {"salary_required": False}, salary_min=None, salary_max=None) == set()


def test_a_finding_names_its_source():
    job = replace(JOB, salary_min=None)
    (finding, *_) = lint.lint("rest", job, channels.options_of("rest", {}))
    assert finding.to_dict() == {
        "code": "missing",
        "level": "error",
        "field": "salary_min",
        "message": "The lowest pay is not stated, and this board takes no job without pay.",
        "source": "Jobly requirement S1.8",
        "fix": None,
        "span": None,
    }


def build(kind, options=None, **changes):
    options = channels.options_of(kind, options or {})
    return payloads.payload(kind, replace(JOB, **changes), options, naming=NAMING)


def test_linkedin_gets_milliseconds_enums_and_amounts_as_text():
    element = build("linkedin", EMAIL)

    assert element["externalJobPostingId"] == NAMING.external_id
    assert element["jobPostingOperationType"] == "CREATE"
    assert element["listedAt"] == 1772280000000
    assert element["employmentStatus"] == "FULL_TIME"
    assert element["experienceLevel"] == "MID_SENIOR_LEVEL"
    assert element["workplaceTypes"] == ["On-site"]
    assert element["companyName"] == "Acme"
    assert element["posterEmail"] == "jobs@acme.example"
    (pay,) = element["compensation"]["compensations"]
    assert pay["period"] == "YEARLY"
    assert pay["value"]["range"]["start"] == {"amount": "500000", "currencyCode": "NOK"}


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"employment_type": "CONTRACTOR"}, "employmentStatus", "CONTRACT"),
        ({"employment_type": "INTERN"}, "employmentStatus", "INTERNSHIP"),
        ({"seniority": ""}, "experienceLevel", "NOT_APPLICABLE"),
        ({"remote": "hybrid"}, "workplaceTypes", ["Hybrid"]),
        ({"apply_url": ""}, "companyApplyUrl", JOB.page_url),
        (
            {"location_text": "Remote", "city": "", "country": ""},
            "location",
            "United States",
        ),
    ],
)
def test_linkedin_words(changes, key, value):
    assert build("linkedin", **changes)[key] == value


@pytest.mark.parametrize(("days", "sent"), [(-1, False), (30, True), (180, True), (181, False)])
def test_linkedin_is_told_an_end_only_where_it_takes_one(days, sent):
    element = build("linkedin", expires_at=NOW + timedelta(days=days))
    assert ("expireAt" in element) is sent


def test_indeed_gets_minor_units_and_one_contact():
    posting = build("indeed", {"contact_email": "jobs@acme.example"})

    assert posting["metadata"]["jobPostingId"] == NAMING.external_id
    assert posting["metadata"]["datePublished"] == "2026-02-28T12:00:00Z"
    assert posting["metadata"]["jobSource"]["sourceName"] == "Acme"
    assert len(posting["metadata"]["contacts"]) == 1
    assert posting["metadata"]["taxonomyClassification"] == {"jobTypes": ["Full-time"]}
    assert posting["body"]["location"] == {"country": "NO", "cityRegionPostal": "Oslo"}
    assert posting["body"]["salary"] == {
        "currency": "NOK",
        "minimumMinor": 50_000_000,
        "maximumMinor": 60_000_000,
        "period": "YEAR",
    }


def test_a_remote_job_without_a_place_is_fully_remote_at_indeed():
    posting = build("indeed", location_text="Remote", city="", country="")

    assert posting["body"]["location"] == {"country": "US"}
    assert posting["metadata"]["taxonomyClassification"]["remoteType"] == "Fully Remote"


def test_the_rest_board_gets_whole_units():
    body = build("rest", salary_currency="JPY", salary_min=5_000_000, salary_max=6_000_000)

    assert (body["salaryMin"], body["salaryMax"]) == (5_000_000.0, 6_000_000.0)
    assert body["externalReference"] == NAMING.external_id
    assert build("rest")["salaryMin"] == 500_000.0


def test_only_the_tags_boards_keep_are_sent():
    html = '<h2 onclick="x()">Do</h2><ol><li>Weld</li></ol><script>x()</script><a href="/">y</a>'
    text = payloads.rich_text(replace(JOB, description_html=html))
    assert text == "<p><b>Do</b></p><ul><li>Weld</li></ul>y"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_456, "USD", "1234.56"),
        (100_000, "USD", "1000"),
        (5000, "JPY", "5000"),
        (1500, "KWD", "1.500"),
    ],
)
def test_amounts_are_plain_decimals(minor, currency, text):
    assert payloads.amount(minor, currency) == text


@given(st.text(max_size=300), st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD", ""]))
def test_no_content_breaks_lint_or_payload(text, minor, currency):
    for kind in channels.DEFAULTS:
        changes = {"title": text, "description_html": text, "salary_min": minor}
        options = channels.options_of(kind, {})
        content = replace(JOB, **changes, salary_currency=currency, location_text=text)
        found = list(lint.lint(kind, content, options))
        assert all(one.code and one.message for one in found)
        assert isinstance(payloads.payload(kind, content, options, naming=NAMING), dict)


def test_the_fingerprint_follows_the_content_and_not_the_place_we_run_at():
    assert JOB.digest() == replace(JOB, page_url="http://elsewhere/").digest()
    assert JOB.digest() != replace(JOB, title="Master Welder").digest()
    assert JOB.digest() != replace(JOB, salary_max=1).digest()


@pytest.mark.parametrize(
    ("idempotent", "lookup", "seconds", "step"),
    [
        (True, False, 0, "send"),
        (True, True, 0, "send"),
        (False, True, 0, "look"),
        (False, True, 299, "look"),
        (False, True, 300, "send"),
        (False, False, 999, "ask"),
    ],
)
def test_what_follows_an_unknown_outcome(idempotent, lookup, seconds, step):
    assert step == states.next_step(
        idempotent=idempotent,
        lookup=lookup,
        elapsed=timedelta(seconds=seconds),
        settle=timedelta(minutes=5),
    )


@given(st.floats(0.5, 600))
def test_looks_grow_and_the_last_is_at_the_end_of_the_window(settle_seconds):
    settle = timedelta(seconds=settle_seconds)
    looks = [timedelta(0)]
    while looks[-1] < settle:
        looks.append(states.next_look(looks[-1], settle))
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert looks[-1] == settle
    assert 4 <= len(looks) <= 8
    assert all(gap > timedelta(0) for gap in gaps)


def test_polls_double_up_to_an_hour():
    delay = timedelta(minutes=5)
    assert states.next_poll(timedelta(0), delay) == delay
    assert states.next_poll(timedelta(minutes=40), delay) == timedelta(minutes=40)
    assert states.next_poll(timedelta(hours=20), delay) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("live", "status", "sent", "wanted", "action"),
    [
        (True, None, "", "a", "create"),
        (True, "published", "a", "a", "none"),
        (True, "published", "a", "b", "update"),
        (True, "accepted", "a", "b", "none"),
        (True, "rejected", "a", "a", "none"),
        (True, "rejected", "a", "b", "create"),
        (True, "failed", "", "b", "none"),
        (True, "needs_attention", "a", "b", "none"),
        (True, "pending", "", "a", "none"),
        (False, None, "", "a", "none"),
        (False, "published", "a", "a", "close"),
        (False, "scheduled", "", "a", "close"),
        (False, "rejected", "a", "a", "none"),
    ],
)
def test_a_plan_compares_what_is_wanted_with_what_is_there(live, status, sent, wanted, action):
    decision = states.decide(job_is_live=live, status=status, sent=sent, wanted=wanted)
    assert decision.action == action


def test_what_was_stopped_on_its_way_is_planned_again():
    decision = states.decide(job_is_live=True, status="pending", sent="", wanted="a", stopped=True)
    assert decision.action == "create"


@pytest.mark.parametrize(
    ("rule", "wait", "until"),
    [
        ("retry_after", timedelta(seconds=9), NOW + timedelta(seconds=9)),
        ("retry_after", None, NOW + timedelta(seconds=30)),
        ("next_midnight", timedelta(seconds=9), datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_a_429_parks_by_the_channels_rule(rule, wait, until):
    assert channels.parked_until(rule, NOW, wait) == until


def test_options_are_merged_one_level_deep():
    options = channels.options_of("linkedin", {"paths": {"status": "/x"}, "version": "202501"})
    assert options["paths"]["status"] == "/x"
    assert options["paths"]["submit"] == "/rest/simpleJobPostings"
    assert options["version"] == "202501"
