"""A recruiter's first minutes: sign in, send a file, watch it, publish, watch that to the end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from jobly.environment import SETTINGS_TABLE
from tests.real import postings
from tests.real.world import free_port, tail

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
READY_SECONDS, STOP_SECONDS = 90, 15
LONG, SHORT = 3000, 3  # rows: a file that takes seconds, and one to publish
PATIENCE = 60_000  # milliseconds
#: note what the page is told while it is open, and what its policy refuses
WATCH = """
window.seen = {progress: [], done: [], refused: []};
document.addEventListener("securitypolicyviolation",
  (e) => window.seen.refused.push(`${e.violatedDirective} ${e.blockedURI}`));
document.addEventListener("DOMContentLoaded", () => {
  const head = document.querySelector(".run__head");
  if (!head) return;
  const bar = head.querySelector('[data-field="progress"]');
  const done = head.querySelector('[data-field="done"]');
  const note = () => { window.seen.progress.push(bar.value);
                       window.seen.done.push(Number(done.textContent)); };
  note();
  new MutationObserver(note).observe(head, {subtree: true, childList: true, attributes: true,
                                            characterData: true});
});
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the journey was not tested"),
]


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """The address of a Jobly with its demo, started as README says."""
    folder = tmp_path_factory.mktemp("up")
    port = free_port(pair=True)
    known = {setting.name for setting in SETTINGS_TABLE}
    env = {name: value for name, value in os.environ.items() if name not in known}
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port)]
    log = folder / "up.log"
    with log.open("wb") as output:
        up = subprocess.Popen(
            [*command, "--var", str(folder / "var")], env=env, stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(address):
            assert up.poll() is None, tail(log)
            assert time.monotonic() < deadline, tail(log)
            time.sleep(0.2)
        yield address
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(STOP_SECONDS)


def answers(address):
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def opened(origin):
    """Open a page that notes its complaints, the addresses it asks and its sockets."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.add_init_script(WATCH)
        page.complaints, page.sockets = [], []
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("websocket", lambda socket: page.sockets.append(socket.url))
        page.on(
            "request",
            lambda sent: (
                sent.url.startswith((origin, "data:", "blob:"))
                or page.complaints.append(f"foreign: {sent.url}")
            ),
        )
        try:
            yield page
        finally:
            browser.close()


def send(page, origin, name, rows):
    """Upload a file in the admin; leave the page that shows what becomes of it."""
    page.goto(f"{origin}/admin/ingestion/upload/add/")
    content = {"name": name, "mimeType": "text/csv", "buffer": postings.csv(rows).encode()}
    page.locator('input[type="file"]').set_input_files(content)
    page.get_by_role("button", name="Upload and read it").click()
    page.get_by_role("heading", name="What became of the rows").wait_for()


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
        page.goto(f"{origin}/login/?next=/admin/")
        page.get_by_role("button", name="Sign in as recruiter").click()
        page.wait_for_url(f"{origin}/admin/")

        send(page, origin, "many.csv", LONG)
        page.locator('a[href^="/runs/"]').first.click()
        seen = watched(page)
        assert rises(seen["done"]), seen["done"]
        assert seen["done"][-1] == LONG
        assert page.sockets

        send(page, origin, "few.csv", SHORT)
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


def test_from_the_first_click_to_the_last_board_everything_moves_by_itself(origin):
    with ThreadPoolExecutor(1) as thread:  # Playwright's loop must not be seen by Django
        thread.submit(journey, origin).result()
