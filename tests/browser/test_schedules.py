"""Schedules and queues in a browser: times in its own zone, and buttons without script."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: schedules were not tested"),
]
WORK = "Tidy up old records"


def test_next_times_are_told_in_the_browsers_zone(jobly):
    with opened(jobly.origin, timezone_id="America/New_York") as page:
        sign_in(page, jobly.origin, "staff")
        page.goto(f"{jobly.origin}/admin/runs/schedule/")
        expect(page.get_by_text("Your zone: America/New_York")).to_be_visible()
        page.get_by_role("link", name=WORK).click()
        rows = page.locator("section:has(#next) tbody tr")
        expect(rows).to_have_count(5)
        for row in rows.all():
            utc, here = row.locator("td").all_inner_texts()
            assert utc.endswith(", 03:17")
            assert re.search(r"2[23]:17 E[SD]T$", here), here  # the evening before, by their clocks
        assert page.complaints == []


def test_without_script_the_schedules_zone_and_utc_are_there(jobly):
    with opened(jobly.origin, java_script_enabled=False) as page:
        sign_in(page, jobly.origin, "staff")
        page.goto(f"{jobly.origin}/admin/runs/schedule/")
        assert page.locator("[data-here-column]:visible").count() == 0
        page.get_by_role("link", name=WORK).click()
        rows = page.locator("section:has(#next) tbody tr")
        assert all(
            text.endswith(", 03:17") for text in rows.locator("td:visible").all_inner_texts()
        )
        page.locator("button", has_text="Run now").click()
        expect(page.locator("h1")).to_have_text(WORK)


def test_a_queue_is_paused_and_let_go_on(jobly):
    with opened(jobly.origin, java_script_enabled=False) as page:
        sign_in(page, jobly.origin, "staff")
        page.goto(f"{jobly.origin}/admin/runs/queue/")
        card = page.locator("section:has(#q-interactive)")
        card.get_by_label("Why, for others to read").fill("a rehearsal")
        card.get_by_role("button", name="Pause").click()
        expect(card).to_contain_text("a rehearsal. Nothing waits.")
        card.get_by_role("button", name="Let it go on").click()
        expect(card).not_to_contain_text("paused")
