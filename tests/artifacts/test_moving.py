"""A move copies everything, reads it again, goes on after a death, and deletes only on demand."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection

from jobly.artifacts.actions import discard, moving, store, verify
from jobly.artifacts.clients.files import DurableFiles
from jobly.artifacts.clients.places import here, place_at
from jobly.artifacts.errors import ArtifactGone, StorageFull
from jobly.artifacts.models import Artifact
from jobly.artifacts.rules.places import backend_of
from jobly.artifacts.rules.places import moving as moving_backend
from jobly.runs.models import Run
from tests.artifacts.making import age, files, make_orphan, make_stored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def target(tmp_path):
    """Where artifacts are to go."""
    return tmp_path / "target"


@pytest.fixture
def places(storage, target):
    return DurableFiles(location=str(storage)), DurableFiles(location=str(target))


def moved(places, **options):
    *_, last = [moving.Moved(), *moving.move(*places, **options)]
    return last


def storage_command(capsys, *arguments):
    """Run the command and return its JSON."""
    call_command("storage", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def refusal_of(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        call_command("storage", *arguments, "--json")
    assert caught.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_everything_arrives_whole_and_the_source_stays(places, storage, target):
    made = [make_stored(os.urandom(n * 1000)) for n in range(20)]
    discard(make_stored())
    make_orphan(storage)
    before = files(storage)
    found = moved(places)
    assert (found.copied, found.present, found.failed, found.passes) == (20, 0, 0, 2)
    assert found.copied_bytes == sum(one.size for one in made)
    assert files(target) == sorted(one.path for one in made)
    assert files(storage) == before
    for one in made:
        assert (target / one.path).read_bytes() == (storage / one.path).read_bytes()


def test_a_second_move_copies_nothing_but_reads_all(places, target):
    one, other = make_stored(), make_stored()
    moved(places)
    (target / one.path).write_bytes(b"same bytes")  # of the same length
    found = moved(places)
    assert (found.copied, found.present, found.failed) == (1, 1, 0)
    assert (target / one.path).read_bytes() == b"some bytes"
    assert (target / other.path).read_bytes() == b"some bytes"


def test_a_dry_run_says_what_would_be_copied(places, target):
    make_stored(b"x" * 10)
    moved(places)
    make_stored(b"x" * 20)
    found = moved(places, dry_run=True)
    assert (found.copied, found.copied_bytes, found.present, found.passes) == (1, 20, 1, 1)
    assert len(files(target)) == 1


def test_a_dry_run_with_nothing_to_do_says_so(places):
    make_stored()
    moved(places)
    found = moved(places, dry_run=True)
    assert (found.copied, found.present) == (0, 1)


class Slow(DurableFiles):
    """A disk that takes its time."""

    def _open(self, name, mode="rb"):
        time.sleep(0.1)
        return super()._open(name, mode)


def test_a_move_that_is_left_stops_soon(places, storage, target):
    for _ in range(30):
        make_stored()
    for found in moving.move(Slow(location=str(storage)), places[1]):
        if found.copied == 3:
            break
    del found
    assert len(files(target)) < 30


def test_what_cannot_arrive_is_named_and_the_rest_does(places, storage, target):
    whole, lost, turned, shut = (make_stored(b"some bytes") for _ in range(4))
    (storage / lost.path).unlink()
    (storage / turned.path).write_bytes(b"same bytes")
    (storage / shut.path).unlink()
    (storage / shut.path).mkdir()
    found = moved(places)
    assert (found.copied, found.failed) == (1, 3)
    words = {loss.artifact: loss.what for loss in found.losses}
    assert words[str(lost.pk)] == "missing"
    assert words[str(turned.pk)] == "damaged"
    assert words[str(shut.pk)] in ("missing", "unreadable")
    assert files(target) == [whole.path]


def test_a_worse_source_does_not_replace_what_is_at_the_target(places, storage, target):
    one = make_stored(b"some bytes")
    moved(places)
    (storage / one.path).write_bytes(b"rotten....")
    (target / one.path).write_bytes(b"some byte")
    assert moved(places).failed == 1
    assert (target / one.path).read_bytes() == b"some byte"


def test_what_is_stored_meanwhile_is_caught_up_with(places, target):
    for _ in range(5):
        make_stored()
    late = []

    def passes():
        for found in moving.move(*places):
            if len(late) < 3:
                late.append(make_stored())
            yield found

    *_, last = passes()
    assert last.copied == 8
    assert {one.path for one in late} < set(files(target))


def test_what_is_discarded_meanwhile_is_no_loss(storage, target):
    gone = make_stored()

    class Racing(DurableFiles):
        """Somebody discards the artifact just before it is read."""

        def _open(self, name, mode="rb"):
            discard_in_another_session(gone)
            return super()._open(name, mode)

    found = moved((Racing(location=str(storage)), DurableFiles(location=str(target))))
    assert (found.copied, found.failed) == (0, 0)


def discard_in_another_session(artifact):
    try:
        discard(artifact)
    finally:
        connection.close()  # of the thread that copies


def test_a_target_that_is_full_ends_the_move_and_names_the_reason(places, storage):
    make_stored()

    class Full(DurableFiles):
        def _save(self, name, content):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageFull, match="No space left"):
        moved((places[0], Full(location=str(storage.parent / "full"))))


def test_a_target_that_lies_is_found_out(places, storage, target):
    make_stored()

    class Forgetful(DurableFiles):
        """A disk that loses the end of what is written."""

        def _save(self, name, content):
            return super()._save(name, ContentFile(content.read()[:-1]))

    found = moved((places[0], Forgetful(location=str(target))))
    assert (found.copied, found.failed, found.losses[0].what) == (0, 1, "failed")
    assert files(target) == []


# on the move: two places at once


@pytest.fixture
def on_the_move(settings, storage, target):
    """Run the product as it runs between the two restarts of a move."""

    def begin():
        new = f"file://{target}"
        settings.STORAGE_OLD_URL, settings.STORAGE_URL = settings.STORAGE_URL, new
        both = moving_backend(backend_of(new), backend_of(settings.STORAGE_OLD_URL))
        settings.STORAGES = {**settings.STORAGES, "default": both}

    return begin


def test_between_two_places_both_are_read_and_the_new_one_is_written(on_the_move, storage, target):
    old = make_stored(b"old")
    on_the_move()
    new = make_stored(b"new")
    assert files(target) == [new.path]
    for one in (old, new):
        assert one.exists()
        assert verify(one)
        assert here().size(one.path) == 3
    assert [file.path for file in here().walk()] == sorted([old.path, new.path])
    age(storage / make_orphan(storage), days=3)
    call_command("retention", "--json")
    assert files(storage) == [old.path]


def test_what_is_discarded_on_the_move_does_not_come_back(on_the_move, storage, target):
    old = make_stored()
    on_the_move()
    list(moving.move(*map(place_at, map(backend_of, (f"file://{storage}", f"file://{target}")))))
    discard(old)
    assert files(storage) == files(target) == []
    with pytest.raises(ArtifactGone):
        old.open()


def test_a_whole_move_as_the_manual_says(on_the_move, settings, storage, target, capsys):
    made = [make_stored(os.urandom(100)) for _ in range(5)]
    first = storage_command(capsys, "migrate", "--to", f"file://{target}")
    assert (first["copied"], first["deleted"]) == (5, 0)
    straggler = make_stored()  # stored after the copy, before the restart
    on_the_move()
    made += [straggler, make_stored()]
    second = storage_command(capsys, "migrate", "--to", settings.STORAGE_URL, "--delete-source")
    assert (second["copied"], second["present"], second["deleted"]) == (1, 6, 6)
    assert files(storage) == []
    settings.STORAGES = {**settings.STORAGES, "default": backend_of(settings.STORAGE_URL)}
    assert all(verify(one) for one in made)


# by command


def test_the_command_moves_as_a_run(storage, target, capsys):
    made = make_stored()
    told = storage_command(capsys, "migrate", "--to", f"file://{target}")
    run = Run.objects.get(pk=told.pop("run"))
    assert (run.kind, run.status, run.done, run.total) == ("storage.migrate", "succeeded", 1, 1)
    assert told == {
        "from": f"file://{storage}",
        "to": f"file://{target}",
        "dry_run": False,
        "passes": 2,
        "present": 0,
        "copied": 1,
        "copied_bytes": made.size,
        "failed": 0,
        "losses": [],
        "deleted": 0,
    }


def test_a_dry_run_leaves_no_run_behind(target, capsys):
    make_stored()
    told = storage_command(capsys, "migrate", "--to", f"file://{target}", "--dry-run")
    assert (told["copied"], told["dry_run"]) == (1, True)
    assert not target.exists()
    assert not Run.objects.exists()


def test_the_source_in_use_is_never_emptied(storage, target, capsys):
    made = make_stored()
    said = refusal_of(capsys, "migrate", "--to", f"file://{target}", "--delete-source")
    assert "still in use" in said
    assert said.count("\n") == 1
    assert files(storage) == [made.path]
    assert not target.exists()


def test_a_source_is_not_emptied_when_something_was_lost(on_the_move, settings, storage, capsys):
    one, lost = make_stored(), make_stored()
    (storage / lost.path).unlink()
    on_the_move()
    told = storage_command(capsys, "migrate", "--to", settings.STORAGE_URL, "--delete-source")
    assert (told["copied"], told["failed"], told["deleted"]) == (1, 1, 0)
    assert told["losses"][0]["artifact"] == str(lost.pk)
    assert files(storage) == [one.path]


def test_a_source_keeps_what_is_not_ours(on_the_move, settings, storage, capsys):
    make_stored()
    orphan = make_orphan(storage)
    (storage / "notes.txt").write_text("mine")
    on_the_move()
    told = storage_command(capsys, "migrate", "--to", settings.STORAGE_URL, "--delete-source")
    assert told["deleted"] == 1
    assert files(storage) == sorted(["notes.txt", orphan])


@pytest.mark.parametrize("where", ["", "/inside", "/.."])
def test_a_place_within_itself_is_refused(where, storage, capsys):
    make_stored()
    said = refusal_of(capsys, "migrate", "--to", f"file://{storage}{where}")
    assert "nothing was" in said


@pytest.mark.parametrize("url", ["nowhere", "ftp://x", "file://x", "s3://"])
def test_a_target_that_is_no_place_is_refused(url, capsys):
    assert "nothing was changed" in refusal_of(capsys, "migrate", "--to", url)


def test_a_target_that_cannot_be_written_is_refused_in_one_line(tmp_path, capsys):
    made = make_stored()
    (tmp_path / "file").write_text("no folder")
    said = refusal_of(capsys, "migrate", "--to", f"file://{tmp_path}/file")
    assert said.count("\n") == 1
    assert verify(made)


def test_there_and_back_through_an_object_store(tmp_path, settings, s3, s3_url, capsys):
    made = [make_stored(os.urandom(n)) for n in (0, 1, 100_000)]
    made.append(store([bytes(1 << 20)] * 17, kind="raw"))  # more than a part
    out = storage_command(capsys, "migrate", "--to", s3_url)
    assert (out["copied"], out["failed"], out["to"]) == (4, 0, "s3://bucket/pre/fix")
    assert "secret" not in json.dumps(out)
    settings.STORAGES = {**settings.STORAGES, "default": backend_of(s3_url)}
    assert all(verify(one) for one in made)
    back = f"file://{tmp_path}/back"
    told = storage_command(capsys, "migrate", "--from", s3_url, "--to", back, "--delete-source")
    assert (told["copied"], told["deleted"]) == (4, 4)
    assert not s3.list_objects_v2(Bucket="bucket").get("Contents")
    assert not any("secret" in str(run.args) for run in Run.objects.all())
    assert files(tmp_path / "back") == sorted(one.path for one in made)


def test_status_says_where_and_how_much(storage, capsys):
    make_stored(b"x" * 10)
    make_stored(b"x" * 20, kind="exports", days=8)
    told = storage_command(capsys, "status")
    assert (told["url"], told["old_url"]) == (f"file://{storage}", "")
    assert (told["files"], told["bytes"]) == (2, 30)
    assert [(kind["kind"], kind["due_files"]) for kind in told["kinds"]] == [
        ("exports", 1),
        ("raw", 0),
    ]
    call_command("storage", "status")
    assert "keep_days=7" in capsys.readouterr().out


def test_verify_reads_all_or_a_sample(storage, capsys):
    made = [make_stored(b"some bytes") for _ in range(6)]
    (storage / made[0].path).write_bytes(b"same bytes")
    (storage / made[1].path).unlink()
    told = storage_command(capsys, "verify")
    assert (told["files"], told["bytes"], told["missing"], told["damaged"]) == (6, 60, 1, 1)
    run = Run.objects.get(pk=told["run"])
    assert (run.kind, run.done, run.failed, run.total) == ("storage.verify", 4, 2, 6)
    assert storage_command(capsys, "verify", "--sample", "3")["files"] == 3


def test_retention_counts_by_kind_and_then_does_it(storage, capsys):
    make_stored(b"x" * 7, kind="exports", days=8)
    make_stored(b"x" * 5)
    make_orphan(storage)
    call_command("retention", "--dry-run", "--json")
    planned = json.loads(capsys.readouterr().out)
    assert (len(files(storage)), Run.objects.count()) == (3, 0)
    call_command("retention", "--json")
    done = json.loads(capsys.readouterr().out)
    run = Run.objects.get(pk=done.pop("run"))
    assert (run.kind, run.status) == ("system.retention", "succeeded")
    assert planned.pop("dry_run") is True
    assert done.pop("dry_run") is False
    assert {name: done[name] for name in planned} == planned
    assert done["kinds"] == {"exports": {"files": 1, "bytes": 7}}
    assert (done["orphans"], done["orphan_bytes"], done["missing"]) == (1, 6, 0)
    assert len(files(storage)) == 1


# death and company


PROGRAM = [sys.executable, "manage.py", "storage"]


def spawned(storage, *arguments, **more):
    """Start the command as a process of its own on this test's database and storage."""
    root = Path(django_settings.BASE_DIR)
    url = os.environ | {
        "DATABASE_URL": database_url(),
        "STORAGE_URL": f"file://{storage}",
        "DJANGO_SETTINGS_MODULE": "jobly.settings",
    }
    return subprocess.Popen(
        [*PROGRAM, *arguments, "--json"],
        cwd=root,
        env=url,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def database_url():
    known = connection.settings_dict
    host = known["HOST"] or known["OPTIONS"]["host"]
    return f"postgres://{known['USER']}@/{known['NAME']}?host={host}"


@pytest.mark.parametrize("after", [1, 40])
def test_a_move_goes_on_after_a_death(after, storage, target):
    made = [make_stored(os.urandom(200_000)) for _ in range(120)]
    command = ("migrate", "--to", f"file://{target}")
    with spawned(storage, *command) as first:
        deadline = time.monotonic() + 60
        while len(list(target.rglob("????????-*"))) < after:
            assert time.monotonic() < deadline
            assert first.poll() is None, first.stderr.read()
        first.send_signal(signal.SIGKILL)
    arrived = [one for one in made if (target / one.path).exists()]
    for one in arrived:  # whatever can be seen is whole
        assert (target / one.path).read_bytes() == (storage / one.path).read_bytes()
    with spawned(storage, *command) as second:
        out, err = second.communicate(timeout=120)
    told = json.loads(out)
    assert second.returncode == 0, err
    assert (told["copied"] + told["present"], told["failed"]) == (120, 0)
    assert told["present"] == len(arrived)
    for one in made:
        assert (target / one.path).read_bytes() == (storage / one.path).read_bytes()


def test_the_product_may_write_while_all_is_moved(storage, target):
    made = [make_stored(os.urandom(50_000)) for _ in range(60)]
    stop = threading.Event()

    def write():
        try:
            while not stop.wait(0.01):
                made.append(make_stored(os.urandom(5_000)))
                if len(made) % 5 == 0:
                    discard(made[-3])
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    with spawned(storage, "migrate", "--to", f"file://{target}") as command:
        out, err = command.communicate(timeout=120)
    stop.set()
    writer.join()
    assert command.returncode == 0, err
    assert json.loads(out)["failed"] == 0
    with spawned(storage, "migrate", "--to", f"file://{target}") as command:
        told = json.loads(command.communicate(timeout=120)[0])
    kept = Artifact.objects.kept()
    assert told["present"] + told["copied"] == kept.count()
    for one in kept:
        assert (target / one.path).read_bytes() == (storage / one.path).read_bytes()
