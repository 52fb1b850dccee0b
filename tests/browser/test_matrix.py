"""The matrix in a browser: it fills by itself while boards are slow, and reads on a phone."""

import re

import pytest
import requests
from playwright.sync_api import expect

from .conftest import CHROMIUM, apart, fits, opened, sign_in, write

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the matrix was not tested"),
]
PAGES = "/admin/distribution/distribution"


def fill(origin):
    sandbox = requests.get(f"{origin}/api/v1/", timeout=10).json()["sandbox"]
    slow = {"faults": [{"kind": "slow", "share": 1, "seconds": 0.7}]}
    assert requests.put(f"{sandbox}/faults", json=slow, timeout=10).ok
    with opened(origin) as page:
        sign_in(page, origin)
        job = write(page, origin, "Pipe fitter")
        page.goto(f"{origin}{PAGES}/publish/?job={job}")
        for box in page.locator("input[name=channels]:not([disabled])").all():
            box.check()
        page.locator("button.jb-btn--main").click()
        page.wait_for_url(re.compile("/runs/"))
        page.get_by_role("link", name="Jobs and boards").click()
        cells = page.locator("a.jb-mx__cell")
        expect(page.locator("html")).to_have_attribute("data-line", "live")
        # no reload: what the work tells brings the cells along
        expect(page.locator("a.jb-mx__cell .badge--published").first).to_be_visible()
        cells.first.focus()
        expect(page.get_by_role("tooltip").first).to_be_visible()
        fits(page)
        page.locator("a.jb-mx__cell:has(.badge--published)").first.click()
        expect(page.get_by_role("heading", name="The chain of proof")).to_be_visible()
        page.get_by_role("button", name="Look now").click()
        expect(page.get_by_role("heading", name="Our own looks")).to_be_visible()
        fits(page)
        assert page.complaints == []
    requests.delete(f"{sandbox}/faults", timeout=10)


def test_the_matrix_fills_live_and_each_cell_leads_to_its_proof(jobly):
    apart(fill, jobly.origin)
