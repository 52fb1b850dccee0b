"""Watching a run through cuts and restarts: the page goes on with exactly the next number."""

import os
import signal
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from .conftest import CHROMIUM, PATIENCE, apart, let_in, opened, send, sign_in

ROWS = 5000  # a file that takes long enough to be interrupted on the way
CUT_SECONDS = 1.0
#: have a run's page begin once as if it had been open since before a restore of the database
MISPLACE = """
document.addEventListener("readystatechange", () => {
  const page = document.querySelector("article[data-live]");
  if (!page || sessionStorage.misplaced) return;
  sessionStorage.misplaced = "yes";
  page.dataset.seq = "999999999";
});
"""
READ_ALL = """async (first) => {
  const stream = document.querySelector("[data-live]").dataset.stream;
  const rest = document.querySelector("[data-live]").dataset.rest;
  const found = [];
  for (let after = first; ;) {
    const answer = await fetch(`${rest}?stream=${encodeURIComponent(stream)}&after=${after}`);
    const page = await answer.json();
    if (!page.results.length) return found;
    found.push(...page.results);
    after = found.at(-1).seq;
  }
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: watching was not tested"),
]


def watch_a_file(page, origin, name, rows=ROWS):
    """Send a file, and open the page of its run while it is read."""
    send(page, origin, name, rows)
    page.locator('a[href^="/runs/"]').first.click()
    status(page, "running")
    until(page, "window.seen.applied.length >= 2")


def status(page, wanted):
    badge = page.locator('.run__head [data-field="status"]')
    expect(badge).to_have_text(wanted, timeout=PATIENCE)


def until(page, condition):
    """Wait for something in the page; its policy lets nobody evaluate text from inside."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def line(page, wanted):
    """Wait until the page says that its line stands, or does not, in this way."""
    until(page, f"document.documentElement.dataset.line === '{wanted}'")


def check_whole(page):
    """The page applied every event of its stream behind the first number, once, in order."""
    status(page, "succeeded")
    # the page may be read anew, and say so, before the end of the run has come by its stream
    until(page, "window.seen.applied.some((item) => item.type === 'job.completed')")
    page.wait_for_timeout(500)
    seen = page.evaluate("window.seen")
    first = seen["first"]
    stored = page.evaluate(READ_ALL, first)
    numbers = [item["seq"] for item in seen["applied"]]
    upto = numbers[-1]
    told = [item for item in stored if item["seq"] <= upto]
    assert numbers == list(range(first + 1, upto + 1)), "a number is missing, doubled or displaced"
    assert [item["data"] for item in seen["applied"]] == [item["data"] for item in told]
    ended = [item["seq"] for item in told if item["type"] == "job.completed"]
    assert ended, "the end of the run is among them"
    assert seen["resets"] == 0
    assert seen["refused"] == []
    return seen


def until_told(page, origin, after):
    """Wait, beside the page, until its stream has grown behind a number."""
    stream = page.evaluate("document.querySelector('[data-live]').dataset.stream")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    asked = {"stream": stream, "after": str(after)}
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        answer = requests.get(f"{origin}/api/v1/events/", params=asked, cookies=cookies, timeout=10)
        if answer.json()["results"]:
            return
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.2)


# the network is cut


def cut_the_network(origin):
    with opened(origin) as page:
        sign_in(page, origin)
        watch_a_file(page, origin, "cut.csv")
        line(page, "live")
        page.context.set_offline(True)
        line(page, "reconnecting")
        expect(page.locator("[data-live-state]").first).to_contain_text("Connection lost")
        before = page.evaluate("window.seen.applied.map((item) => item.seq)")
        until_told(page, origin, before[-1])
        page.wait_for_timeout(CUT_SECONDS * 1000)
        assert page.evaluate("window.seen.applied.length") == len(before), "nothing came through"
        page.context.set_offline(False)
        seen = check_whole(page)
        assert len(page.sockets) >= 2
        assert seen["lines"].count("live") >= 2
        assert "reconnecting" in seen["lines"]


def test_a_page_cut_off_in_the_middle_of_a_run_goes_on_with_the_next_number(jobly):
    apart(cut_the_network, jobly.origin)


# the live server dies


def kill_the_live_server(jobly):
    with opened(jobly.origin) as page:
        sign_in(page, jobly.origin)
        watch_a_file(page, jobly.origin, "killed.csv", ROWS * 2)  # up takes a while to notice
        line(page, "live")
        status(page, "running")
        (victim,) = jobly.live_pids()
        os.kill(victim, signal.SIGKILL)
        line(page, "reconnecting")
        deadline = time.monotonic() + PATIENCE / 1000
        while not (alive := [pid for pid in jobly.live_pids() if pid != victim]):
            assert time.monotonic() < deadline, "up did not start it again"
            time.sleep(0.05)
        line(page, "live")
        check_whole(page)
        assert len(alive) == 1


def test_a_page_outlives_the_live_server_and_misses_nothing(jobly):
    apart(kill_the_live_server, jobly)


# other ways than the websocket


def without(way, origin):
    with opened(origin) as page:
        page.context.route_web_socket("**/ws/events/", lambda socket: socket.close())
        if way == "log":
            page.context.route("**/events/stream*", lambda route: route.abort())
        sign_in(page, origin)
        watch_a_file(page, origin, f"{way}.csv", ROWS * 2)  # finding the way takes a while
        line(page, "polling" if way == "log" else "live")
        check_whole(page)


@pytest.mark.parametrize("way", ["events", "log"])
def test_the_same_numbers_come_by_server_sent_events_and_by_the_log(jobly, way):
    apart(without, way, jobly.origin)


# a number that is no place in the stream


def begin_too_high(origin):
    with opened(origin) as page:
        sign_in(page, origin)
        page.add_init_script(MISPLACE)
        send(page, origin, "high.csv", ROWS)
        page.locator('a[href^="/runs/"]').first.click()
        line(page, "live")
        status(page, "succeeded")
        seen = page.evaluate("window.seen")
        assert seen["resets"] == 1
        numbers = [item["seq"] for item in seen["applied"]]
        assert len(numbers) >= 2
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert numbers[-1] < 999_999_999


def test_a_page_with_a_number_the_stream_does_not_have_begins_anew(jobly):
    apart(begin_too_high, jobly.origin)


# what begins after the page was loaded


def see_it_begin(origin):
    with opened(origin) as page:
        sign_in(page, origin)
        line(page, "live")
        other = page.context.new_page()
        lists = page.context.new_page()
        lists.goto(f"{origin}/admin/runs/run/")
        send(other, origin, "begun.csv", 300)
        row = page.locator("[data-roots] tr", has_text="Read a file").last
        row.wait_for()
        expect(row.locator('[data-field="status"]')).to_have_text("succeeded", timeout=PATIENCE)
        expect(lists.locator("[data-new-runs]")).to_contain_text("new run")
        assert page.complaints == []


def test_dashboard_and_list_notice_work_that_begins_later(jobly):
    apart(see_it_begin, jobly.origin)


# no script at all


def go_without_script(origin):
    with opened(origin, java_script_enabled=False) as page:
        sign_in(page, origin)
        send(page, origin, "plain.csv", ROWS)
        page.goto(origin + page.locator('a[href^="/runs/"]').first.get_attribute("href"))
        head = page.locator(".run__head")
        done, deadline, status = [], time.monotonic() + PATIENCE / 1000, ""
        while status != "succeeded":
            assert time.monotonic() < deadline, done
            page.wait_for_timeout(500)
            status = head.locator('[data-field="status"]').text_content()
            done.append(int(head.locator('[data-field="done"]').text_content().replace(",", "")))
        assert len(set(done)) >= 2, "it was loaded again by itself and had moved on"
        assert done[-1] == ROWS
        page.get_by_role("link", name="How it went, step by step").click()
        expect(page.get_by_text("Events").first).to_be_visible()
        last = int(page.locator("[data-at]").text_content())
        page.get_by_role("link", name="Before").click()
        assert int(page.locator("[data-at]").text_content()) == last - 1
        page.get_by_role("button", name="Go there").click()
        assert int(page.locator("[data-at]").text_content()) == last - 1


def test_without_a_script_the_page_loads_itself_again_and_can_be_gone_through(jobly):
    apart(go_without_script, jobly.origin)


# going through a finished run


def scrub(origin):
    with opened(origin) as page:
        sign_in(page, origin)
        send(page, origin, "scrub.csv", 1500)
        let_in(page)
        page.get_by_text("rows are in the catalogue").wait_for()
        page.goto(origin + page.locator('a[href^="/runs/"]').first.get_attribute("href"))
        page.get_by_role("link", name="How it went, step by step").click()
        slider = page.locator("#at")
        last = int(slider.get_attribute("max"))
        percents = []
        for at in range(last, 0, -1):
            slider.fill(str(at))
            page.locator(f'[data-moment="{at}"]').wait_for()
            percents.append(int(page.locator(".run__percent").text_content().split()[0]))
        assert (percents[0], percents[-1]) == (100, 0)
        assert percents == sorted(percents, reverse=True)
        page.get_by_role("link", name="After").click()
        page.locator('[data-moment="2"]').wait_for()
        assert page.url.endswith("?at=2")
        assert page.evaluate("window.seen.refused") == []
        assert page.complaints == []


def test_the_slider_goes_through_every_event_of_a_finished_run(jobly):
    apart(scrub, jobly.origin)


def test_the_scripts_stay_light():
    folder = Path(__file__).parent.parent.parent / "static" / "runs"
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.js")}
    assert sum(sizes.values()) < 24_000, sizes
