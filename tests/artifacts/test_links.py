"""A link opens one artifact for one person, until its time or until the person's rights change."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobly.artifacts.actions import discard, store
from jobly.artifacts.errors import BadLink
from jobly.artifacts.rules.links import bearer_of, read_token, sign
from jobly.users.models import Membership, principal_for
from jobly.users.rules import Principal
from tests.make import PASSWORD, make_company, make_key, make_member, make_user

KEY = b"k" * 32
NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEARER = b"somebody"


NUMBER = UUID(int=7)


def token_of(number=NUMBER, *, bearer=BEARER, seconds=60):
    return sign(number, bearer=bearer, expires_at=NOW + timedelta(seconds=seconds), key=KEY)


def person(number, *, is_staff=False, companies=()):
    return Principal(UUID(int=number), is_staff, frozenset(companies), frozenset(), None)


@given(st.uuids(), st.binary(max_size=80), st.integers(0, 10**7))
def test_a_link_opens_its_artifact_for_its_bearer_until_its_time(number, bearer, seconds):
    token = token_of(number, bearer=bearer, seconds=seconds)
    assert read_token(token, bearer=bearer, now=NOW, key=KEY) == number


@pytest.mark.parametrize(
    ("bearer", "now", "key"),
    [
        (b"somebody else", NOW, KEY),
        (b"", NOW, KEY),
        (BEARER, NOW + timedelta(minutes=2), KEY),
        (BEARER, NOW, b"other"),
    ],
)
def test_a_link_of_somebody_else_or_too_late_opens_nothing(bearer, now, key):
    with pytest.raises(BadLink):
        read_token(token_of(), bearer=bearer, now=now, key=key)


@given(st.text(max_size=120) | st.binary(max_size=90).map(lambda b: b.hex()))
def test_a_made_up_link_opens_nothing(token):
    with pytest.raises(BadLink):
        read_token(token, bearer=BEARER, now=NOW, key=KEY)


@given(st.integers(0, 76), st.characters(codec="ascii"))
def test_a_changed_link_opens_nothing(place, sign_there):
    token = token_of()
    forged = token[:place] + sign_there + token[place + 1 :]
    if forged != token:
        with pytest.raises(BadLink):
            read_token(forged, bearer=BEARER, now=NOW, key=KEY)


@given(st.integers(0, 75), st.text("=!\n -_A", min_size=1, max_size=4))
def test_a_link_has_one_spelling(place, more):
    token = token_of()
    with pytest.raises(BadLink):
        read_token(token[:place] + more + token[place:], bearer=BEARER, now=NOW, key=KEY)


def test_every_right_of_a_person_is_in_the_link():
    a, b = UUID(int=1), UUID(int=2)
    seen = {
        bearer_of(one)
        for one in (
            person(1),
            person(2),
            person(1, is_staff=True),
            person(1, companies=[a]),
            person(1, companies=[b]),
            person(1, companies=[a, b]),
        )
    }
    assert len(seen) == 6
    assert bearer_of(person(1, companies=[a, b])) == bearer_of(person(1, companies=[b, a]))


def test_nobody_gets_a_link():
    with pytest.raises(BadLink):
        bearer_of(Principal.anonymous())


# at the address


@pytest.fixture
def artifact(db):
    return store([b"some bytes"], kind="raw", name="a.txt")


def link_of(artifact, user, **options):
    return artifact.link_for(principal_for(user), **options)


def status_of(client, link, user=None, method="get"):
    client.logout()
    if user is not None:
        client.force_login(user)
    return fetched(client, link, method)


def fetched(client, link, method="get"):
    """Ask for a link as whoever is signed in, read what comes, and return the status."""
    answer = getattr(client, method)(link)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def test_a_link_is_for_its_person_alone(client, artifact):
    mine, theirs = make_user(), make_user()
    staff = make_user(is_staff=True)
    link = link_of(artifact, mine)
    assert status_of(client, link, mine) == 200
    assert status_of(client, link, mine, "head") == 200
    for stranger in (None, theirs, staff):
        assert status_of(client, link, stranger) == 404
        assert status_of(client, link, stranger, "head") == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_a_link_only_reads(client, artifact, method):
    user = make_user()
    assert status_of(client, link_of(artifact, user), user, method) == 405


def test_a_link_ends_at_its_time(client, artifact, time_machine):
    user = make_user()
    link = link_of(artifact, user)
    client.force_login(user)
    assert fetched(client, link) == 200
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=16), tick=True)
    assert fetched(client, link) == 404


def test_a_tampered_link_or_one_for_another_artifact_opens_nothing(client, artifact):
    user = make_user()
    link = link_of(artifact, user)
    other = store([b"other"], kind="raw")
    number = other.pk.bytes
    assert status_of(client, link[:-2] + "/", user) == 404
    assert status_of(client, link.replace(link[7:11], "AAAA"), user) == 404
    forged = sign(UUID(bytes=number), bearer=b"", expires_at=NOW, key=b"guessed")
    assert status_of(client, f"/files/{forged}/", user) == 404


def test_a_link_dies_with_the_account(client, artifact):
    user = make_user()
    link = link_of(artifact, user)
    client.force_login(user)
    assert fetched(client, link) == 200
    user.is_active = False
    user.save()
    assert fetched(client, link) == 404


def test_a_link_dies_when_the_person_leaves_the_company(client, artifact):
    company = make_company()
    user = make_member(company)
    link = link_of(artifact, user)
    client.force_login(user)
    assert fetched(client, link) == 200
    Membership.objects.filter(user=user).delete()
    assert fetched(client, link) == 404


def test_a_link_dies_with_the_session_when_the_password_changes(client, artifact):
    user = make_user()
    link = link_of(artifact, user)
    client.force_login(user)
    user.set_password(PASSWORD + "!")
    user.save()
    assert fetched(client, link) == 404


def test_a_key_is_no_way_to_a_file_of_somebody_s_link(client, artifact):
    user = make_user()
    _, text = make_key(user)
    answer = client.get(link_of(artifact, user), headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 404


def test_a_link_to_what_is_gone_opens_nothing(client, artifact, storage):
    user = make_user()
    link = link_of(artifact, user)
    (storage / artifact.path).unlink()
    for method in ("get", "head"):
        assert status_of(client, link, user, method) == 404
    discard(artifact)
    assert status_of(client, link, user) == 404
    token = sign(
        uuid4(),
        bearer=bearer_of(principal_for(user)),
        expires_at=NOW + timedelta(days=9999),
        key=KEY,
    )
    assert status_of(client, f"/files/{token}/", user) == 404
