"""Links of publications: counted once a visitor and day, and leading only where they should."""

import string
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from distribution.actions import clicks
from distribution.models import Click, ClickDay, Distribution, KnownHost
from distribution.reports.attribution import visitor_on, visitors_before
from distribution.rules.clicks import network_of, reader_of
from distribution.rules.landing import NOWHERE, Landing, landing, plain_host
from distribution.views.going import FOLLOWED
from ingestion.models import JobDesk
from jobly import limits
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_member

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OWN = "https://jobly.example"
KNOWN = {"acme.example", "greenhouse.io"}


def go(token, *, agent=BROWSER, address="203.0.113.7", method="get", **headers):
    client = Client(REMOTE_ADDR=address)
    return getattr(client, method)(f"/go/{token}", headers={"user-agent": agent, **headers})


def sums(row):
    day = ClickDay.objects.get(distribution=row)
    return day.people, day.unseen, day.machines


@pytest.fixture
def publication(db, settings):
    settings.PUBLIC_URL = OWN
    channel = make_channel()
    job = make_posting(channel.company, apply_url="https://boards.greenhouse.io/acme/1")
    return make_distribution(job, channel)


def test_a_visitor_counts_once_a_day_and_another_one_too(publication):
    for address in ("203.0.113.7", "203.0.113.7", "203.0.113.8"):
        answer = go(publication.token, address=address)
        assert (answer.status_code, answer["Location"]) == (302, publication.job.apply_url)
        assert "no-store" in answer["Cache-Control"]
    assert sums(publication) == (2, 0, 0)
    assert Click.objects.filter(distribution=publication).count() == 2

    Click.objects.update(on=timezone.now().date() - timedelta(days=1))
    go(publication.token)
    assert sums(publication) == (3, 0, 0)


def test_no_address_is_kept_and_each_day_has_its_own_salt(publication):
    go(publication.token, address="203.0.113.7")
    click = Click.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM distribution_click c")
        (stored,) = cursor.fetchone()
    assert "203.0.113" not in stored
    tomorrow = click.on + timedelta(days=1)
    same = {"address": "203.0.113.7", "agent": BROWSER}
    assert click.visitor == visitor_on(click.on, **same)
    assert click.visitor != visitor_on(tomorrow, **same)
    assert click.visitor in visitors_before(click.at + timedelta(days=30), **same)
    assert click.visitor not in visitors_before(click.at + timedelta(days=31), **same)


def test_who_asked_not_to_be_followed_is_counted_without_a_visitor(publication):
    go(publication.token, dnt="1")
    go(publication.token, **{"sec-gpc": "1"})
    assert sums(publication) == (0, 2, 0)
    assert set(Click.objects.values_list("visitor", flat=True)) == {None}


@pytest.mark.parametrize(
    ("agent", "method", "headers"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "get", {}),
        ("facebookexternalhit/1.1", "get", {}),
        ("curl/8.5.0", "get", {}),
        ("", "get", {}),
        (BROWSER, "head", {}),
        (BROWSER, "get", {"sec-purpose": "prefetch;prerender"}),
        (BROWSER, "get", {"purpose": "prefetch"}),
        (BROWSER, "get", {"x-moz": "prefetch"}),
    ],
)
def test_machines_are_led_on_and_counted_as_nobody(publication, agent, method, headers):
    assert go(publication.token, agent=agent, method=method, **headers).status_code == 302
    assert sums(publication) == (0, 0, 1)
    assert not Click.objects.exists()


@pytest.mark.parametrize(
    "agent",
    [
        BROWSER,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 Chrome/140.0 Mobile",
        "Mozilla/5.0 (Linux; Android 8; CUBOT_P20) AppleWebKit/537.36 Chrome/90.0 Mobile",
    ],
)
def test_browsers_are_people(agent):
    assert reader_of("GET", {"user-agent": agent}) == "person"


def test_an_ipv6_visitor_is_known_by_the_site():
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::9")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:203.0.113.7") == network_of("203.0.113.7") == "203.0.113.7"


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_moment_count_once():
    row = make_distribution()
    together = threading.Barrier(8)

    def click():
        together.wait()
        clicks.count_click(row, "person", address="203.0.113.7", agent=BROWSER)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums(row) == (1, 0, 0)
    assert Click.objects.count() == 1


def test_an_unknown_link_is_a_page_that_says_so(publication):
    for token in ("A" * 16, "../../etc/passwd", "x"):
        answer = go(token)
        assert answer.status_code == 404
    assert b"There is nothing here" in go("A" * 16).content


def test_nothing_in_the_address_changes_where_a_link_leads(publication):
    bad = "?next=//evil.example&url=https://evil.example&redirect=javascript:alert(1)"
    answer = go(publication.token + bad)
    assert answer["Location"] == publication.job.apply_url


def test_a_site_nobody_knows_is_named_before_one_goes_there(publication):
    job = publication.job
    job.apply_url = "https://forms.nowhere.example/a?b=<c>"
    job.save(update_fields=["apply_url"])
    answer = go(publication.token)
    assert answer.status_code == 200
    assert b"forms.nowhere.example" in answer.content
    assert b'href="https://forms.nowhere.example/a?b=%3Cc%3E"' in answer.content
    assert sums(publication) == (1, 0, 0)

    KnownHost.objects.create(company=publication.company, host="nowhere.example")
    assert go(publication.token).status_code == 302


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "mailto:jobs@acme.example", "//evil.example", "not an address"],
)
def test_without_a_web_address_one_applies_with_us_and_we_know_from_where(publication, url):
    job = publication.job
    job.apply_url = url
    job.save(update_fields=["apply_url"])
    there = urlsplit(go(publication.token)["Location"])
    assert (there.scheme, there.netloc) == ("", "")
    assert there.path.startswith(job.path)
    assert there.query == f"via={publication.token}"


def test_a_closed_job_leads_to_its_page(publication):
    publication.job.status = "closed"
    publication.job.save(update_fields=["status"])
    assert go(publication.token)["Location"] == publication.job.path


def test_an_internal_jobs_address_is_for_its_company_only(publication):
    job = publication.job
    JobDesk.objects.create(job=job, is_public=False)
    assert go(publication.token)["Location"] == job.path

    member = Client(headers={"user-agent": BROWSER})
    member.force_login(
        make_member(job.company), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert member.get(f"/go/{publication.token}")["Location"] == job.apply_url


def test_too_many_clicks_from_one_address_wait(publication):
    address = "198.51.100.77"
    limits.take(f"go:{address}", limit=FOLLOWED, window=limits.MINUTE, cost=FOLLOWED - 1)
    answers = [go(publication.token, address=address) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 429]
    assert int(answers[1]["Retry-After"]) > 0


def test_single_clicks_are_forgotten_and_their_sums_stay(publication):
    go(publication.token, address="203.0.113.7")
    go(publication.token, address="203.0.113.8")
    Click.objects.filter(pk=Click.objects.first().pk).update(
        on=timezone.now().date() - timedelta(days=36)
    )
    assert clicks.forget_clicks() == {"forgotten": 1}
    assert clicks.forget_clicks() == {"forgotten": 0}
    assert sums(publication) == (2, 0, 0)
    assert Distribution.objects.filter(pk=publication.pk).exists()


@pytest.mark.parametrize(
    ("url", "way", "host"),
    [
        ("https://acme.example/jobs/1", "straight", "acme.example"),
        ("https://jobs.acme.example:8443/1", "straight", "jobs.acme.example"),
        ("HTTPS://ACME.example/1", "straight", "acme.example"),
        ("https://jobly.example/jobs/1-x/", "straight", "jobly.example"),
        ("https://acme.example./1", "straight", "acme.example"),
        ("https://notacme.example/1", "ask", "notacme.example"),
        ("https://acme.example.evil.test/", "ask", "acme.example.evil.test"),
        ("https://acmé.example/", "ask", "xn--acm-dma.example"),
        ("https://\u0430cme.example/", "ask", "xn--cme-5cd.example"),  # a Cyrillic letter
        ("https://ⓐcme.example/", "straight", "acme.example"),
        ("https://evil.test。acme.example/", "straight", "evil.test.acme.example"),
        ("https://203.0.113.9/x", "ask", "203.0.113.9"),
        ("https://[2001:db8::1]/x", "ask", "[2001:db8::1]"),
        ("https://jobly.example/go/AAAAAAAAAAAAAAAA", "nowhere", ""),
        ("//evil.test", "nowhere", ""),
        ("/\\evil.test", "nowhere", ""),
        ("https:\\\\evil.test", "nowhere", ""),
        ("https://acme.example\\@evil.test/", "nowhere", ""),
        ("https://acme.example@evil.test/", "nowhere", ""),
        ("https://user:secret@acme.example/", "nowhere", ""),
        ("javascript:alert(1)", "nowhere", ""),
        ("JaVaScRiPt://acme.example/%0aalert(1)", "nowhere", ""),
        ("java\nscript:alert(1)", "nowhere", ""),
        ("data:text/html,<script>alert(1)</script>", "nowhere", ""),
        ("ftp://acme.example/", "nowhere", ""),
        ("https:evil.test", "nowhere", ""),
        ("https:///evil.test", "nowhere", ""),
        ("https://acme.example:99999/", "nowhere", ""),
        ("https://acme.example%2f.evil.test/", "nowhere", ""),
        ("https://2130706433/", "nowhere", ""),
        ("https://0x7f.1/", "nowhere", ""),
        ("https://acme.example/\r\nSet-Cookie: a=b", "nowhere", ""),
        ("https://acme.example/a b", "nowhere", ""),
        ("https://[oops/", "nowhere", ""),
        ("https://acme.example/" + "a" * 3_000, "nowhere", ""),
    ],
)
def test_only_a_plain_web_address_is_led_to(url, way, host):
    found = landing(url, known=KNOWN, own=OWN)
    assert (found.way, found.host) == (way, host)


PIECES = st.sampled_from(
    ["https:", "http:", "javascript:", "data:", "//", "/", "\\", "@", ":", "evil.test",
     "acme.example", ".", "%2f", "%5c", "?", "#", "\t", "\n", "\x00", "。", "\u0430", "é", "\u202e",
     "[", "]", "::1", "127.1", "go", "&", "next=", " ", "<", '"', "'"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=10).map("".join)))
def test_whatever_is_stored_a_link_leads_to_the_site_it_names(url):
    found = landing(url, known=KNOWN, own=OWN)
    if found == NOWHERE:
        return
    parts = urlsplit(found.url)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    assert parts.scheme in {"http", "https"}
    assert host == found.host
    assert "@" not in parts.netloc
    assert set(found.url) <= set(string.ascii_letters + string.digits + "/%:@!$&'()*+,;=~-._?#[]")
    if found.way == "straight":
        listed = (*KNOWN, "jobly.example")
        assert any(found.host == name or found.host.endswith(f".{name}") for name in listed)


def test_a_host_is_read_from_what_people_write():
    for text in ("jobs.Acme.example", "https://jobs.acme.example/x", " jobs.acme.example:443 "):
        assert plain_host(text.strip()) == "jobs.acme.example"
    assert plain_host("no host") == plain_host("") == plain_host("javascript:alert(1)") == ""
    assert landing("x", known=(), own=OWN) == Landing("nowhere")
