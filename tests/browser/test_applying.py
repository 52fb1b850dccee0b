"""Somebody applies on a page without scripts or account; a recruiter reads it and decides."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, apart, fits, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: applying was not tested"),
]
CV = {"name": "cv.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n1\n%%EOF\n"}


def ask(page, origin):
    """Put a question to a job of the demo; return the address of its form."""
    page.goto(f"{origin}/admin/ingestion/job/?status__exact=live")
    page.locator("#result_list tbody a[href*='/change/']").first.click()
    job = page.url
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Link to apply").fill("")  # from now on one applies here
    page.get_by_role("button", name="Save").click()
    page.goto(job)
    page.get_by_role("link", name="Questions").click()
    page.get_by_label("Question", exact=True).fill("May you work in Norway?")
    page.get_by_label("Answered by").select_option("yes_no")
    page.get_by_label("Hoped for").fill("yes")
    page.get_by_role("button", name="Ask this").click()
    expect(page.get_by_text("is asked from now on")).to_be_visible()
    fits(page)
    return page.get_by_role("link", name="See the form").get_attribute("href")


def apply(page, origin, form):
    """Make a mistake, mend it, send."""
    page.goto(f"{origin}{form}")
    fits(page)
    page.get_by_label("Your name").fill("Jane Doe")
    page.get_by_label("E-mail").fill("jane.doe@example.org")
    page.locator('input[type="file"]').set_input_files({**CV, "buffer": b"<script>"})
    page.get_by_label("No", exact=True).check()
    page.get_by_label("may keep and read my application").check()
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose your files again")
    expect(page.get_by_label("Your name")).to_have_value("Jane Doe")
    expect(page.get_by_label("No", exact=True)).to_be_checked()
    fits(page)
    page.locator('input[type="file"]').set_input_files(CV)
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_text("Your application was sent.")).to_be_visible()
    fits(page)


def decide(page, origin):
    """Find the person, look, move, and take it back."""
    page.goto(f"{origin}/admin/distribution/applicant/?q=jane")
    fits(page)
    page.locator("#result_list").get_by_role("link", name=re.compile("Jane Doe")).first.click()
    expect(page.get_by_text("look at this")).to_be_visible()
    page.get_by_label("To stage").select_option("interview")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_text("Moved to interview.")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The move was taken back.")).to_be_visible()


def journey(origin):
    with opened(origin) as recruiter:
        sign_in(recruiter, origin)
        form = ask(recruiter, origin)
        apply(recruiter, origin, form)
        decide(recruiter, origin)
        assert recruiter.evaluate("window.seen.refused") == []
        wrong_file = "the server responded with a status of 400"
        assert [one for one in recruiter.complaints if wrong_file not in one] == []


def test_one_applies_and_a_recruiter_decides(jobly):
    apart(journey, jobly.origin)
