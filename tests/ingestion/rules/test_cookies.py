"""Cookies: what a person types, and what goes with which request."""

import pytest

from ingestion.rules.cookies import LONGEST, MOST, entered, header
from jobly.errors import Rejected


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("a=1", {"a": "1"}),
        ("Cookie: a=1; b=x=y", {"a": "1", "b": "x=y"}),
        ("  a=1;\n b=2 ;; ", {"a": "1", "b": "2"}),
        ('a="q, w"; a=2', {"a": "2"}),
    ],
)
def test_cookies_are_read_as_browsers_send_them(typed, values):
    jar = entered(typed, "https://boats.example/jobs")
    assert {name: one["value"] for name, one in jar.items()} == values
    sent = header(jar, "https://boats.example/jobs", 0.0)
    assert sent == "; ".join(f"{name}={values[name]}" for name in sorted(values))
    assert header(jar, "https://other.example/jobs", 0.0) == ""
    assert header(jar, "http://boats.example/jobs", 0.0) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ";;",
        "session",
        "a b=1",
        "a=1\r\nX-Evil: 1",
        "a=\x00",
        "a=é",
        "=1",
        "a=",
        f"a={'x' * (LONGEST + 1)}",
        "; ".join(f"c{n}=1" for n in range(MOST + 1)),
    ],
)
def test_what_is_no_cookie_is_refused_and_not_repeated(typed):
    with pytest.raises(Rejected) as refused:
        entered(typed, "https://boats.example/jobs")
    (why,) = refused.value.fields["typed"]
    assert "xxx" not in why
