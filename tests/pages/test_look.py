"""Times, badges and progress on every page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from jobly.templatetags.look import ago, badge, progress
from jobly.users.models import User

MOMENT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=-10), "just now"),
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=-5), "5\xa0minutes ago"),
        (timedelta(days=-1, hours=-3), "1\xa0day ago"),
        (timedelta(days=-40), "1\xa0month ago"),
        (timedelta(days=3, minutes=1), "in 3\xa0days"),
    ],
)
def test_a_moment_is_told_from_now_with_the_exact_time_on_hover(delta, words):
    moment = timezone.now() + delta
    shown = ago(moment)
    assert f">{words}</time>" in shown
    assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in shown


def test_no_moment_is_never():
    assert ago(None) == "never"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Oslo", "21 Nov 2026, 00:30 CET"),
        ("UTC", "20 Nov 2026, 23:30 UTC"),
        ("No/Where", "20 Nov 2026, 23:30 UTC"),
        ("../../etc/passwd", "20 Nov 2026, 23:30 UTC"),
        ("", "20 Nov 2026, 23:30 UTC"),
    ],
)
def test_a_date_is_the_viewers_and_utc_on_hover(zone, shown):
    template = Template("{% load look %}{% when moment %}|{% day moment %}")
    text = template.render(Context({"moment": MOMENT, "user": User(time_zone=zone)}))
    assert f">{shown}</time>|" in text
    assert f">{shown.split(',')[0]}</time>" in text
    assert 'title="2026-11-20 23:30:00 UTC"' in text


def test_a_badge_says_its_word():
    assert badge("needs_attention") == (
        '<span class="badge badge--needs-attention">needs attention</span>'
    )
    assert "&lt;b&gt;" in badge("<b>")


@pytest.mark.parametrize(
    ("counts", "percent", "text"),
    [
        ((30, 5, 5, 100), 40, "30 done, 5 failed, 5 skipped of 100"),
        ((1200, 0, 0, 1200), 100, "1,200 done of 1,200"),
        ((7, 0, 0, None), 0, "7 done"),
        ((None, None, None, None), 0, "0 done"),
        ((12, 0, 0, 10), 100, "12 done of 12"),
    ],
)
def test_progress_draws_shares_and_says_counts(counts, percent, text):
    bar = progress(*counts)["bar"]
    assert (bar.percent, bar.text) == (percent, text)
    assert bar.done + bar.failed + bar.skipped <= 100.0001


def test_progress_is_read_by_screen_readers_and_has_no_inline_style():
    template = Template("{% load look %}{% progress done=1 failed=1 total=4 %}")
    text = template.render(Context())
    assert 'role="progressbar"' in text
    assert 'aria-valuenow="50"' in text
    assert "style=" not in text
