"""The calendar in a browser: what is planned is seen, moved and taken off without script."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, fits, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the calendar was not tested"),
]
CALENDAR = "/admin/distribution/distribution/calendar/"


def moment(days):
    return datetime.now() + timedelta(days=days)  # noqa: DTZ005 # by the browser's clock


def plan_one(page, origin):
    """Choose a job in the admin and have it published 40 days from now; return its day's page."""
    page.goto(f"{origin}/admin/ingestion/job/?status__exact=live")
    job = page.locator("input[name=_selected_action]").last.get_attribute("value")
    page.goto(f"{origin}/admin/distribution/distribution/publish/?job={job}")
    page.locator("input[name=channels]:enabled").first.check()
    page.locator("summary", has_text="Publish later").click()
    page.fill("#id_at", f"{moment(40):%Y-%m-%dT09:00}")
    page.get_by_role("button", name=re.compile("^Publish")).first.click()
    return f"{origin}{CALENDAR}?view=day&on={moment(40):%Y-%m-%d}"


def until_shown(page, day):
    """Open a day again and again until the work behind it is done."""
    for _ in range(60):
        page.goto(day)
        if page.locator(".cal-entry").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator(".cal-entry")).to_have_count(1)


def test_what_is_planned_is_moved_and_taken_off_without_script(jobly):
    with opened(jobly.origin, java_script_enabled=False) as page:
        sign_in(page, jobly.origin, "recruiter")
        until_shown(page, plan_one(page, jobly.origin))

        page.locator(".cal-entry input").check()
        page.fill("#id_at", f"{moment(41):%Y-%m-%dT10:30}")
        page.get_by_role("button", name="Move").click()
        expect(page.get_by_text("1 moved.")).to_be_visible()

        page.goto(f"{jobly.origin}{CALENDAR}?on={moment(41):%Y-%m-%d}")
        entry = page.locator(".cal-entry", has_text="10:30")
        expect(entry).to_have_count(1)
        entry.locator("input").check()
        page.get_by_role("button", name="Take off the calendar").click()
        expect(page.get_by_text("1 taken off the calendar; nothing was sent.")).to_be_visible()
        assert page.complaints == []


def test_a_full_month_fits_a_desk_and_a_phone(jobly):
    with opened(jobly.origin) as page:
        sign_in(page, jobly.origin, "recruiter")
        until_shown(page, plan_one(page, jobly.origin))
        page.goto(f"{jobly.origin}{CALENDAR}?on={moment(40):%Y-%m-%d}")
        fits(page)
        assert page.complaints == []
