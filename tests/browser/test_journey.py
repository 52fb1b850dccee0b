"""A recruiter's first minutes: sign in, send a file, watch it, publish, watch that to the end."""

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, PATIENCE, apart, let_in, opened, send, sign_in

LONG, SHORT = 3000, 3  # rows: a file that takes seconds, and one to publish

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the journey was not tested"),
]


def watched(page):
    """What the run page showed without being loaded again, once the run has ended."""
    head = page.locator(".run__head")
    expect(head.locator('[data-field="status"]')).to_have_text("succeeded", timeout=PATIENCE)
    seen = page.evaluate("window.seen")
    assert seen["refused"] == []
    return seen


def rises(values):
    return values == sorted(values) and len(set(values)) >= 3


def journey(origin):
    with opened(origin) as page:
        sign_in(page, origin)
        send(page, origin, "many.csv", LONG)
        page.locator('a[href^="/runs/"]').first.click()
        seen = watched(page)
        assert rises(seen["done"]), seen["done"]
        assert seen["done"][-1] == LONG
        assert page.sockets

        send(page, origin, "few.csv", SHORT)
        let_in(page)
        publish = page.get_by_role("link", name="Publish these jobs")
        publish.wait_for()  # the page follows along by itself
        publish.click()
        for box in page.locator('input[name="channels"]').all():
            box.check()
        page.get_by_role("button", name="Publish now").click()
        page.wait_for_url("**/runs/**")
        seen = watched(page)
        assert rises(seen["progress"]), seen["progress"]
        assert (seen["progress"][-1], seen["done"][-1]) == (100, SHORT * 4)
        expect(page.locator("[data-children-of] tr")).to_have_count(SHORT * 4)

        page.goto(f"{origin}/admin/distribution/distribution/")
        expect(page.get_by_text("published").first).to_be_visible()
        assert page.evaluate("window.seen.refused") == []
        assert page.complaints == []


def test_from_the_first_click_to_the_last_board_everything_moves_by_itself(jobly):
    apart(journey, jobly.origin)
