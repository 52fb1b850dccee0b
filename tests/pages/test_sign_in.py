"""Signing in and out, the lock-out, a forgotten password, and demo people."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from jobly.users.models import User
from tests.make import PASSWORD, make_company, make_job, make_member, make_user

pytestmark = pytest.mark.django_db
LOGIN, DEMO = "/login/", "/demo-login/"


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": email, "password": password} | extra)


def test_a_person_signs_in_whatever_the_case_of_the_address_and_out_again(client):
    make_user("ada@example.org", name="Ada")
    assert sign_in(client, " ADA@Example.org ").status_code == 302
    assert "Ada" in client.get("/").content.decode()
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/"
    assert "Sign in" in client.get("/").content.decode()


def test_the_session_is_a_new_one_after_signing_in(client):
    make_user("ada@example.org")
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    sign_in(client, "ada@example.org")
    assert client.session.session_key != before


def test_a_wrong_password_keeps_the_address_and_says_one_thing(client):
    make_user("ada@example.org")
    answer = sign_in(client, "ada@example.org", "wrong")
    body = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="ada@example.org"' in body
    assert 'role="alert"' in body
    unknown = sign_in(client, "nobody@example.org", "wrong").content.decode()
    assert "nobody@example.org" in unknown
    assert len(re.findall("notice--error", unknown)) == 1


def test_five_wrong_passwords_close_the_door_in_any_spelling(client):
    make_user("ada@example.org")
    for n in range(5):
        answer = sign_in(client, "ADA@example.org" if n % 2 else "ada@example.org", "wrong")
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert sign_in(client, "ada@example.org").status_code == 429
    assert sign_in(client, "ada@example.org", HTTP_X_FORWARDED_FOR="192.0.2.1").status_code == 429


@pytest.mark.parametrize(
    ("following", "leads_to"),
    [
        ("/jobs/", "/jobs/"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_one_comes_back_only_to_our_own_pages(client, following, leads_to):
    make_user("ada@example.org")
    assert sign_in(client, "ada@example.org", next=following)["Location"] == leads_to


def test_every_form_is_guarded_against_foreign_sites(client):
    client.handler.enforce_csrf_checks = True
    for path in (LOGIN, "/logout/", DEMO, "/password-reset/"):
        answer = client.post(path)
        assert answer.status_code == 403
        assert "This form is out of date" in answer.content.decode()


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client):
    make_user("ada@example.org")
    answer = client.post("/password-reset/", {"email": "Ada@example.org"})
    assert answer["Location"] == reverse("password_reset_done")
    (letter,) = mail.outbox
    assert letter.to == ["ada@example.org"]
    (link,) = re.findall(r"http://testserver(\S+)", str(letter.body))
    form = client.get(link, follow=True)
    new = {"new_password1": "a much better phrase", "new_password2": "a much better phrase"}
    done = client.post(form.redirect_chain[-1][0], new)
    assert done["Location"] == reverse("password_reset_complete")
    assert client.get(done["Location"]).status_code == 200
    assert sign_in(client, "ada@example.org", "a much better phrase").status_code == 302
    assert "no longer works" in client.get(link, follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client):
    answer = client.post("/password-reset/", {"email": "nobody@example.org"})
    assert answer["Location"] == reverse("password_reset_done")
    assert client.get(answer["Location"]).status_code == 200
    assert mail.outbox == []


def test_the_link_of_the_mail_leads_to_our_public_address(client, settings):
    settings.PUBLIC_URL = "https://jobs.example.org"
    make_user("ada@example.org")
    client.post("/password-reset/", {"email": "ada@example.org"})
    assert "https://jobs.example.org/password-reset/" in mail.outbox[0].body


def test_no_more_than_five_mails_an_hour_may_be_asked_for(client):
    for _ in range(5):
        assert client.post("/password-reset/", {"email": "x@example.org"}).status_code == 302
    answer = client.post("/password-reset/", {"email": "x@example.org"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 3000


def demo_people():
    return {
        "recruiter": make_member(make_company(is_demo=True), is_demo=True),
        "seeker": make_user(is_demo=True),
        "staff": make_user(is_demo=True, is_staff=True),
    }


HERE = {"HTTP_HOST": "localhost:8000", "REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize("role", ["recruiter", "seeker", "staff"])
def test_one_click_signs_in_as_a_demo_person_on_this_machine(client, role):
    person = demo_people()[role]
    assert f"Sign in as {role}" in client.get(LOGIN, **HERE).content.decode()
    answer = client.post(DEMO, {"role": role, "next": "//evil.example"}, **HERE)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize(
    "there",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_HOST": "jobs.example.org"},
        {"HTTP_HOST": "127.0.0.1.evil.example"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_X_REAL_IP": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_from_elsewhere_there_are_no_demo_people(client, settings, there):
    settings.ALLOWED_HOSTS = ["*"]
    demo_people()
    assert "Try it with one click" not in client.get(LOGIN, **HERE | there).content.decode()
    assert client.post(DEMO, {"role": "staff"}, **HERE | there).status_code == 404
    assert "_auth_user_id" not in client.session


def test_behind_a_proxy_there_are_no_demo_people(client, settings):
    settings.TRUSTED_PROXY_HOPS = 1
    demo_people()
    assert client.post(DEMO, {"role": "staff"}, **HERE).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_every_name_of_this_machine_counts(client, host):
    demo_people()
    assert client.post(DEMO, {"role": "seeker"}, **HERE | {"HTTP_HOST": host}).status_code == 302


def test_real_people_are_never_signed_in_by_a_click(client):
    make_user(is_staff=True)
    make_member()
    User.objects.update(is_demo=False)
    make_user(is_demo=True, is_staff=True, is_active=False)
    for role in ("staff", "recruiter", "seeker", "", "owner"):
        assert client.post(DEMO, {"role": role}, **HERE).status_code == 404
    assert "Try it with one click" not in client.get(LOGIN, **HERE).content.decode()


def test_demo_login_is_a_form_only(client):
    assert client.get(DEMO, **HERE).status_code == 405


def test_the_banner_stands_while_there_is_demo_data(client, valkey):
    make_job()
    assert "demo --purge" not in client.get("/").content.decode()
    make_user(is_demo=True)
    valkey.flushall()
    assert "demo --purge" in client.get("/").content.decode()


def test_a_signed_in_person_is_sent_on_from_the_sign_in_page(client):
    client.force_login(make_user())
    assert client.get(LOGIN)["Location"] == "/"


def test_who_is_signed_out_meets_the_one_sign_in_page_in_front_of_the_admin(client):
    answer = client.get("/admin/ingestion/upload/?status=loaded", follow=True)

    (first, _), (last, _) = answer.redirect_chain
    assert first.startswith("/admin/login/")
    assert last == "/login/?next=%2Fadmin%2Fingestion%2Fupload%2F%3Fstatus%3Dloaded"
