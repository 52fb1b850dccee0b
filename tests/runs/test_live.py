"""What the live server asks and sends, without a server: rights of many, places, frames."""

import struct

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from jobly.daphne import frame
from jobly.runs.actions import emit, transaction
from jobly.runs.consumers.callers import Caller, may_follow, own_stream, principals
from jobly.runs.models import Event, Stream
from jobly.runs.reports import items_after, positions, window
from jobly.runs.rules.streams import company_stream, is_stream, read_position, user_stream
from jobly.users.models import ApiKey, Membership, principal_for
from jobly.users.rules import Principal
from tests.make import make_company, make_key, make_member, make_user

from .test_outbox import Happened

BACKEND = "django.contrib.auth.backends.ModelBackend"


def by_key(text):
    return Caller("", text, "", "localhost", "http")


def by_session(session):
    return Caller(session, "", "", "localhost", "http")


def signed_in(user, **changed):
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    for key, value in changed.items():
        session[key] = value
    session.save()
    return by_session(session.session_key)


def who(caller):
    return principals([caller])[caller]


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def person(company):
    return make_member(company)


def test_many_are_known_as_each_would_be_alone(company, person):
    staff, viewer = make_user(is_staff=True), make_member(company, role="viewer")
    own, own_text = make_key(person, scopes=["runs", "jobs:read"])
    companys, companys_text = make_key(person, company=company, scopes=["runs"])
    known = {
        signed_in(person): principal_for(person),
        signed_in(staff): principal_for(staff),
        signed_in(viewer): principal_for(viewer),
        by_key(own_text): principal_for(person, key=own),
        by_key(companys_text): principal_for(person, key=companys),
        by_session("nothing"): Principal.anonymous(),
        by_session(""): Principal.anonymous(),
        by_key("jb_no"): Principal.anonymous(),
    }
    assert principals(list(known)) == known
    assert own_stream(known[by_key(companys_text)]) == company_stream(company.pk)
    assert own_stream(known[by_key(own_text)]) == user_stream(person.pk)
    assert own_stream(known[by_key("jb_no")]) is None


def test_many_callers_cost_four_queries(company, django_assert_num_queries):
    callers = [by_key(make_key(make_member(company))[1]) for _ in range(10)]
    callers += [signed_in(make_member(company)) for _ in range(10)]
    with django_assert_num_queries(4):
        found = principals(callers)
    assert len(set(found.values())) == 20


def lose_session(caller, person):
    SessionStore(caller.session).flush()


def expire(caller, person):
    Session.objects.update(expire_date=Now())


def change_password(caller, person):
    person.set_password("another horse, another battery")
    person.save()


def deactivate(caller, person):
    type(person).objects.update(is_active=False)


@pytest.mark.parametrize("lose", [lose_session, expire, change_password, deactivate])
def test_a_session_that_ended_is_nobody(person, lose):
    caller = signed_in(person)
    assert who(caller).user_id == person.pk
    lose(caller, person)
    assert who(caller) == Principal.anonymous()


def revoke(person):
    ApiKey.objects.update(revoked_at=Now())


def outlive(person):
    ApiKey.objects.update(expires_at=Now())


def leave(person):
    type(person).objects.update(is_active=False)


@pytest.mark.parametrize("lose", [revoke, outlive, leave])
def test_a_key_that_ended_is_nobody(person, lose):
    caller = by_key(make_key(person, scopes=["runs"])[1])
    assert may_follow(who(caller), user_stream(person.pk))
    lose(person)
    assert who(caller) == Principal.anonymous()


def test_a_session_of_an_unknown_backend_or_with_another_proof_is_nobody(person):
    forged = [
        signed_in(person, **{BACKEND_SESSION_KEY: "some.Backend"}),
        signed_in(person, **{HASH_SESSION_KEY: "0" * 64}),
        signed_in(person, **{HASH_SESSION_KEY: ""}),
    ]
    assert set(principals(forged).values()) == {Principal.anonymous()}


def test_a_proof_by_an_earlier_secret_still_counts(person, monkeypatch):
    caller = signed_in(person)
    fallbacks = [settings.SECRET_KEY]
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", fallbacks)
    monkeypatch.setattr(settings, "SECRET_KEY", "another secret, as long as it has to be, and more")
    assert who(caller).user_id == person.pk


def test_only_with_its_scope_a_key_follows_anything(person, company):
    scoped, other = (
        who(by_key(make_key(person, company=company, scopes=[scope])[1]))
        for scope in ("runs", "jobs:read")
    )
    stream = company_stream(company.pk)
    assert may_follow(scoped, stream)
    assert not may_follow(other, stream)
    Membership.objects.all().delete()
    assert not may_follow(who(by_key(make_key(person, scopes=["runs"])[1])), stream)


@pytest.mark.parametrize(
    "name", ["", "company:", "company:x y", "x\x00y", "a" * 21, "user:" + "a" * 60, "Staff", "ⅷ"]
)
def test_what_names_no_stream_is_read_by_nobody_not_even_staff(db, name):
    assert not is_stream(name)
    assert not may_follow(principal_for(make_user(is_staff=True)), name)


@pytest.mark.parametrize(
    ("text", "place"),
    [("0", 0), ("7", 7), ("0" * 17 + "7", 7), ("9" * 18, 10**18 - 1)]
    + [(text, None) for text in ("", "-1", "+1", " 1", "1.0", "1e3", "²", "٣", "9" * 19, "x")],
)
def test_a_place_is_a_number_that_a_row_can_have(text, place):
    assert read_position(text) == place


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_says_how_long_it_is(size):
    sent = frame("ä" * (size // 2) + "x" * (size % 2))
    assert sent[0] == 0x81  # whole, text
    if size <= 125:
        told, rest = sent[1], sent[2:]
    elif size <= 65_535:
        (told,), rest = struct.unpack("!H", sent[2:4]), sent[4:]
        assert sent[1] == 126
    else:
        (told,), rest = struct.unpack("!Q", sent[2:10]), sent[10:]
        assert sent[1] == 127
    assert told == len(rest) == size


@pytest.fixture
def stream(company):
    for number in range(1, 8):
        with transaction():
            emit(Happened(job_id=number), company=company)
    return company_stream(company.pk)


def test_a_stream_is_read_behind_a_number(stream):
    assert [item["seq"] for item in items_after(stream, 4, 2)] == [5, 6]
    assert positions([stream, "company:none"]) == {stream: 7}
    found = window(stream, 5, 10)
    assert ([item["seq"] for item in found.events], found.last_seq) == ([6, 7], 7)
    assert not window(stream, 7, 10).reset


@pytest.mark.parametrize("after", [8, 10**15, 1, 0])
def test_a_number_outside_of_what_is_kept_is_reset(stream, after):
    Event.objects.filter(seq__lte=2).delete()
    Stream.objects.update(min_seq=3)
    found = window(stream, after, 10)
    assert (found.reset, found.events, found.last_seq) == (True, [], 7)
    assert not window(stream, 2, 10).reset


def test_a_hole_that_retention_makes_meanwhile_is_a_reset(stream):
    Event.objects.filter(seq__lte=2).delete()  # the stream's own row is not there yet
    assert window(stream, 1, 10).reset
