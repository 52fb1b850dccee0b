"""Operators in a browser: reading again with its diff, duplicates and the pipeline's screen."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, PATIENCE, apart, fits, let_in, opened, send, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the pipeline was not tested"),
]
LISTS = (
    "alertrule", "employer", "fetch", "job", "likeness", "processing", "rawcollection", "source",
    "takedown", "upload",
)  # fmt: skip


def clean(page):
    assert page.complaints == []
    assert page.evaluate("window.seen.refused") == []


def badge(page, text):
    expect(page.locator(".jb-head__title .badge")).to_have_text(text, timeout=PATIENCE)


# reading again


def read_again(origin):
    with opened(origin) as page:
        sign_in(page, origin, "staff")
        page.goto(f"{origin}/admin/ingestion/reprocessing/add/")
        fits(page)
        page.locator("#id_source").select_option("Demo catalogue")
        page.locator("#id_transformer").select_option("v1")
        page.get_by_role("button", name="Begin").click()
        badge(page, "ready")  # by itself: the page follows its run to the end
        expect(page.get_by_text("Nothing has changed yet.")).to_be_visible()
        count = look_at_the_diff(page)
        fits(page)

        page.get_by_role("button", name="Approve").click()
        badge(page, "done")
        updated = page.locator(".jb-figure", has_text="updated").locator("strong")
        expect(updated).to_have_text(str(count))
        fits(page)

        page.get_by_text("Roll back…").click()
        expect(page.get_by_text(f"{count} changed jobs get back what was there")).to_be_visible()
        fits(page)
        page.get_by_role("button", name="Yes, roll it back").click()
        badge(page, "rolled back")
        expect(page.get_by_text("every row it wrote is as it was before")).to_be_visible()
        clean(page)


def look_at_the_diff(page):
    """Narrow the differences to one field; return how many jobs would change."""
    changed = int(page.locator("dt:has-text('Jobs changed') + dd").inner_text())
    assert changed
    choice = page.locator("#field option").nth(1)
    name, count = re.fullmatch(r"(.+) \((\d+)\)", choice.inner_text()).groups()
    page.locator("#field").select_option(choice.get_attribute("value"))
    page.get_by_role("button", name="Show").click()
    rows = page.locator("section:has(#fields) tbody tr")
    expect(rows).to_have_count(min(int(count), 25))  # a page of them
    expect(rows.first.locator("td[data-label='Field']")).to_have_text(name)
    return changed


def test_a_shadow_is_read_judged_let_in_and_put_back(jobly):
    apart(read_again, jobly.origin)


# duplicates


def judge(origin):
    with opened(origin) as page:
        sign_in(page, origin, "staff")
        page.goto(f"{origin}/admin/ingestion/likeness/review/")
        heading = page.get_by_text("wait for a person")
        waiting = int(re.search(r"(\d+) wait", heading.inner_text())[1])
        fits(page)
        page.keyboard.press("s")
        expect(page.get_by_text("Noted: the same job.")).to_be_visible()
        expect(heading).to_contain_text(f"{waiting - 1} wait")
        fits(page)
        page.goto(f"{origin}/admin/ingestion/likeness/quality/")
        expect(page.get_by_text("Measured on 1 pair")).to_be_visible()
        page.locator("#id_jaccard").fill("0.9")
        page.get_by_role("button", name="Show what they would do").click()
        expect(page.get_by_role("button", name="Put these bars in force")).to_be_visible()
        fits(page)
        page.goto(f"{origin}/admin/ingestion/likeness/?state=said")
        page.locator("#result_list tbody a").first.click()
        page.get_by_role("button", name="Take it back").first.click()
        expect(page.get_by_text("Taken back; the rule decides again.")).to_be_visible()
        clean(page)


def test_a_pair_is_judged_measured_and_taken_back(jobly):
    apart(judge, jobly.origin)


# the screen of the pipeline


def watch(origin):
    with opened(origin) as page:
        sign_in(page, origin, "staff")
        page.goto(f"{origin}/admin/ingestion/sourceday/")
        expect(page.locator("[data-live-state]").first).to_have_text("Live", timeout=PATIENCE)
        fits(page)
        other = page.context.browser.new_context().new_page()
        sign_in(other, origin)
        send(other, origin, "watched.csv", 300)
        let_in(other)
        row = page.locator("section:has(#now) tr[data-run]", has_text="Load jobs")
        expect(row.locator("[data-field='status']")).to_have_text("succeeded", timeout=PATIENCE)
        fits(page)
        clean(page)


def look_at_all(origin):
    with opened(origin) as page:
        sign_in(page, origin, "staff")
        for name in LISTS:
            page.goto(f"{origin}/admin/ingestion/{name}/")
            fits(page)
            first = page.locator("#result_list tbody a[href*='/change/']").first
            if first.count():
                page.goto(f"{origin}{first.get_attribute('href')}")
                fits(page)
        clean(page)


def test_work_arrives_on_the_pipelines_screen_by_itself(jobly):
    apart(watch, jobly.origin)


def test_no_page_of_the_pipeline_is_wider_than_its_screen(jobly):
    apart(look_at_all, jobly.origin)
