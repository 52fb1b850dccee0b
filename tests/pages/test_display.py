"""Pay, links and titles as pages say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rules.display import host_of, money, outward, pay, title_words


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (60_000_00, "EUR", "€60,000"),
        (12_50, "GBP", "£12.50"),
        (12_05, "USD", "$12.05"),
        (620_000_00, "NOK", "NOK 620,000"),
        (5_000_000, "JPY", "¥5,000,000"),
        (1_250, "KWD", "KWD 1.250"),
        (900_00, "", "900"),
    ],
)
def test_money_has_its_sign_or_code_and_no_empty_cents(minor, currency, text):
    assert money(minor, currency) == text


@pytest.mark.parametrize(
    ("low", "high", "period", "text"),
    [
        (60_000_00, 75_000_00, "YEAR", "€60,000 – €75,000 a year"),
        (60_000_00, None, "YEAR", "from €60,000 a year"),
        (None, 75_000_00, "MONTH", "up to €75,000 a month"),
        (20_00, 20_00, "HOUR", "€20 an hour"),
        (20_00, 25_00, "", "€20 – €25"),
        (None, None, "YEAR", ""),
        (0, None, "HOUR", "from €0 an hour"),
    ],
)
def test_pay_is_a_range_an_open_end_or_nothing(low, high, period, text):
    assert pay(low, high, "EUR", period) == text


@pytest.mark.parametrize(
    "url",
    [
        "https://jobs.example/1?a=b#c",
        "http://[2001:db8::1]:8080/x",
        "mailto:jobs@yard.example",
        "HTTPS://jobs.example/",
    ],
)
def test_web_and_mail_links_may_be_offered(url):
    assert outward(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " https://jobs.example/",
        "https://jobs.example/a b",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//jobs.example/1",
        "/\\jobs.example",
        "https:\\\\jobs.example",
        "https://",
        "https:///path",
        "http://[::1",
        "mailto:",
        "jobs.example/1",
        "ftp://jobs.example",
    ],
)
def test_any_other_link_is_none(url):
    assert outward(url) == ""


@given(st.text(max_size=60))
def test_whatever_is_offered_has_one_of_three_schemes(text):
    found = outward(text)
    assert found == "" or found.lower().startswith(("http://", "https://", "mailto:"))


def test_a_site_is_named_without_www():
    assert host_of("https://www.jobs.example/1") == "jobs.example"
    assert host_of("mailto:jobs@yard.example") == "jobs@yard.example"


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Senior Backend Engineer (m/f/d)", ["backend", "engineer"]),
        ("Head of Finance", ["finance"]),
        ("C++ Developer, Payments", ["c++", "developer", "payments"]),
        ("Lead", []),
        ("Engineer Engineer", ["engineer"]),
    ],
)
def test_a_title_is_told_by_its_trade(title, words):
    assert title_words(title) == words
