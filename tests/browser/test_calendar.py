"""The calendar in a browser: what is planned is seen, moved and taken off without script."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, apart, fits, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the calendar was not tested"),
]
CALENDAR = "/admin/distribution/distribution/calendar/"


def moment(days):
    return datetime.now() + timedelta(days=days)  # noqa: DTZ005 # by the browser's clock


def plan_one(page, origin):
    """Have a job that stands nowhere published in 40 days; leave the page of its run."""
    page.goto(f"{origin}/admin/ingestion/job/?status__exact=live&o=-1")
    boxes = page.locator("input[name=_selected_action]")
    jobs = boxes.evaluate_all("found => found.map(box => box.value)")
    for job in jobs:
        page.goto(f"{origin}/admin/distribution/distribution/publish/?job={job}")
        free = page.locator("input[name=channels]:enabled")
        if free.count():  # some jobs are everywhere, or no board would take them
            break
    free.first.check()
    page.locator("summary", has_text="Publish later").click()
    page.fill("#id_at", f"{moment(40):%Y-%m-%dT09:00}")
    page.locator("button.jb-btn--main").first.click()


def until_shown(page, origin):
    """Open the day again and again until the work behind it is done."""
    for _ in range(60):
        page.goto(f"{origin}{CALENDAR}?view=day&on={moment(40):%Y-%m-%d}")
        if page.locator(".cal-entry").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator(".cal-entry")).to_have_count(1)


def plan_and_move(origin):
    with opened(origin, java_script_enabled=False) as page:
        sign_in(page, origin, "recruiter")
        plan_one(page, origin)
        until_shown(page, origin)

        page.locator(".cal-entry input").check()
        page.fill("#id_at", f"{moment(41):%Y-%m-%dT10:30}")
        page.get_by_role("button", name="Move").click()
        expect(page.get_by_text("1 moved.")).to_be_visible()

        page.goto(f"{origin}{CALENDAR}?on={moment(41):%Y-%m-%d}")
        entry = page.locator(".cal-entry", has_text="10:30")
        expect(entry).to_have_count(1)
        fits(page)
        entry.locator("input").check()
        page.get_by_role("button", name="Take off the calendar").click()
        expect(page.get_by_text("1 taken off the calendar; nothing was sent.")).to_be_visible()
        assert page.complaints == []


def test_what_is_planned_is_moved_and_taken_off_without_script(jobly):
    apart(plan_and_move, jobly.origin)
