"""A recruiter's file in a browser: columns, rows, look-alikes, import, rejects mended and sent."""

import csv
import io

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, apart, files, fits, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: uploads were not tested"),
]
HEADER = "Ref,Position,Firm,Where,About,Pay\n"
PLACES = ("Oslo, Norway", "Lyon, France", "Berlin, Germany")
ROWS = (
    'X{n}1,Glass Cutter {n},Acme Demo,"{place}",Cuts window number {n} to size by hand.,{pay}\n'
    'X{n}2,Glazier {n},Acme Demo,"{place}",Puts pane number {n} into old frames.,lots of it\n'
    'X{n}3,,Acme Demo,"{place}",Somebody forgot what number {n} is called.,\n'
    'X{n}1,Glass Cutter {n},Acme Demo,"{place}",Cuts window number {n} to size by hand.,{pay}\n'
)


def content():
    number = next(files)
    rows = ROWS.format(n=number, place=PLACES[number % 3], pay=f"EUR {30_000 + number} a year")
    return (HEADER + rows).encode()


def choose(page, name, data):
    page.locator('input[type="file"]').set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": data}
    )


def upload(page, origin, name, data):
    page.goto(f"{origin}/admin/ingestion/upload/add/")
    choose(page, name, data)
    page.get_by_role("button", name="Upload and choose columns").press("Enter")


def check(page):
    pay = page.get_by_label("Pay", exact=True)
    expect(pay).to_have_value("salary")
    expect(page.get_by_text("lots of it")).to_be_visible()
    page.get_by_role("button", name="Check all rows").press("Enter")
    imports(page, 3).wait_for()  # by itself, once the check has ended
    bad = page.locator("tr.jb-verdict--red .jb-cell--bad")
    expect(bad).to_have_text("The row has no title.")
    expect(page.locator("tr.jb-verdict--amber .jb-cell--warn")).to_contain_text("no salary")
    page.get_by_role("link", name="Red 1").click()
    expect(page.locator(".jb-preview tbody tr")).to_have_count(1)


def imports(page, rows):
    return page.get_by_role("button", name=f"Import {rows} good row")


def decide(page):
    page.get_by_role("link", name="Stands in the file twice: 1").click()
    page.get_by_label("Keep both: meant to be two").check()
    page.get_by_role("button", name="Keep these choices").click()
    expect(page.get_by_text("Say why both are meant")).to_be_visible()
    page.get_by_label("Why both").fill("two workshops")
    page.get_by_role("button", name="Keep these choices").click()
    expect(page.get_by_text("1 row decided")).to_be_visible()
    page.get_by_role("link", name="Back to all rows").click()


def let_in(page):
    imports(page, 3).press("Enter")
    page.get_by_text("1 of 4 rows were left out").wait_for()


def mend(page, origin):
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download rejects").click()
    rejects = list(csv.reader(io.StringIO(begun.value.path().read_text())))
    assert rejects[0] == ["row", "field", "code", "reason", *HEADER.strip().split(",")]
    rejects[1][5] = "Glass Blower"
    mended = io.StringIO()
    csv.writer(mended).writerows(rejects)
    upload(page, origin, "mended.csv", mended.getvalue().encode())
    page.get_by_role("button", name="Check all rows").click()
    imports(page, 1).click()
    page.get_by_text("All 1 rows are in the catalogue").wait_for()


def go_through(origin, script):
    with opened(origin, java_script_enabled=script) as page:
        sign_in(page, origin)
        if script:
            page.goto(f"{origin}/admin/ingestion/upload/add/")
            choose(page, "report.pdf", b"%PDF-1.7 no jobs in here")
            expect(page.locator("[data-upload-problem]")).to_contain_text("nothing was sent")
        upload(page, origin, "jobs.csv", content())
        pages = [check, decide, let_in] if not script else [fits, check, fits, decide, let_in, fits]
        for step in pages:
            step(page)
        mend(page, origin)
        assert page.complaints == []
        if script:
            assert page.evaluate("window.seen.refused") == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "without"])
def test_a_file_becomes_jobs_when_its_recruiter_has_seen_it(jobly, script):
    apart(go_through, jobly.origin, script)
