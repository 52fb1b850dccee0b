"""A download: whole or in part, known or new, never opened by the browser."""

import gc
import os
from datetime import timedelta

import pytest
from django.utils.http import http_date

from jobly.artifacts.actions import store
from jobly.artifacts.clients.files import DurableFiles
from jobly.artifacts.models import Artifact
from jobly.artifacts.views import AT_ONCE, AT_ONCE_EACH, Pieces, _under_way
from jobly.users.models import principal_for
from tests.make import make_user

pytestmark = pytest.mark.django_db

DATA = bytes(range(256)) * 4096 * 3 + b"x"  # 3 MB and a byte: more than goes in one go
SIZE = len(DATA)


@pytest.fixture
def user(client):
    user = make_user()
    client.force_login(user)
    return user


@pytest.fixture
def artifact(user):
    return store([DATA], kind="raw", name="naïve.bin", content_type="application/x-ours")


@pytest.fixture
def get(client, user, artifact):
    """Ask for the artifact with headers; return (status, body, headers)."""
    link = artifact.link_for(principal_for(user))

    def ask(method="get", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = getattr(client, method)(link, headers=named)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return answer.status_code, body, answer.headers

    return ask


def test_the_whole_comes_with_all_that_is_known_of_it(get, artifact):
    status, body, headers = get()
    assert (status, body) == (200, DATA)
    assert headers["Content-Length"] == str(len(DATA))
    assert headers["Content-Type"] == "application/x-ours"
    assert headers["ETag"] == f'"{artifact.sha256}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"] == http_date(artifact.created_at.timestamp())
    assert "filename*=UTF-8''na%C3%AFve.bin" in headers["Content-Disposition"]


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=3-5"}, {"Range": "bytes=9999999-"}])
def test_no_answer_opens_in_the_page_or_stays_in_a_cache(get, headers):
    _, _, told = get(**headers)
    assert told["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Cache-Control"] == "private, no-store"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    if "9999999-" not in headers.get("Range", ""):
        assert told["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("header", "part", "told"),
    [
        ("bytes=0-9", slice(0, 10), f"bytes 0-9/{SIZE}"),
        (f"bytes={SIZE - 6}-", slice(-6, None), f"bytes {SIZE - 6}-{SIZE - 1}/{SIZE}"),
        ("bytes=-6", slice(-6, None), f"bytes {SIZE - 6}-{SIZE - 1}/{SIZE}"),
        ("bytes=-9999999", slice(None), f"bytes 0-{SIZE - 1}/{SIZE}"),
        ("bytes=262143-524289", slice(262143, 524290), f"bytes 262143-524289/{SIZE}"),
        ("bytes=262143-2000000", slice(262143, 2000001), f"bytes 262143-2000000/{SIZE}"),
        ("bytes=5-99999999999", slice(5, None), f"bytes 5-{SIZE - 1}/{SIZE}"),
    ],
)
def test_a_part_is_a_part(get, header, part, told):
    status, body, headers = get(Range=header)
    assert (status, body) == (206, DATA[part])
    assert headers["Content-Range"] == told
    assert headers["Content-Length"] == str(len(DATA[part]))


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=4000000-5000000", "bytes=-0"])
def test_a_part_behind_the_end_is_refused_with_the_size(get, header):
    status, body, headers = get(Range=header)
    assert status == 416
    assert headers["Content-Range"] == f"bytes */{SIZE}"
    assert str(SIZE).encode() in body
    assert "Content-Disposition" not in headers


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=a-", "items=0-1", "bytes=9-3", ""])
def test_several_parts_and_what_makes_no_sense_give_the_whole(get, header):
    status, body, headers = get(Range=header)
    assert (status, body) == (200, DATA)
    assert "Content-Range" not in headers


def test_a_part_of_other_bytes_is_not_asked_for(get, artifact):
    tag, modified = f'"{artifact.sha256}"', http_date(artifact.created_at.timestamp())
    for known in (tag, modified):
        assert get(Range="bytes=0-1", If_Range=known)[0] == 206
    for other in ('"other"', f"W/{tag}", "Mon, 04 May 2026 03:02:01 GMT", "nonsense"):
        assert get(Range="bytes=0-1", If_Range=other)[:2] == (200, DATA)


def test_who_has_it_gets_no_bytes_again(get, artifact):
    tag, modified = f'"{artifact.sha256}"', http_date(artifact.created_at.timestamp())
    for known in ({"If_None_Match": tag}, {"If_None_Match": f"W/{tag}"}, {"If_None_Match": "*"}):
        status, body, headers = get(**known)
        assert (status, body) == (304, b"")
        assert headers["ETag"] == tag
    assert get(If_None_Match=tag, Range="bytes=0-1")[0] == 304
    assert get(If_Modified_Since=modified)[0] == 304
    assert get(If_None_Match='"other"')[0] == 200
    assert get(If_Match='"other"')[0] == 412
    assert get(If_Match=tag, Range="bytes=0-1")[0] == 206


def test_a_look_at_the_head_costs_no_reading(get, artifact, settings, storage):
    expected = get()[2]
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Unread", "OPTIONS": {"location": str(storage)}},
    }
    status, body, headers = get("head", Range="bytes=0-1")
    assert (status, body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Accept-Ranges", "Content-Disposition"):
        assert headers[name] == expected[name]
    assert get("head", If_None_Match=f'"{artifact.sha256}"')[0] == 304


class Unread(DurableFiles):
    """A storage that cannot be read."""

    def _open(self, name, mode="rb"):
        raise AssertionError("a look at the head opened the file")


def test_an_empty_file_is_a_file(client, user):
    artifact = store([], kind="raw", name="empty.csv")
    link = artifact.link_for(principal_for(user))
    for headers in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=-5"}):
        answer = client.get(link, headers=headers)
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer["Content-Length"] == "0"


def test_a_storage_that_is_away_says_when_to_come_back(get, settings, storage, caplog):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Away", "OPTIONS": {"location": str(storage)}},
    }
    status, body, headers = get()
    assert (status, headers["Retry-After"]) == (503, "30")
    assert b"again later" in body
    assert b"network" not in body  # the cause may name places that are nobody's business
    assert "the network is down" in caplog.text
    assert headers["Content-Type"].startswith("text/plain")


class Away(DurableFiles):
    """A disk on a network that is down."""

    def _open(self, name, mode="rb"):
        raise OSError("the network is down")


def test_a_file_is_let_go_of_whatever_becomes_of_the_answer(client, user, artifact):
    link = artifact.link_for(principal_for(user))
    gc.collect()  # or what earlier tests left open is closed meanwhile
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only
    for _ in range(2 * AT_ONCE):
        answer = client.get(link)
        next(iter(answer.streaming_content))
        answer._resource_closers[0]()  # as a server does when its client has left
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert not _under_way


def test_an_answer_that_nobody_takes_gives_its_place_back(artifact):
    ended = []
    pieces = Pieces(artifact.open(), 10, at_end=lambda: ended.append("once"))
    pieces.close()
    del pieces
    Pieces(artifact.open(), 10, at_end=lambda: ended.append("too"))
    assert ended == ["once", "too"]


def test_one_person_s_slow_downloads_leave_room_for_others(client, artifact, user):
    """Long ones hold a thread each for as long as their client takes; short ones hold none."""
    link = artifact.link_for(principal_for(user))
    held = [client.get(link) for _ in range(AT_ONCE_EACH)]
    refused = client.get(link)
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    assert b"of yours" in refused.content
    assert client.get(link, headers={"Range": "bytes=0-9"}).status_code == 206
    assert client.head(link).status_code == 200
    other = make_user()
    client.force_login(other)
    theirs = artifact.link_for(principal_for(other))
    held += [client.get(theirs) for _ in range(AT_ONCE - AT_ONCE_EACH)]
    third = make_user()
    client.force_login(third)
    last = artifact.link_for(principal_for(third))
    refused = client.get(last)
    assert refused.status_code == 429
    assert b"of yours" not in refused.content
    assert b"".join(held.pop().streaming_content) == DATA
    assert b"".join(client.get(last).streaming_content) == DATA
    for one in held:
        b"".join(one.streaming_content)
    assert not _under_way


def test_a_link_lives_a_quarter_of_an_hour_if_nobody_says_otherwise(client, user, artifact):
    link = artifact.link_for(principal_for(user), lifetime=timedelta(seconds=-1))
    assert client.get(link).status_code == 404


def test_lost_bytes_are_in_the_log_and_not_on_the_page(get, artifact, storage, caplog):
    (storage / artifact.path).unlink()
    status, body, _ = get()
    assert status == 404
    assert str(artifact.pk) in caplog.text
    assert artifact.path.encode() not in body
    assert Artifact.objects.kept().filter(pk=artifact.pk).exists()
