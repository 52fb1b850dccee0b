"""Superusers answer for collecting pages; operators look, decide on losses, and wipe cookies."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from ingestion.models import Absence, Acknowledgement, CookieJar, Fetch, Source
from ingestion.rules.acknowledging import sentence
from tests.admin.world import signed_in
from tests.make import make_member, make_source, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:ingestion_acknowledgement_changelist")
ADD = reverse("admin:ingestion_acknowledgement_add")
ABSENCES = reverse("admin:ingestion_absence_changelist")
BANNER = "robots.txt is not obeyed"


@pytest.fixture
def boss():
    return signed_in(make_user("boss@example.org", is_staff=True, is_superuser=True))


@pytest.fixture
def source():
    url = {"url": "https://boats.example/jobs"}
    return make_source("boats", kind="pages", adapter="pages", enabled=False, settings=url)


def sent(source, *, robots=True, **fields):
    known = {
        "source": source.pk,
        "basis": "own_site",
        "evidence": "the contract of May",
        "typed": sentence("boats.example", respect_robots=robots),
    }
    return known | ({"respect_robots": "on"} if robots else {}) | fields


def act(browser, url, name, *rows):
    return browser.post(url, {"action": name, "_selected_action": [row.pk for row in rows]})


def test_a_superuser_answers_and_switches_on_and_withdraws(boss, source):
    page = boss.get(ADD).content.decode()
    assert "I may collect job pages from jobs.example.com and answer for it." in page

    assert boss.post(ADD, sent(source)).status_code == 302
    word = Acknowledgement.objects.get()
    assert (word.who, word.respect_robots, word.basis) == ("boss@example.org", True, "own_site")
    assert word.expires_at - word.created_at == timedelta(days=180)

    act(boss, LIST, "switch_on", word)
    assert Source.objects.get().enabled
    assert BANNER not in boss.get(LIST).content.decode()
    act(boss, LIST, "withdraw", word)
    assert not Acknowledgement.objects.valid().exists()
    act(boss, LIST, "switch_on", word)  # it stays as it is, and a refusal is told
    text = boss.get(LIST).content.decode()
    assert "Nobody answers for collecting pages of boats" in text


def test_a_sentence_that_is_not_typed_exactly_is_refused_with_the_right_one(boss, source):
    text = boss.post(ADD, sent(source, typed="yes, yes")).content.decode()
    assert sentence("boats.example", respect_robots=True) in text
    assert not Acknowledgement.objects.exists()


def test_leaving_robots_aside_shows_a_banner_for_as_long_as_it_holds(boss, source):
    assert boss.post(ADD, sent(source, robots=False)).status_code == 302

    for name in ("acknowledgement", "source", "rawcollection", "absence"):
        text = boss.get(reverse(f"admin:ingestion_{name}_changelist")).content.decode()
        assert BANNER in text
        assert "boss@example.org" in text
    assert "without obeying robots.txt" in boss.get(reverse("admin:index")).content.decode()

    act(boss, LIST, "withdraw", Acknowledgement.objects.get())
    assert BANNER not in boss.get(LIST).content.decode()


def test_operators_look_and_recruiters_do_not(boss, source):
    boss.post(ADD, sent(source))
    word = Acknowledgement.objects.get()
    operator = signed_in(make_user(is_staff=True))
    recruiter = signed_in(make_member())

    assert "boss@example.org" in operator.get(LIST).content.decode()
    assert operator.get(ADD).status_code == 403
    act(operator, LIST, "withdraw", word)
    assert Acknowledgement.objects.valid().exists()
    for url in (LIST, ADD, ABSENCES, reverse("admin:ingestion_cookiejar_changelist")):
        assert recruiter.get(url).status_code in {302, 403}


def test_an_operator_says_what_a_sudden_loss_means(source):
    operator = signed_in(make_user(is_staff=True))
    for status in ("held", "counted"):
        walk = Fetch.objects.create(
            source=source, strategy="scheduled", status="complete", ended_at=now()
        )
        Absence.objects.create(fetch=walk, status=status, known=4, missing=3)
    assert "lost most of their jobs" in operator.get(reverse("admin:index")).content.decode()

    act(operator, ABSENCES, "dismiss", *Absence.objects.all())

    assert set(Absence.objects.values_list("status", flat=True)) == {"dismissed", "counted"}
    assert "It is decided already" in operator.get(ABSENCES).content.decode()


def test_cookies_are_never_shown_and_can_be_wiped(boss, source):
    jar = CookieJar(source=source, many=1, expires_at=now() + timedelta(days=1))
    jar.cookies = {"session": {"value": "canary-77"}}
    jar.save()
    url = reverse("admin:ingestion_cookiejar_changelist")
    page = reverse("admin:ingestion_cookiejar_change", args=[jar.pk])

    shown = boss.get(page).content.decode()
    assert "canary-77" not in boss.get(url).content.decode() + shown
    assert "Expires at" in shown
    assert "Typed" not in shown
    act(boss, url, "wipe", jar)
    assert not CookieJar.objects.exists()


def enter(browser, source, **fields):
    """Send the form for cookies; return the page that answers."""
    sent = {"source": source.pk, "typed": "session=canary-31; theme=dark", "own": "on"} | fields
    url = reverse("admin:ingestion_cookiejar_add")
    return browser.post(url, sent, follow=True).content.decode()


def test_a_superuser_enters_cookies_of_an_account_of_ours(boss, source):
    boss.post(ADD, sent(source))
    assert (
        "Enter cookies"
        in boss.get(reverse("admin:ingestion_cookiejar_changelist")).content.decode()
    )

    text = enter(boss, source)
    assert "canary-31" not in text
    jar = CookieJar.objects.get()
    assert {name: one["value"] for name, one in jar.cookies.items()} == {
        "session": "canary-31",
        "theme": "dark",
    }
    assert {one["host"] for one in jar.cookies.values()} == {"boats.example"}
    assert timedelta(days=6) < jar.expires_at - now() < timedelta(days=7, seconds=1)

    enter(boss, source, typed="session=canary-32")  # in place of the others
    assert list(CookieJar.objects.get().cookies) == ["session"]


@pytest.mark.parametrize(
    ("word", "fields", "told"),
    [
        (None, {}, "Nobody says that boats is our own"),
        ({"basis": "no_public_api"}, {}, "Nobody says that boats is our own"),
        ({}, {"typed": "session"}, "Cookie 1 is none"),
        ({}, {"own": ""}, "This field is required"),
    ],
)
def test_cookies_are_taken_only_where_an_account_may_be_used(boss, source, word, fields, told):
    if word is not None:
        boss.post(ADD, sent(source, **word))
    text = enter(boss, source, **fields)
    assert told in text
    assert not CookieJar.objects.exists()


def test_guest_pages_get_no_cookies_of_an_account(boss):
    guest = make_source(
        "guests", kind="pages", adapter="linkedin_guest", base_url="https://boats.example"
    )
    boss.post(ADD, sent(guest))
    assert "without any account" in enter(boss, guest)
    assert not CookieJar.objects.exists()


def test_an_operator_who_is_no_superuser_enters_no_cookies(boss, source):
    boss.post(ADD, sent(source))
    operator = signed_in(make_user(is_staff=True))
    enter(operator, source)
    assert not CookieJar.objects.exists()
