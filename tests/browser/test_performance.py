"""Performance in a browser: a link is followed, and the click shows on the page."""

import pytest
from playwright.sync_api import expect

from .conftest import CHROMIUM, OUTSIDE, WIDTHS, apart, opened, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: performance was not tested"),
]
PAGE = "/admin/distribution/clickday/performance/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def published(page, origin):
    """Put one of the demo's jobs on our own board; return the link its board was given."""
    ask = page.request
    channel = ask.get(f"{origin}/api/v1/channels/?kind=internal").json()["results"][0]
    token = next(c["value"] for c in page.context.cookies() if c["name"] == "csrftoken")
    headers = {"X-CSRFToken": token, "Referer": origin}
    jobs = ask.get(f"{origin}/api/v1/jobs/?company={channel['company']}").json()["results"]
    for job in jobs:
        sent = ask.post(
            f"{origin}/api/v1/distributions/?wait=20",
            data={"job": job["id"], "channel": channel["id"]},
            headers=headers,
        )
        if sent.ok:
            break
    row = sent.json()["id"]
    (attempt,) = ask.get(f"{origin}/api/v1/distributions/{row}/attempts/").json()["results"]
    return attempt["request"]["apply_url"]


def follow(origin):
    with opened(origin, java_script_enabled=False, user_agent=BROWSER) as page:
        sign_in(page, origin, "recruiter")
        page.goto(origin + PAGE)
        clicks = page.locator(".pf-step").nth(1).locator("strong")
        before = int(clicks.inner_text().replace(",", "")) if clicks.count() else 0
        link = published(page, origin)
        for _ in range(2):
            assert page.request.get(link, max_redirects=0).status in {200, 302}
        page.goto(origin + PAGE)
        expect(clicks).to_have_text(f"{before + 1:,}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OUTSIDE) == []
        page.get_by_label("Line by line").select_option("job")
        page.get_by_label("Period").select_option("90")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", name="Job by job")).to_be_visible()
        expect(page.get_by_label("Period")).to_have_value("90")


def test_a_followed_link_shows_on_the_page_without_script(jobly):
    apart(follow, jobly.origin)
