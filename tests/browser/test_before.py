"""Before a job is sent: previews side by side, a quick fix, what a change changes, a rehearsal."""

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, apart, fits, opened, sign_in, write

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: previews were not tested"),
]


def see_mend_rehearse(origin):
    with opened(origin, java_script_enabled=False) as page:
        sign_in(page, origin)
        write(page, origin, "Welder - URGENT")
        page.get_by_role("link", name="Preview").click()
        linkedin = page.locator("#linkedin")
        expect(linkedin).to_contain_text("Equal Pay for Equal Work Act")
        expect(page.get_by_role("button", name="Publish here").first).to_be_disabled()
        fits(page)

        linkedin.get_by_role("button", name="Call it").click()
        expect(page.locator("#linkedin .jb-look h3")).to_have_text("Welder")

        page.locator("summary", has_text="What changes if").click()
        page.get_by_label("Pay").fill("USD 60,000 - 70,000 per year")
        page.get_by_role("button", name="Show what changes").click()
        expect(page.get_by_role("status")).to_contain_text("4 would get something else")
        page.get_by_role("button", name="Save this to the job").click()
        expect(page.locator("#linkedin .jb-look")).to_contain_text("60,000")

        page.get_by_role("link", name="Publish on").click()
        expect(page.locator("section:has(#plan)")).to_contain_text("create")
        fits(page)
        page.locator("input[value=linkedin]").check()
        page.get_by_role("button", name="Rehearse").click()
        expect(page.locator(".jb-head__title")).to_contain_text("Rehearsal of 1 job on linkedin")
        fits(page)
        assert page.complaints == []


def test_a_job_is_seen_on_every_board_mended_and_rehearsed(jobly):
    apart(see_mend_rehearse, jobly.origin)
