"""An S3 store holds artifacts as a folder does: streamed, whole, listed in order, or away."""

import gc
import hashlib
import io
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from jobly.artifacts.actions import discard, store, upkeep, verify
from jobly.artifacts.clients.places import here, place_at
from jobly.artifacts.errors import ArtifactGone, StorageAway, StorageFull
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.chunks import chunked
from jobly.artifacts.rules.places import backend_of
from jobly.users.models import principal_for
from tests.artifacts.making import make_stored
from tests.artifacts.test_store import peak
from tests.make import make_user

pytestmark = pytest.mark.django_db

PIECE = bytes(range(256)) * 4096  # a megabyte
OLD = timedelta(days=2)


@pytest.fixture
def objects(settings, s3_url):
    """Let artifacts lie in the bucket."""
    settings.STORAGE_URL = s3_url
    settings.STORAGES = {**settings.STORAGES, "default": backend_of(s3_url)}
    return here()


def keys(s3):
    return [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", ())]


@pytest.mark.parametrize("data", [b"", b"x", PIECE * 20], ids=["empty", "small", "several parts"])
def test_what_is_stored_is_read_again(objects, s3, data):
    artifact = store(io.BytesIO(data), kind="raw", name="a.txt")
    assert keys(s3) == [f"pre/fix/{artifact.path}"]
    assert (artifact.size, artifact.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with artifact.open() as stream:
        assert stream.read() == data
    assert verify(artifact)
    assert artifact.exists()


def test_a_file_is_read_from_anywhere(objects):
    data = os.urandom(3 << 20)
    artifact = store([data], kind="raw")
    with artifact.open() as stream:
        for place in (0, 5, 2_000_000, len(data) - 3, 1):
            assert stream.seek(place) == place
            assert stream.read(10) == data[place : place + 10]
        assert stream.seek(-5, io.SEEK_END) == len(data) - 5
        assert stream.read() == data[-5:]
        assert stream.read() == b""


def test_a_part_of_a_download_comes_from_the_store(objects, client):
    user = make_user()
    artifact = store([PIECE, PIECE], kind="raw")
    client.force_login(user)
    link = artifact.link_for(principal_for(user))
    answer = client.get(link, headers={"Range": "bytes=1048570-1048581"})
    assert answer.status_code == 206
    assert answer.content == PIECE[-6:] + PIECE[:6]
    whole = client.get(link)
    assert b"".join(whole.streaming_content) == PIECE * 2
    assert client.head(link)["Content-Length"] == str(2 << 20)


def test_a_source_that_breaks_leaves_nothing(objects, s3):
    def breaking():
        yield from itertools.repeat(PIECE, 20)
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        store(breaking(), kind="raw")
    assert keys(s3) == []
    assert not s3.list_multipart_uploads(Bucket="bucket").get("Uploads")
    assert not Artifact.objects.exists()


def test_discarded_bytes_go(objects, s3, django_capture_on_commit_callbacks):
    artifact = make_stored()
    with django_capture_on_commit_callbacks(execute=True):
        discard(artifact)
    assert keys(s3) == []
    objects.delete(artifact.path)  # twice is as good


def test_lost_bytes_are_gone_by_name(objects, s3):
    artifact = make_stored()
    s3.delete_object(Bucket="bucket", Key=f"pre/fix/{artifact.path}")
    with pytest.raises(ArtifactGone):
        artifact.open()
    assert not artifact.exists()
    assert not verify(artifact)


def test_bytes_that_change_while_they_are_read_are_not_mixed(objects, s3):
    artifact = store([PIECE, PIECE], kind="raw")
    with artifact.open() as stream:
        stream.read(10)
        s3.put_object(Bucket="bucket", Key=f"pre/fix/{artifact.path}", Body=b"y" * (2 << 20))
        stream.seek(1 << 20)
        with pytest.raises(OSError, match="refused"):
            stream.read(10)


@pytest.mark.parametrize("name", ["../x", "a//b", "", "/a", "a/..", "a\x00b"])
def test_names_that_leave_the_prefix_are_refused(objects, name):
    for call in (objects.open, objects.delete, objects.exists, objects.size):
        with pytest.raises(SuspiciousFileOperation):
            call(name)
    with pytest.raises(SuspiciousFileOperation):
        objects._save(name, ContentFile(b"x"))


def test_stored_files_are_only_read(objects):
    with pytest.raises(SuspiciousFileOperation):
        objects.open(make_stored().path, "wb")


def test_everything_is_listed_in_order_with_its_size(objects, s3):
    names = ["raw-old/x", "raw/a/x", "raw/a-", "raw.d/x", "raw2/x", "Raw/x", "rawé/x"]
    for name in names:
        s3.put_object(Bucket="bucket", Key=f"pre/fix/{name}", Body=b"abc")
    s3.put_object(Bucket="bucket", Key="pre/fixture", Body=b"a neighbour's")
    found = list(objects.walk())
    assert [file.path for file in found] == sorted(names, key=str.encode)
    assert {file.size for file in found} == {3}
    assert all(abs(datetime.now(UTC) - file.modified) < timedelta(hours=1) for file in found)


def put_orphan(s3, number):
    key = f"pre/fix/raw/2026/01/02/00000000-0000-0000-0000-{number:012}"
    s3.put_object(Bucket="bucket", Key=key, Body=b"x")


def test_orphans_go_and_all_else_stays(objects, s3):
    kept = make_stored()
    for number in range(3):
        put_orphan(s3, number)
    s3.put_object(Bucket="bucket", Key="pre/fix/raw/notes.txt", Body=b"mine")
    *_, found = upkeep.tidy(objects, older_than=timedelta(seconds=-60))
    assert (found.deleted, found.foreign, found.rows, found.missing) == (3, 1, 1, 0)
    assert keys(s3) == [f"pre/fix/{kept.path}", "pre/fix/raw/notes.txt"]


def test_more_than_a_page_is_listed(objects, s3):
    kept = make_stored()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(put_orphan, s3), range(1005)))
    *_, found = upkeep.tidy(objects)
    assert (found.files, found.deleted, found.rows, found.missing) == (1006, 0, 1, 0)
    assert kept.exists()


def test_uploads_that_broke_off_are_forgotten_when_they_are_old(objects, s3):
    for key in ("pre/fix/raw/x", "elsewhere/x"):
        s3.create_multipart_upload(Bucket="bucket", Key=key)
    assert objects.abort_uploads(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert objects.abort_uploads(datetime.now(UTC) + OLD) == 1
    (left,) = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
    assert left["Key"] == "elsewhere/x"


def test_a_store_that_is_away_takes_nothing_and_calls_nothing_lost(settings):
    url = "s3://key:secret@bucket/x?endpoint=http://127.0.0.1:9&region=us-east-1"
    settings.STORAGES = {**settings.STORAGES, "default": backend_of(url)}
    with pytest.raises(StorageFull):
        store([b"x"], kind="raw")
    row = Artifact(path="raw/x", sha256="0" * 64)
    for call in (row.open, row.exists, lambda: verify(row)):
        with pytest.raises(StorageAway):
            call()
    with pytest.raises(OSError, match="does not answer"):
        list(here().walk())


def test_a_store_that_refuses_is_away_and_says_no_secret(s3_endpoint, s3):
    place = place_at(backend_of(f"s3://key:secret@missing?endpoint={s3_endpoint}&region=us-east-1"))
    with pytest.raises(OSError, match=r"refused|no object") as caught:
        place.save("raw/x", ContentFile(b"x"))
    assert "secret" not in str(caught.value)


def test_a_large_file_needs_little_memory_both_ways(objects):
    store([PIECE], kind="raw")  # what the library needs once
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    artifact = store(itertools.repeat(PIECE, 200), kind="raw")
    with artifact.open() as stream:
        assert sum(len(part) for part in chunked(stream)) == 200 << 20
    assert peak() - before < 64 << 20
