"""The pages in a real browser: no script runs, nothing foreign loads, narrow screens fit."""

import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from tests.make import make_company, make_employer, make_job, make_member, make_sighting, make_user

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
VECTOR = (
    '<script>document.title="owned"</script><img src="https://evil.example/x.png" onerror="'
    "document.title='owned'\"><svg/onload=\"document.title='owned'\">"
    '<a id="bait" href="javascript:document.title=\'owned\'">bait</a>'
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


@contextmanager
def browser_page(origin, *, width=1280, dark=False):
    """Open a page that notes what it complains about and what it asks strangers for."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        complaints: list[str] = []
        page.on(
            "console",
            lambda line: complaints.extend(
                [line.text] if line.type in {"error", "warning"} else []
            ),
        )
        page.on(
            "request",
            lambda sent: complaints.extend([] if sent.url.startswith(origin) else [sent.url]),
        )
        vars(page)["complaints"] = complaints
        yield page
        browser.close()


@pytest.fixture
def paths():
    job = make_job(
        "Donaudampfschifffahrtsgesellschaftskapitän (m/w/d) " + "x" * 60,
        employer=make_employer("Yard " + VECTOR),
        location_text="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        description_html=f"<p>Weld.</p>{VECTOR}<pre>{'y' * 200}</pre>"
        + "<table><tr>"
        + "<td>wide cell</td>" * 30
        + "</tr></table>",
        skills=["z" * 80, VECTOR],
        salary_min=60_000_00,
        salary_currency="EUR",
        salary_period="MONTH",
    )
    make_sighting(job, url="https://board.example/" + "w" * 150)
    ended = make_job("Ended", status="closed")
    make_member(make_company(is_demo=True), is_demo=True, name="Demo " + "n" * 80)
    return ["/", "/?q=nothing&remote=remote", "/?salary_min=x", job.path, ended.path, "/login/",
            "/password-reset/", "/nowhere/"]  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(320, False), (390, True), (1280, False)])
def test_pages_fit_run_no_script_and_load_nothing_foreign(live_server, paths, width, dark):
    with browser_page(live_server.url, width=width, dark=dark) as page:
        for path in paths:
            page.goto(live_server.url + path)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {width}"
            assert page.title() != "owned"
        assert [text for text in page.complaints if "404" not in text] == []


def test_one_gets_everywhere_by_keyboard_without_a_script(live_server, paths):
    with browser_page(live_server.url) as page:
        page.goto(live_server.url)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.goto(live_server.url)
        page.get_by_label("What", exact=True).fill("nothing like it")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=nothing*")
        assert page.get_by_text("No live job matches").is_visible()
        page.get_by_role("link", name="Remove filter").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(live_server.url + "/?")
        assert page.get_by_role("article").count() == 1


def test_every_field_has_a_name_and_every_page_one_heading(live_server, paths):
    nameless = """() => [...document.querySelectorAll('input:not([type=hidden]),select,button,a')]
        .filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.ariaLabel)
        .map(e => e.outerHTML)"""
    with browser_page(live_server.url) as page:
        for path in paths:
            page.goto(live_server.url + path)
            assert page.evaluate(nameless) == []
            assert page.locator("h1").count() == 1
            assert page.locator("main").count() == 1


def test_one_click_and_out_again(live_server, paths):
    make_user(is_demo=True, name="Sam")
    with browser_page(live_server.url) as page:
        page.goto(live_server.url + "/login/")
        page.get_by_role("button", name="Sign in as seeker").click()
        page.wait_for_url(live_server.url + "/")
        assert page.get_by_text("Sam").is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(live_server.url + "/")
        assert page.get_by_role("link", name="Sign in").is_visible()
