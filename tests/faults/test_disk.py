"""No room for files: nothing partial is left, and what was refused succeeds later (row 10)."""

import os
import resource
import subprocess
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.test_collecting import question, replayed, until_all_ended
from tests.real import postings
from tests.real.checks import gather, i5_books_balance, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(10)]
SMALL, LARGE = 256 << 10, 64 << 20  # bytes
ROWS = 1500  # in a file that does not fit


@contextmanager
def narrow_storage(world):
    """Give a world a storage of 256 KB; yield what makes room and how it was done.

    Where no file system may be mounted, the kernel refuses every file that grows beyond it.
    """
    storage = world.var / "storage"
    storage.unlink()
    storage.mkdir(mode=0o700)
    if may_mount(storage):
        try:
            yield lambda: mount(storage, f"remount,size={LARGE}")
        finally:
            subprocess.run(["umount", "-l", str(storage)], check=True)
    else:
        yield lambda: limit_files(world, resource.RLIM_INFINITY)


def mount(where, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(where)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def may_mount(where):
    return os.geteuid() == 0 and mount(where, f"size={SMALL},mode=0700")


def limit_files(world, size):
    """Bound the files that our processes may write; a soft bound, so that it can be lifted."""
    for process in world.processes:
        for pid in (process.child.pid, *process.children()):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def send(world, text):
    return world.api(
        "POST",
        "uploads/",
        data={"company": "acme", "mode": "skip"},
        files={"file": ("large.csv", text)},
        headers={"Idempotency-Key": "the large one"},
    )


def files_of(world):
    return [path for path in Path(world.var / "storage").rglob("*") if path.is_file()]


@pytest.mark.story
@pytest.mark.quick
def test_without_room_nothing_is_kept_and_with_room_all_of_it(world):
    with narrow_storage(world) as make_room:
        world.start_worker()
        world.start_web()
        if not os.path.ismount(world.var / "storage"):
            limit_files(world, SMALL)
        (run,) = world.act("repeat", kind="proof.store", args={"kilobytes": 400}, times=1)
        text = postings.csv(ROWS)
        refused = send(world, text)
        fate = "SELECT status, error_code FROM runs_run WHERE id = %s"
        failed = {"status": "failed", "error_code": "storage_full"}
        world.until(lambda: world.query(fate, run) == [failed], "the run gives up")

        assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
        assert files_of(world) == []
        assert world.count("artifacts_artifact") == world.count("ingestion_upload") == 0

        make_room()
        assert send(world, text).status_code == 202
        again = world.act("retry", run_id=run)
        world.until_rest()

        found = gather(world)
        assert violations(found) == []
        assert i5_books_balance(found) == []
        assert len(found.jobs) == ROWS
        assert len(files_of(world)) == len(found.artifacts) == 2
        assert world.query(fate, again) == [{"status": "succeeded", "error_code": ""}]


@pytest.mark.story
def test_a_page_of_a_source_that_does_not_fit_waits_in_a_file_and_is_stored_later(world):
    with narrow_storage(world) as make_room, replayed("arbeitnow", 0) as replay:
        replay.size = 600
        replay.open(700)
        world.start_worker()
        if not os.path.ismount(world.var / "storage"):
            limit_files(world, SMALL)
        world.act("collect", adapter="arbeitnow", base_url=replay.url, settings={})
        fate = "SELECT id, status, error_code FROM runs_run WHERE kind = 'ingestion.collect'"
        world.until(lambda: world.query(fate)[0]["status"] == "failed", "the walk gives up")
        (run,) = world.query(fate)
        assert run["error_code"] == "storage_full"
        assert files_of(world) == []
        assert world.count("ingestion_rawcollection") == 0

        make_room()
        world.act("retry", run_id=str(run["id"]))
        world.act("repeat", kind="ingestion.tidy_fetches", args={}, times=1)
        until_all_ended(world)

        assert violations(gather(world)) == []
        fetches = world.query("SELECT status, got FROM ingestion_fetch ORDER BY started_at")
        assert [tuple(row.values()) for row in fetches] == [("failed", 0), ("complete", 700)]
        assert world.count("ingestion_job") == 700
        assert not list((world.var / "spool").glob("*"))
        # four tries asked once between them, where a file of that size could be set aside
        times = 2 if os.path.ismount(world.var / "storage") else 5
        assert sorted(Counter(map(question, replay.asked)).values()) == [1, times]
