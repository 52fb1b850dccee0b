"""A Jobly started as README says, and a browser that notes what it sees and complains about."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Error, sync_playwright

from jobly.environment import SETTINGS_TABLE
from tests.real import postings
from tests.real.world import free_port, tail

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
READY_SECONDS, STOP_SECONDS = 180, 60
PATIENCE = 60_000  # milliseconds
files = count(1)
#: note what the page is told while it is open, and what its policy refuses
WATCH = """
window.seen = {progress: [], done: [], refused: [], applied: [], resets: 0, lines: [], first: 0};
document.addEventListener("securitypolicyviolation",
  (e) => window.seen.refused.push(`${e.violatedDirective} ${e.blockedURI}`));
document.addEventListener("jobly:applied", (e) => window.seen.applied.push(e.detail));
document.addEventListener("jobly:reset", () => { window.seen.resets += 1; });
document.addEventListener("DOMContentLoaded", () => {
  window.seen.first = Number(document.querySelector("[data-live]")?.dataset.seq);
  const line = () => window.seen.lines.push(document.documentElement.dataset.line);
  new MutationObserver(line).observe(document.documentElement,
                                     {attributes: true, attributeFilter: ["data-line"]});
  const head = document.querySelector(".run__head[data-run]");
  if (!head) return;
  const bar = head.querySelector('[data-field="progress"]');
  const done = head.querySelector('[data-field="done"]');
  const note = () => { window.seen.progress.push(bar.value);
                       window.seen.done.push(Number(done.textContent.replaceAll(",", ""))); };
  note();
  new MutationObserver(note).observe(head, {subtree: true, childList: true, attributes: true,
                                            characterData: true});
});
"""
WIDTHS = (1280, 390)
#: how far a page can be scrolled sideways, and the first that stands out of it
OUTSIDE = """() => {
  const page = document.documentElement, found = [];
  if (page.scrollWidth <= page.clientWidth) return found;
  for (const one of document.querySelectorAll("main *, .jb *")) {
    if (one.closest(".jb-scroll")) continue;
    if (one.getBoundingClientRect().right <= page.clientWidth) continue;
    found.push(`${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 60)}`);
  }
  return [`${page.scrollWidth} px`, ...found.slice(0, 3)];
}"""


@dataclass(frozen=True)
class Instance:
    """A running Jobly."""

    port: int
    up: subprocess.Popen[bytes]
    log: Path

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            return requests.get(f"{self.origin}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def live_pids(self):
        """The processes that serve live streams here."""
        wanted = {b"jobly.asgi:application", str(self.port + 1).encode()}
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = set(entry.read_bytes().split(b"\0"))
            except OSError:
                continue
            if wanted <= words:
                found.append(int(entry.parent.name))
        return found


@pytest.fixture(scope="session")
def jobly(tmp_path_factory):
    """A Jobly with its demo, started as README says."""
    folder = tmp_path_factory.mktemp("up")
    known = {setting.name for setting in SETTINGS_TABLE}
    env = {name: value for name, value in os.environ.items() if name not in known}
    port, log = free_port(pair=True), folder / "up.log"
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port)]
    with log.open("wb") as output:
        up = subprocess.Popen(
            [*command, "--var", str(folder / "var")], env=env, stdout=output, stderr=output
        )
    instance = Instance(port, up, log)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not instance.answers():
            assert up.poll() is None, tail(log)
            assert time.monotonic() < deadline, tail(log)
            time.sleep(0.2)
        yield instance
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(STOP_SECONDS)


@contextmanager
def opened(origin, **options):
    """Open a page that notes its complaints, the addresses it asks and its sockets."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        page = context.new_page()
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


def sign_in(page, origin, role="recruiter"):
    page.goto(f"{origin}/login/?next=/admin/")
    page.get_by_role("button", name=f"Sign in as {role}").click()
    page.wait_for_url(f"{origin}/admin/")


def fits(page):
    """Nothing of the page stands out of it, on a desk and on a phone."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert _outside(page) == [], f"{page.url} at {width}"
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def _outside(page):
    """Measure a page; one that loads itself again at this moment is measured when it is there."""
    try:
        return page.evaluate(OUTSIDE)
    except Error:
        page.wait_for_load_state()
        return page.evaluate(OUTSIDE)


def send(page, origin, name, rows):
    """Upload a file in the admin and have its rows checked; leave the page that shows them."""
    page.goto(f"{origin}/admin/ingestion/upload/add/")
    text = postings.csv(rows, first=next(files) * 100_000)  # jobs that no other file has
    content = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator('input[type="file"]').set_input_files(content)
    page.get_by_role("button", name="Upload and choose columns").click()
    page.get_by_role("button", name="Check all rows").click()
    page.get_by_role("heading", name="The work").wait_for()


def let_in(page):
    """Import a file whose rows are being checked; leave the page that shows what becomes of it."""
    page.get_by_role("button", name="good row").click()
    page.get_by_role("heading", name="What became of the rows").wait_for()


def write(page, origin, title):
    """Write a job by hand that no other test knows; return its number."""
    page.goto(f"{origin}/admin/ingestion/job/add/")
    page.locator("[name=title]").fill(title)
    page.locator("[name=location]").fill("Denver, CO")
    page.locator("[name=employment_type]").select_option("FULL_TIME")
    text = "We look for a salesman who joins pipes by TIG and by hand. " * 5
    page.locator("[name=description]").fill(text)
    page.get_by_role("button", name="Save and open").click()
    page.wait_for_url(re.compile(r"/job/\d+/change/"))
    return page.url.split("/")[-3]


def apart(test, *args):
    """Run a browser on a thread of its own: Playwright's loop must not be seen by Django."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(test, *args).result()
