"""Pages of a site are collected politely: switches, robots.txt, pace, and when to stop."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from ingestion.actions import acknowledging
from ingestion.actions.acknowledging import Word
from ingestion.actions.sources import add_source
from ingestion.actions.visiting import wipe_cookies
from ingestion.models import (
    Acknowledgement,
    CookieJar,
    Fetch,
    Job,
    RawCollection,
    RobotsCopy,
    Source,
)
from ingestion.rules.acknowledging import sentence
from jobly.errors import Forbidden, Rejected
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from jobly.wiring import ON_EVENT
from tests.ingestion.fragments import (
    card,
    career_page,
    guest_detail,
    guest_search,
    listing_page,
    plain_job_page,
    posting,
)
from tests.ingestion.sites import running_site
from tests.make import make_user
from tests.proxies import forwarding_proxy

pytestmark = pytest.mark.django_db

DELAY = timedelta(milliseconds=40)


@pytest.fixture
def site(settings):
    with running_site() as found:
        settings.COLLECTOR_WEB_ENABLED = True
        settings.COLLECTOR_PRIVATE_ORIGINS = [found.origin]
        settings.RUN_BACKOFF_SCALE = 0
        settings.RUN_ON_EVENT = {}  # what becomes of the pages is asked by few
        yield found


@pytest.fixture
def stages(site, settings):
    """Make jobs of what is collected."""
    names = ("ingestion.collection_stored", "ingestion.processing_done")
    settings.RUN_ON_EVENT = {name: ON_EVENT[name] for name in names}


@pytest.fixture
def boss():
    return make_user(is_staff=True, is_superuser=True)


def source_of(site, boss=None, *, adapter="pages", delay=DELAY, **settings):
    """A source of the site, switched on, and answered for where somebody is given."""
    base = {"base_url": site.origin} if adapter == "linkedin_guest" else {}
    url = {} if base else {"url": f"{site.origin}/jobs"}
    source = add_source(
        f"pages of {site.port}",
        adapter,
        enabled=True,
        call_delay=delay,
        settings={**url, **settings},
        **base,
    )
    if boss is not None:
        answer_for(source, boss)
    return source


def answer_for(source, boss, **fields):
    robots = fields.pop("respect_robots", True)
    word = Word(
        sentence("127.0.0.1", respect_robots=robots),
        "own_site",
        "our own test site",
        robots,
        fields.pop("agent", ""),
    )
    return acknowledging.acknowledge(source, word, actor=boss)


def collect(source, strategy="scheduled", **args):
    """Collect from a source until nothing is due; return its newest walk."""
    with transaction():
        start(
            "ingestion.collect",
            {"source_id": str(source.pk), "strategy": strategy, **args},
            actor=None,
        )
    drain()
    return Fetch.objects.order_by("-started_at").first()


def newest_run():
    return Run.objects.filter(kind="ingestion.collect").order_by("-created_at").first()


def last_error():
    return newest_run().error_code


def boats(site, many, **more):
    """Fill a site with a list of jobs, each on a page of its own."""
    site.pages |= {
        "/jobs": listing_page([f"/jobs/{n}" for n in range(1, many + 1)]),
        **{f"/jobs/{n}": career_page(posting(n)) for n in range(1, many + 1)},
        **more,
    }


@pytest.mark.usefixtures("stages")
def test_a_site_is_walked_and_its_jobs_say_where_they_are_from(site, boss):
    boats(site, 2)
    source = source_of(site, boss, link="a.job")

    fetch = collect(source)

    assert (fetch.status, fetch.reason) == ("complete", "")
    assert site.asked == ["/robots.txt", "/jobs", "/jobs/1", "/jobs/2"]
    assert {job.title for job in Job.objects.all()} == {"Boat builder 1", "Boat builder 2"}
    kept = RawCollection.objects.get(request__url=f"{site.origin}/jobs/1")
    assert kept.request["basis"] == "own_site"
    assert kept.request["acknowledgement"] == str(Acknowledgement.objects.get().pk)
    agents = {request.headers["User-Agent"] for request in site.log}
    assert len(agents) == 1
    assert agents.pop().startswith("JoblyBot/1 (+")


# who may, and when nothing is asked at all


def test_the_switch_of_the_instance_is_off_by_default(site, boss, settings):
    settings.COLLECTOR_WEB_ENABLED = False
    boats(site, 1)

    fetch = collect(source_of(site, boss, link="a.job"))

    assert site.asked == []
    assert (fetch.status, fetch.reason_code, last_error()) == ("failed", *["collector_off"] * 2)


def test_a_new_source_of_pages_is_off(site, boss):
    source = add_source("new", "pages", settings={"url": f"{site.origin}/jobs"})
    answer_for(source, boss)

    assert not Source.objects.get(pk=source.pk).enabled
    collect(source)
    assert site.asked == []


def unanswered(source, boss):
    pass


def expired(source, boss):
    answer_for(source, boss)
    past = now() - timedelta(days=200)
    Acknowledgement.objects.update(created_at=past, expires_at=past + timedelta(days=180))


def withdrawn(source, boss):
    acknowledging.withdraw(answer_for(source, boss), actor=boss)


@pytest.mark.parametrize("state", [unanswered, expired, withdrawn])
def test_nothing_is_asked_that_nobody_answers_for(site, boss, state):
    boats(site, 1)
    source = source_of(site, link="a.job")
    state(source, boss)

    fetch = collect(source)

    assert site.asked == []
    assert (fetch.status, fetch.reason_code, last_error()) == ("failed", *["not_acknowledged"] * 2)


def test_a_word_holds_for_180_days(site, boss):
    word = answer_for(source_of(site), boss)
    assert word.expires_at - word.created_at == timedelta(days=180)


# robots.txt


RULES = [
    ("User-agent: *\nDisallow: /jobs\n", "robots_disallow"),
    ("User-agent: *\nAllow: /\n\nUser-agent: JoblyBot\nDisallow: /\n", "robots_disallow"),
    ("User-agent: *\nDisallow: /*obs$\n", "robots_disallow"),
    ((500, {}, ""), "robots_disallow"),
    ((301, {"Location": "/robots.txt"}, ""), "robots_disallow"),
    (("User-agent: *\nDisallow: /\n\nUser-agent: joblybot\nDisallow: /admin\n"), ""),
    ((404, {}, ""), ""),
    ((403, {}, ""), ""),
]


@pytest.mark.parametrize(("rules", "code"), RULES)
def test_robots_txt_decides_whether_a_page_is_asked_for(site, boss, rules, code):
    boats(site, 1, **{"/robots.txt": rules})

    fetch = collect(source_of(site, boss, link="a.job"))

    assert (fetch.reason_code, bool(site.pages_asked)) == (code, not code)


def test_robots_txt_is_asked_for_once_a_day_through_at_most_five_redirects(site, boss):
    hops = {f"/r{n}": (301, {"Location": f"/r{n + 1}"}, "") for n in range(1, 5)}
    rules = "User-agent: *\nDisallow: /jobs/2\n"
    boats(site, 2, **{"/robots.txt": (302, {"Location": "/r1"}, ""), "/r5": rules, **hops})
    source = source_of(site, boss, link="a.job", delay=timedelta(milliseconds=1))

    fetch = collect(source)

    assert (fetch.status, fetch.got) == ("complete", 1)
    assert "/jobs/1" in site.asked
    assert "/jobs/2" not in site.asked
    copy = RobotsCopy.objects.get()
    assert copy.keep_until - copy.fetched_at == timedelta(hours=24)
    collect(source)
    assert site.asked.count("/robots.txt") == 1


def test_leaving_robots_txt_aside_takes_a_word_of_its_own(site, boss):
    boats(site, 1, **{"/robots.txt": "User-agent: *\nDisallow: /\n"})
    source = source_of(site, link="a.job")
    answer_for(source, boss, respect_robots=False)

    assert collect(source).status == "complete"
    assert Acknowledgement.objects.without_robots().exists()


# pace


def test_gaps_are_between_one_and_two_delays(site, boss):
    boats(site, 6)
    delay = timedelta(milliseconds=120)

    collect(source_of(site, boss, link="a.job", delay=delay))

    times = [request.at for request in site.log]
    gaps = [after - before for before, after in pairwise(times)]
    assert len(gaps) == 7
    one = delay.total_seconds()
    # a request may be slower on its way than the next one; over all of them that evens out
    assert times[-1] - times[0] >= 7 * one * 0.95
    assert min(gaps) >= one * 0.5
    assert max(gaps) - min(gaps) > 0.005  # the spread


def test_crawl_delay_is_kept(site, boss):
    boats(site, 1, **{"/robots.txt": "User-agent: *\nCrawl-delay: 0.3\nDisallow: /x\n"})

    collect(source_of(site, boss, link="a.job"))

    robots, listing, detail = (request.at for request in site.log)
    assert detail - listing >= 0.29
    assert listing - robots >= 0.29


def test_a_site_that_wants_longer_pauses_than_a_run_can_make_is_not_asked(site, boss):
    boats(site, 1, **{"/robots.txt": "User-agent: *\nCrawl-delay: 3000\nDisallow: /x\n"})

    assert collect(source_of(site, boss, link="a.job")).reason_code == "too_slow"
    assert site.pages_asked == []


def test_a_site_is_asked_in_its_hours_only(site, boss):
    boats(site, 1)
    here = now()
    window = f"{here + timedelta(hours=2):%H}:00-{here + timedelta(hours=3):%H}:00"
    source = source_of(site, boss, link="a.job", window=window)

    collect(source)

    assert site.asked == []
    run = newest_run()
    assert (run.status, run.attempt) == ("queued", 0)
    assert timedelta(minutes=55) < run.available_at - here < timedelta(hours=3)


def test_the_daily_cap_ends_a_walk(site, boss):
    boats(site, 5)
    source = source_of(site, boss, link="a.job")
    Source.objects.update(quota_limit=3)

    assert collect(source).reason_code == "quota_spent"
    assert len(site.log) == 3


def test_429_is_obeyed(site, boss):
    answers = iter([(429, {"Retry-After": "1"}, ""), listing_page(["/jobs/1"])])
    boats(site, 1)
    site.pages["/jobs"] = lambda _: next(answers)
    source = source_of(site, boss, link="a.job")

    collect(source)
    run = newest_run()
    assert (run.status, site.pages_asked) == ("queued", ["/jobs"])
    assert run.available_at >= run.updated_at if hasattr(run, "updated_at") else True

    Run.objects.update(available_at=now())
    drain()
    assert site.pages_asked == ["/jobs", "/jobs", "/jobs/1"]


# who does not want us


CHALLENGE = "<html><head><title>Just a moment...</title></head></html>"
WALLS = [
    (401, {}, ""),
    (403, {}, ""),
    (999, {}, ""),
    (200, {}, CHALLENGE),
    (302, {"Location": "/authwall?session=1"}, ""),
]


@pytest.mark.parametrize("wall", WALLS, ids=["401", "403", "999", "captcha", "authwall"])
def test_a_wall_ends_it_for_a_day_and_no_way_around_is_tried(site, boss, settings, wall):
    boats(site, 3, **{"/jobs/2": wall})
    with forwarding_proxy() as first, forwarding_proxy() as second:
        settings.COLLECTOR_PROXIES = [first.address, second.address]
        source = source_of(site, boss, link="a.job")

        fetch = collect(source)

        assert (fetch.status, fetch.reason_code) == ("partial", "not_wanted")
        assert site.pages_asked == ["/jobs", "/jobs/1", "/jobs/2"]
        assert sorted(map(len, (first.asked, second.asked))) == [0, 4]  # one of them, all the way
        source.refresh_from_db()
        left = source.parked_until - now()
        assert timedelta(hours=23) < left <= timedelta(hours=24)
        assert Event.objects.filter(fact="ingestion.source_parked").exists()


def test_a_site_that_refused_is_left_alone_by_every_source_until_somebody_says_so(site, boss):
    boats(site, 1, **{"/jobs": (403, {}, "")})
    source = source_of(site, boss, link="a.job")
    twin = add_source("twin", "pages", enabled=True, settings=source.settings)
    answer_for(twin, boss)
    collect(source)

    assert collect(source, "on_demand").reason_code == "left_alone"
    assert collect(twin, "on_demand").reason_code == "left_alone"
    assert site.pages_asked == ["/jobs"]

    acknowledging.ask_again(source, actor=boss)
    boats(site, 1)
    assert collect(source, "on_demand").status == "complete"


def test_the_next_proxy_is_taken_only_for_a_dead_one(site, boss, settings):
    boats(site, 1)
    with forwarding_proxy() as alive:
        settings.COLLECTOR_PROXIES = ["http://127.0.0.1:1", alive.address]
        assert collect(source_of(site, boss, link="a.job")).status == "complete"
        assert len(alive.asked) == 3


def test_no_wall_is_seen_in_a_job_that_has_a_form(site, boss):
    form = career_page(posting(1), body="<div class='g-recaptcha'></div>")
    boats(site, 1, **{"/jobs/1": form})

    assert collect(source_of(site, boss, link="a.job")).status == "complete"


# walks


def test_next_links_are_followed_and_a_loop_ends(site, boss):
    boats(site, 3)
    site.pages |= {
        "/jobs": listing_page(["/jobs/1"], "/jobs?page=2"),
        "/jobs?page=2": listing_page(["/jobs/2", "/jobs/3"], "/jobs"),
    }
    source = source_of(site, boss, link="a.job", paging="next", next_link='a[rel="next"]')

    fetch = collect(source)

    assert site.pages_asked == ["/jobs", "/jobs/1", "/jobs?page=2", "/jobs/2", "/jobs/3", "/jobs"]
    assert (fetch.status, fetch.reason_code, fetch.got) == ("partial", "page_repeated", 3)


def test_numbered_pages_that_repeat_for_ever_end(site, boss):
    boats(site, 1)
    source = source_of(site, boss, link="a.job", paging="page", parameter="p", first=1)

    fetch = collect(source)

    assert site.pages_asked == ["/jobs?p=1", "/jobs/1", "/jobs?p=2"]
    assert fetch.reason_code == "page_repeated"


def test_a_second_walk_asks_for_new_postings_only(site, boss):
    boats(site, 2)
    source = source_of(site, boss, link="a.job")
    collect(source)
    site.log.clear()
    boats(site, 3)

    fetch = collect(source)

    assert site.asked == ["/jobs", "/jobs/3"]
    assert (fetch.status, fetch.got, fetch.fresh) == ("complete", 3, 1)


def test_sitemaps_are_found_by_robots_txt(site, boss):
    boats(site, 2)
    rows = "".join(
        f"<url><loc>{site.origin}{path}</loc></url>" for path in ("/jobs/1", "/about", "/jobs/2")
    )
    xml = {"Content-Type": "application/xml"}
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    index = f"<sitemapindex xmlns='{space}'><sitemap><loc>{site.origin}/map.xml</loc></sitemap>"
    site.pages |= {
        "/robots.txt": f"Sitemap: {site.origin}/index.xml\n",
        "/index.xml": (200, xml, index + "</sitemapindex>"),
        "/map.xml": (200, xml, f"<urlset xmlns='{space}'>{rows}</urlset>"),
    }

    fetch = collect(source_of(site, boss, paging="sitemap", link="/jobs/*"))

    assert (fetch.status, fetch.reason) == ("complete", "")
    assert site.pages_asked == ["/index.xml", "/map.xml", "/jobs/1", "/jobs/2"]


@pytest.mark.usefixtures("stages")
def test_selectors_serve_sites_without_data(site, boss):
    boats(site, 1, **{"/jobs/1": plain_job_page("Caulker")})
    fields = {"title": "h1.t", "location": "p.p", "description": "div.d", "employer": "=Nordhavn"}

    collect(source_of(site, boss, link="a.job", fields=fields))

    job = Job.objects.get()
    assert (job.title, job.employer.name) == ("Caulker", "Nordhavn")
    assert job.url == f"{site.origin}/jobs/1"


@pytest.mark.usefixtures("stages")
def test_postings_may_stand_on_the_list_itself(site, boss):
    site.pages["/jobs"] = career_page(posting(1), posting(2))

    assert collect(source_of(site, boss)).got == 2
    assert Job.objects.count() == 2


def test_a_site_that_looks_different_now_is_left_alone_and_told_of(site, boss):
    boats(site, 5)
    site.pages |= {f"/jobs/{n}": "<html><body>All new!</body></html>" for n in range(1, 6)}
    source = source_of(site, boss, link="a.job")

    fetch = collect(source)

    assert (fetch.status, fetch.reason_code) == ("failed", "page_changed")
    assert len(site.pages_asked) == 4
    source.refresh_from_db()
    assert "/jobs/3" in source.parked_why


def test_settings_that_cannot_work_ask_nothing(site, boss):
    source = source_of(site, boss, paging="by hand", window="late")

    collect(source)

    assert (site.asked, last_error()) == ([], "rejected")


# cookies


def test_cookies_are_sealed_and_go_back_to_their_own_host_only(site, boss, settings):
    with running_site() as other:
        canary = "canary-5f1c"
        settings.COLLECTOR_PRIVATE_ORIGINS.append(f"http://localhost:{other.port}")
        cookie = {"Set-Cookie": f"session={canary}; Path=/; Max-Age=3600"}
        away = f"http://localhost:{other.port}"
        boats(site, 2)
        site.pages |= {
            "/jobs": (200, cookie, listing_page(["/jobs/1", "/jobs/2"])),
            "/jobs/2": (302, {"Location": f"{away}/jobs/2"}, ""),
        }
        source = source_of(site, boss, link="a.job")

        collect(source)

        assert [r.headers.get("Cookie") for r in site.log][2:] == [f"session={canary}"] * 2
        assert other.log == []
        jar = CookieJar.objects.get(source=source)
        assert jar.cookies["session"]["value"] == canary
        with connection.cursor() as cursor:
            cursor.execute("SELECT cookies FROM ingestion_cookiejar")
            assert canary not in cursor.fetchone()[0]

        robots = {"/robots.txt": (302, {"Location": f"{away}/robots.txt"}, "")}
        site.pages |= robots
        RobotsCopy.objects.all().delete()
        site.log.clear()
        collect(source, "backfill")
        assert "Cookie" not in other.log[0].headers
        assert site.log[1].headers["Cookie"] == f"session={canary}"


def test_cookies_are_forgotten_in_time_and_by_hand(site, boss):

    boats(site, 1)
    site.pages["/jobs"] = (200, {"Set-Cookie": "session=1"}, listing_page([]))
    source = source_of(site, boss, link="a.job")
    collect(source)
    assert CookieJar.objects.get().expires_at - now() < timedelta(days=7, seconds=1)
    CookieJar.objects.update(expires_at=now())
    site.log.clear()
    collect(source)
    assert "Cookie" not in site.log[0].headers

    assert wipe_cookies(source) == 1
    assert not CookieJar.objects.exists()


# LinkedIn's guest pages


def guest_site(site, *numbers):
    searches = {
        0: guest_search(*(card(n) for n in numbers[:10])),
        10: guest_search(*(card(n) for n in numbers[9:])),  # one comes again
    }
    site.pages |= {
        "/jobs-guest/jobs/api/seeMoreJobPostings/search": lambda request: searches[
            int(request.path.rpartition("start=")[2])
        ],
        **{f"/jobs-guest/jobs/api/jobPosting/{n}": guest_detail(n) for n in numbers},
    }


def test_guest_pages_advance_by_cards_take_each_id_once_and_keep_nobody(site, boss):
    numbers = range(4100000001, 4100000013)
    guest_site(site, *numbers)
    source = source_of(site, boss, adapter="linkedin_guest", delay=timedelta(milliseconds=1))
    source.searches.create(query="rope maker", location="Bergen")

    fetch = collect(source)

    assert (fetch.status, fetch.got) == ("complete", 12)
    searches = [path for path in site.asked if "search?" in path]
    assert [path.rpartition("start=")[2] for path in searches] == ["0", "10"]
    assert "keywords=rope+maker&location=Bergen" in searches[0]
    details = [path for path in site.asked if "/jobPosting/" in path]
    assert len(details) == len(set(details)) == 12
    kept = RawCollection.objects.filter(request__url__endswith="/jobPosting/4100000001").get()
    with kept.artifact.open() as stream:
        assert b"Kari" not in stream.read()
    assert kept.request["left_out"] == 1
    assert not CookieJar.objects.exists()


@pytest.mark.parametrize("missing", ["setting", "source", "word"])
def test_linkedin_is_refused_unless_all_three_switches_are_set(site, boss, settings, missing):
    guest_site(site, 4100000001)
    settings.COLLECTOR_WEB_ENABLED = missing != "setting"
    source = source_of(site, boss, adapter="linkedin_guest")
    source.searches.create(query="rope maker")
    if missing == "source":
        acknowledging.switch(source, on=False, actor=boss)
    if missing == "word":
        expired(source, boss)

    collect(source)

    assert site.asked == []
    assert last_error() in {"collector_off", "source_misconfigured", "not_acknowledged"}


def test_linkedins_host_is_asked_under_its_own_profile_only(site, boss, settings):
    source = source_of(site, boss)
    Source.objects.update(settings={"url": "https://www.linkedin.com/jobs/search"})
    settings.COLLECTOR_PROXIES = []
    source.refresh_from_db()
    word = sentence("www.linkedin.com", respect_robots=True)
    acknowledging.acknowledge(source, Word(word, "terms_allow", "a page about it"), actor=boss)

    assert collect(source).reason_code == "not_wanted"
    assert RobotsCopy.objects.count() == 0  # not even that was asked for


# who may answer for it


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"typed": "I may."}, {"typed"}),
        ({"basis": "because"}, {"basis"}),
        ({"evidence": "trust me"}, {"evidence"}),
        ({"respect_robots": False}, {"typed"}),  # that is another sentence
        ({"agent": "Mozilla\n5.0"}, {"agent"}),
    ],
)
def test_a_word_is_typed_exactly_and_by_a_superuser_only(site, boss, fields, wrong):
    source = source_of(site)
    good: dict[str, Any] = {
        "typed": sentence("127.0.0.1", respect_robots=True),
        "basis": "own_site",
        "evidence": "our own test site",
    }
    with pytest.raises(Rejected) as refused:
        acknowledging.acknowledge(source, Word(**good | fields), actor=boss)
    assert set(refused.value.fields) == wrong

    with pytest.raises(Forbidden):
        acknowledging.acknowledge(source, Word(**good), actor=make_user(is_staff=True))
    assert not Acknowledgement.objects.exists()


def test_another_name_takes_a_word_for_it_and_is_logged(site, boss, caplog):
    boats(site, 1)
    source = source_of(site)
    answer_for(source, boss, agent="Mozilla/5.0 (test)")

    collect(source)

    assert {request.headers["User-Agent"] for request in site.log} == {"Mozilla/5.0 (test)"}
    assert "other_agent" in caplog.text


def test_each_source_has_one_name_of_the_list_and_keeps_it(site, boss, settings):
    settings.COLLECTOR_AGENTS = ["JoblyBot-a/1 (+a)", "JoblyBot-b/1 (+b)", "Mozilla/5.0"]
    boats(site, 2)
    source = source_of(site, boss, link="a.job")
    collect(source)
    collect(source, "backfill")

    names = {request.headers["User-Agent"] for request in site.log}
    assert len(names) == 1
    assert names < {"JoblyBot-a/1 (+a)", "JoblyBot-b/1 (+b)"}


def test_a_walk_that_broke_off_goes_on_behind_what_is_stored(site, boss):
    boats(site, 3)
    answers = iter([(503, {}, ""), career_page(posting(3))])
    site.pages["/jobs/3"] = lambda _: next(answers)

    fetch = collect(source_of(site, boss, link="a.job"))

    assert (fetch.status, fetch.got) == ("complete", 3)
    asked = ["/jobs", "/jobs/1", "/jobs/2", "/jobs/3", "/jobs", "/jobs/3"]
    assert site.pages_asked == asked
    assert RawCollection.objects.exclude(status="list").count() == 3
