"""Stored bytes are whole, durable, found again, and out of reach of names and links."""

import hashlib
import io
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from jobly.artifacts import rules
from jobly.artifacts.actions import collect_orphans, discard, store, verify
from jobly.artifacts.clients.files import DurableFiles
from jobly.artifacts.errors import ArtifactGone, BadLink, StorageFull
from jobly.artifacts.models import Artifact
from jobly.users.models import User, principal_for
from jobly.users.rules import Principal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    folder = tmp_path / "storage"
    settings.STATIC_ROOT = tmp_path  # the web server warns where nothing was collected
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "jobly.artifacts.clients.files.DurableFiles",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(io.BytesIO, id="file"),
        pytest.param(lambda data: [data[:3], b"", data[3:]], id="list"),
        pytest.param(
            lambda data: (data[i : i + 7] for i in range(0, len(data), 7)), id="generator"
        ),
    ],
)
@pytest.mark.parametrize("data", [b"", b"x", b"some bytes \x00\xff" * 99_999])
def test_what_is_stored_is_read_again(source, data):
    artifact = store(source(data), kind="raw", content_type="text/plain", name="a.txt")
    artifact.refresh_from_db()
    with artifact.open() as stream:
        assert stream.read() == data
    assert (artifact.size, artifact.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert verify(artifact)


def test_the_place_is_dated_and_says_nothing_of_its_name(storage):
    name = "../../etc/passwd\x00 ünï.csv"
    artifact = store(
        [b"x"], kind="raw_collections", content_type="text/csv", name=name.replace("\x00", "")
    )
    assert artifact.path == f"raw_collections/{datetime.now(UTC):%Y/%m/%d}/{artifact.pk}"
    assert files(storage) == [artifact.path]
    assert (storage / artifact.path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["", "..", "a/b", "A", "raw\n", "x" * 33, "1a", "ü"])
def test_a_kind_is_a_word_of_ours(kind, storage):
    with pytest.raises(ValueError, match="no kind"):
        store([b"x"], kind=kind, content_type="text/plain")
    assert not storage.exists()


def test_a_source_that_breaks_leaves_nothing(storage):
    def breaking():
        yield b"half"
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        store(breaking(), kind="raw", content_type="text/plain")
    assert files(storage) == []
    assert not Artifact.objects.exists()


def test_a_caller_that_rolls_back_leaves_an_orphan_that_is_collected(storage):
    kept = store([b"kept"], kind="raw", content_type="text/plain")

    @transaction.atomic
    def failing():
        store([b"lost"], kind="raw", content_type="text/plain")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert len(files(storage)) == 2
    assert collect_orphans() == 0  # too young: its row could still be committed
    assert collect_orphans(timedelta(seconds=-1)) == 1
    assert files(storage) == [kept.path]


def test_leftovers_of_a_crash_are_collected(storage):
    kept = store([b"kept"], kind="raw", content_type="text/plain")
    (storage / kept.path).with_name(".part-1234").write_bytes(b"half")
    assert collect_orphans(timedelta(seconds=-1)) == 1
    assert files(storage) == [kept.path]


def test_collecting_walks_any_number_of_files(storage):
    for _ in range(1201):
        (storage / "raw").mkdir(parents=True, exist_ok=True)
        (storage / "raw" / uuid4().hex).touch()
    assert collect_orphans(timedelta(seconds=-1)) == 1201


def test_nothing_stored_yet_is_nothing_to_collect():
    assert collect_orphans() == 0


def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path, settings):
    """The file size limit of a child process stands for a full disk: write() fails half-way."""
    program = """
import errno, resource, signal, sys
from django.conf import settings
settings.configure(USE_TZ=True, STORAGES={"default": {
    "BACKEND": "jobly.artifacts.clients.files.DurableFiles", "OPTIONS": {"location": sys.argv[1]}}})
import django, django_stubs_ext; django_stubs_ext.monkeypatch(); django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    default_storage.save("raw/x", ContentFile(bytes(1 << 20)))
except OSError as exc:
    sys.exit(0 if exc.errno == errno.EFBIG else 1)
sys.exit(2)
"""
    folder = tmp_path / "full"
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
    assert done.returncode == 0
    assert files(folder) == []


def test_a_storage_that_takes_nothing_is_unavailable(storage):
    storage.write_text("a file where the folder should be")
    with pytest.raises(StorageFull) as caught:
        store([b"x"], kind="raw", content_type="text/plain")
    assert caught.value.status == 503
    assert not Artifact.objects.exists()


def test_a_kill_while_writing_leaves_no_visible_file(storage):
    program = """
import os, signal, sys
from django.conf import settings
settings.configure(USE_TZ=True, STORAGES={"default": {
    "BACKEND": "jobly.artifacts.clients.files.DurableFiles", "OPTIONS": {"location": sys.argv[1]}}})
import django, django_stubs_ext; django_stubs_ext.monkeypatch(); django.setup()
from django.core.files.base import File
from django.core.files.storage import default_storage
class Dying(File):
    def chunks(self, chunk_size=None):
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)
default_storage.save("raw/x", Dying(None, "x"))
"""
    done = subprocess.run([sys.executable, "-c", program, str(storage)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not default_storage.exists("raw/x")
    assert [Path(name).name[:6] for name in files(storage)] == [".part-"]


# names and links


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "", "a/", "a\x00b", ".."]
)
def test_names_that_leave_the_storage_are_refused(name, storage):
    files_there = DurableFiles(location=str(storage))
    storage.mkdir()
    with pytest.raises((SuspiciousFileOperation, ValueError)):
        files_there.open(name)
    with pytest.raises((SuspiciousFileOperation, ValueError)):
        files_there._save(name, ContentFile(b"x"))
    with pytest.raises((SuspiciousFileOperation, ValueError)):
        files_there.delete(name)


def test_a_file_swapped_for_a_link_is_gone_not_followed(storage, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    place = storage / artifact.path
    place.unlink()
    place.symlink_to(secret)
    with pytest.raises(ArtifactGone):
        artifact.open()
    assert not verify(artifact)


def test_a_folder_swapped_for_a_link_is_neither_read_nor_written_nor_emptied(storage, tmp_path):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    elsewhere = tmp_path / "elsewhere"
    (storage / "raw").rename(elsewhere)
    (storage / "raw").symlink_to(elsewhere)
    with pytest.raises(ArtifactGone):
        artifact.open()
    with pytest.raises(StorageFull):
        store([b"y"], kind="raw", content_type="text/plain")
    with pytest.raises(OSError, match=r"directory|symbolic"):
        default_storage.delete(artifact.path)
    assert len(files(elsewhere)) == 1


def test_stored_files_are_only_read(storage):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    with pytest.raises(SuspiciousFileOperation):
        default_storage.open(artifact.path, "r+b")


# the row


def test_bytes_that_changed_do_not_verify(storage):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    (storage / artifact.path).write_bytes(b"y")
    assert not verify(artifact)


def test_lost_bytes_are_gone_by_name(storage):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    (storage / artifact.path).unlink()
    with pytest.raises(ArtifactGone):
        artifact.open()


def test_discarding_drops_the_bytes_at_commit_and_keeps_the_row(
    storage, django_capture_on_commit_callbacks
):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    with django_capture_on_commit_callbacks(execute=True):
        discard(artifact)
        first = artifact.deleted_at
        assert files(storage) == [artifact.path]
    assert files(storage) == []
    discard(artifact)
    assert artifact.deleted_at == first
    with pytest.raises(ArtifactGone):
        artifact.open()
    assert not Artifact.objects.kept().exists()


def test_discarded_bytes_that_stayed_are_orphans(storage):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    discard(artifact)
    assert collect_orphans(timedelta(seconds=-1)) == 1


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_the_database_refuses_what_is_no_hash(digest):
    with pytest.raises(Exception, match=r"artifact_sha256|too long"), transaction.atomic():
        Artifact.objects.create(path="raw/x", sha256=digest, size=1, content_type="", kind="raw")


def test_two_rows_never_share_bytes():
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    with pytest.raises(IntegrityError), transaction.atomic():
        Artifact.objects.create(
            path=artifact.path, sha256=artifact.sha256, size=1, content_type="", kind="raw"
        )


# links

KEY = b"k" * 32
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@given(st.uuids(), st.uuids() | st.none(), st.integers(0, 10**7))
def test_a_link_opens_its_artifact_for_its_person_until_its_time(number, user, seconds):
    token = rules.sign(number, user=user, expires_at=NOW + timedelta(seconds=seconds), key=KEY)
    assert rules.read_token(token, user=user, now=NOW, key=KEY) == number


@pytest.mark.parametrize(
    ("user", "now", "key"),
    [
        (UUID(int=2), NOW, KEY),
        (None, NOW, KEY),
        (UUID(int=1), NOW + timedelta(minutes=2), KEY),
        (UUID(int=1), NOW, b"other"),
    ],
)
def test_a_link_of_somebody_else_or_too_late_opens_nothing(user, now, key):
    token = rules.sign(
        UUID(int=7), user=UUID(int=1), expires_at=NOW + timedelta(minutes=1), key=KEY
    )
    with pytest.raises(BadLink):
        rules.read_token(token, user=user, now=now, key=key)


@given(st.text(max_size=120) | st.binary(max_size=90).map(lambda b: b.hex()))
def test_a_made_up_link_opens_nothing(token):
    with pytest.raises(BadLink):
        rules.read_token(token, user=None, now=NOW, key=KEY)


@given(st.integers(0, 74), st.characters(codec="ascii"))
def test_a_changed_link_opens_nothing(place, sign):
    token = rules.sign(UUID(int=7), user=None, expires_at=NOW, key=KEY)
    forged = token[:place] + sign + token[place + 1 :]
    if forged != token:
        with pytest.raises(BadLink):
            rules.read_token(forged, user=None, now=NOW, key=KEY)


def test_a_download_is_for_its_person_alone_and_never_opens_in_the_page(client):
    mine, theirs = (User.objects.create_user(f"{n}@example.com") for n in "ab")
    data = b"<script>alert(1)</script>"
    artifact = store([data], kind="raw", content_type="text/html", name='é "x"\r\n.html')
    link = artifact.link_for(principal_for(mine))
    assert client.get(link).status_code == 404
    client.force_login(theirs)
    assert client.get(link).status_code == 404
    client.force_login(mine)
    answer = client.get(link)
    assert b"".join(answer.streaming_content) == data
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert client.get(link[:-2] + "/").status_code == 404


def test_a_download_of_discarded_bytes_is_not_there(client):
    artifact = store([b"x"], kind="raw", content_type="text/plain")
    link = artifact.link_for(Principal.anonymous())
    discard(artifact)
    assert client.get(link).status_code == 404
