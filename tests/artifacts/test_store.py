"""Stored bytes are whole, durable, known by their content, and out of reach of names and links."""

import errno
import gc
import hashlib
import io
import signal
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from ingestion.models import RawCollection, Upload
from jobly.artifacts.actions import discard, store, verify
from jobly.artifacts.clients.files import DurableFiles
from jobly.artifacts.clients.places import here
from jobly.artifacts.errors import ArtifactGone, StorageAway, StorageFull
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.chunks import chunked
from jobly.artifacts.rules.types import content_type_of
from jobly.runs.models import Run
from tests.make import make_company, make_key, make_member

pytestmark = pytest.mark.django_db


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
    artifact = store([b"x"], kind="rejects", content_type="text/csv", name=name.replace("\x00", ""))
    assert artifact.path == f"rejects/{datetime.now(UTC):%Y/%m/%d}/{artifact.pk}"
    assert files(storage) == [artifact.path]
    assert (storage / artifact.path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["", "..", "a/b", "Raw", "raw\n", "unheard_of"])
def test_a_kind_has_a_rule_for_how_long_it_is_kept(kind, storage):
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


# what a file is


@pytest.mark.parametrize(
    ("data", "name", "claimed", "expected"),
    [
        (b"title,company\nWelder,Acme\n", "jobs.csv", "", "text/csv"),
        (b"title,company\n", "jobs.csv", "text/csv; charset=utf-8", "text/csv; charset=utf-8"),
        (b"%PDF-1.7\n%\xe2\xe3", "cv.pdf", "", "application/pdf"),
        (b"%PDF-1.7\n%\xe2\xe3", "jobs.csv", "text/csv", "application/pdf"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "cv.pdf", "application/pdf", "text/html"),
        (b"  \n<html><body>", "jobs.json", "", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "logo.png", "image/png", "image/svg+xml"),
        (b"<?xml version='1.0'?><rss version='2.0'>", "feed", "", "application/xml"),
        (b'\xef\xbb\xbf{"jobs": []}', "", "", "application/json"),
        (b'[{"a": 1}]', "jobs.csv", "", "text/csv"),
        (b"not json at all", "jobs.json", "", "text/plain"),
        (b'{"a": 1}\n{"a": 2}\n', "jobs.jsonl", "", "application/x-ndjson"),
        ("título,empresa\n".encode("utf-16"), "jobs.csv", "", "text/csv"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "jobs.csv", "text/csv", "image/png"),
        (b"MZ\x90\x00\x03\x00", "cv.pdf", "", "application/vnd.microsoft.portable-executable"),
        (b"\x00\x01\x02 nothing known", "jobs.csv", "text/csv", "application/octet-stream"),
        (b"\x00\x01\x02 nothing known", "", "application/x-ours", "application/x-ours"),
        (b"caf\xe9,latin\n", "jobs.csv", "", "application/octet-stream"),
        (b"", "jobs.csv", "", "text/csv"),
        (b"", "", "", "application/octet-stream"),
        (b"hello\n", "", "", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(data, name, claimed, expected):
    assert store([data], kind="raw", name=name, content_type=claimed).content_type == expected


@pytest.mark.parametrize(
    ("parts", "name", "expected"),
    [
        (["[Content_Types].xml", "xl/workbook.xml"], "jobs.csv", "spreadsheetml.sheet"),
        (["[Content_Types].xml", "word/document.xml"], "cv", "wordprocessingml.document"),
        (["a.txt"], "jobs.xlsx", "application/zip"),
        (["_rels/.rels", "a.txt"], "jobs.xlsx", "spreadsheetml.sheet"),
    ],
)
def test_an_office_document_is_told_from_any_other_archive(parts, name, expected):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    found = store([made.getvalue()], kind="raw", name=name).content_type
    assert found.endswith(expected)


@given(st.binary(max_size=300), st.text(max_size=20), st.sampled_from(["", "text/csv", "x/y"]))
def test_any_bytes_have_a_type(head, name, claimed):
    assert "/" in content_type_of(head, name=name, claimed=claimed)


# metadata costs no download


class Unread(DurableFiles):
    """A storage that cannot be read."""

    def _open(self, name, mode="rb"):
        raise AssertionError("metadata was asked for, not bytes")


def test_what_is_known_of_a_file_is_known_without_reading_it(settings, storage):
    artifact = store([b"some bytes"], kind="raw", name="a.txt")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Unread", "OPTIONS": {"location": str(storage)}},
    }
    row = Artifact.objects.get(pk=artifact.pk)
    assert row.exists()
    assert (row.size, len(row.sha256), row.content_type) == (10, 64, "text/plain")
    assert [file.size for file in here().walk()] == [10]
    (storage / artifact.path).unlink()
    assert not row.exists()


def test_discarded_bytes_do_not_exist():
    artifact = store([b"x"], kind="raw")
    discard(artifact)
    assert not artifact.exists()


def test_a_link_instead_of_a_file_does_not_exist(storage, tmp_path):
    artifact = store([b"x"], kind="raw")
    (storage / artifact.path).unlink()
    (storage / artifact.path).symlink_to(tmp_path)
    assert not artifact.exists()


def test_a_storage_that_fails_is_away_and_nothing_is_called_lost(storage, settings):
    artifact = store([b"x"], kind="raw")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Broken", "OPTIONS": {"location": str(storage)}},
    }
    with pytest.raises(StorageAway):
        artifact.open()
    with pytest.raises(StorageAway):
        verify(artifact)
    with pytest.raises(StorageAway):
        artifact.exists()


class Broken(DurableFiles):
    """A disk that gives nothing back."""

    def _open(self, name, mode="rb"):
        raise OSError(errno.EIO, "Input/output error")

    def exists(self, name):
        raise OSError(errno.EIO, "Input/output error")


# size


@pytest.mark.parametrize("megabytes", [16, 200])
def test_a_large_file_needs_little_memory_both_ways(storage, megabytes):
    piece = bytes(range(256)) * 4096  # a megabyte
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak()
    artifact = store((piece for _ in range(megabytes)), kind="raw")
    assert verify(artifact)
    with artifact.open() as stream:
        assert sum(len(part) for part in chunked(stream)) == megabytes << 20
    assert artifact.size == megabytes << 20
    assert peak() - before < 12 << 20


def peak():
    """The most memory this process had resident since it was last asked to forget, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def test_a_real_disk_that_is_full_takes_the_file_when_there_is_room_again(storage):
    """A file system of one megabyte of its own, in a namespace that goes with the child."""
    program = """
import ctypes, os, sys
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
folder, uid, gid = sys.argv[1], os.getuid(), os.getgid()
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000
if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS):
    sys.exit(77)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
os.makedirs(folder)
if libc.mount(b"none", folder.encode(), b"tmpfs", 0, b"size=1m"):
    sys.exit(77)
from django.conf import settings
settings.configure(USE_TZ=True, STORAGES={"default": {
    "BACKEND": "jobly.artifacts.clients.files.DurableFiles", "OPTIONS": {"location": folder}}})
import django, django_stubs_ext; django_stubs_ext.monkeypatch(); django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as place
place.save("raw/first", ContentFile(bytes(600_000)))
try:
    place.save("raw/second", ContentFile(bytes(600_000)))
except OSError as exc:
    assert exc.strerror == "No space left on device", exc
else:
    sys.exit(2)
assert [file.path for file in place.walk()] == ["raw/first"]
place.delete("raw/first")
place.save("raw/second", ContentFile(bytes(600_000)))
assert place.size("raw/second") == 600_000
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(storage)], check=False, capture_output=True, text=True
    )
    if done.returncode == 77:
        pytest.skip("this kernel lends nobody a file system of his own")
    assert done.returncode == 0, done.stderr


class Full(DurableFiles):
    """A disk on which nothing is left."""

    def _save(self, name, content):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_upload_to_a_full_disk_is_refused_and_can_be_sent_again(client, settings, storage):
    company = make_company("acme")
    _, key = make_key(make_member(company), company=company)

    def send(backend):
        inside = {"BACKEND": backend, "OPTIONS": {"location": str(storage)}}
        settings.STORAGES = {**settings.STORAGES, "default": inside}
        file = SimpleUploadedFile("jobs.csv", b"title,company\nWelder,Acme\n", "text/csv")
        return client.post(
            "/api/v1/uploads/",
            {"file": file, "company": "acme", "mode": "skip"},
            headers={"Authorization": f"Bearer {key}"},
        )

    answer = send(f"{__name__}.Full")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_full")
    assert "No space left on device" in answer.json()["detail"]
    rows = (Upload, RawCollection, Artifact, Run)
    assert [model.objects.count() for model in rows] == [0, 0, 0, 0]
    assert send("jobly.artifacts.clients.files.DurableFiles").status_code == 202
    assert [model.objects.count() for model in rows] == [1, 1, 1, 1]
    assert Artifact.objects.get().content_type == "text/csv"
