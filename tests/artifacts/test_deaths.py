"""Kill -9 in the middle of the upkeep of storage: a row that keeps its bytes has them, always."""

import hashlib
import os
from uuid import uuid4

import pytest

from tests.artifacts.making import age, files, make_orphan

pytestmark = pytest.mark.faults

BATCHES = 1203  # files: three batches


@pytest.fixture
def place(tmp_path):
    """A storage of this world's own."""
    return tmp_path / "storage"


def put(world, place, *, kind, days, count):
    """Lay down artifacts of an age, row and file."""
    rows = []
    (place / kind / "2026/01/02").mkdir(parents=True)
    for _ in range(count):
        data, path = os.urandom(16), f"{kind}/2026/01/02/{uuid4()}"
        (place / path).write_bytes(data)
        age(place / path, days=days)
        rows.append([uuid4(), path, hashlib.sha256(data).hexdigest(), kind, days])
    with world.rows.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO artifacts_artifact"
            " (id, path, sha256, size, content_type, kind, name, created_at)"
            " VALUES (%s, %s, %s, 16, 'text/csv', %s, '', now() - %s * interval '1 day')",
            rows,
        )


def losses(world, place):
    """Name the rows that should have their bytes and do not (I11)."""
    kept = world.query("SELECT path, sha256 FROM artifacts_artifact WHERE deleted_at IS NULL")
    there = set(files(place))
    return [
        row["path"]
        for row in kept
        if row["path"] not in there
        or hashlib.sha256((place / row["path"]).read_bytes()).hexdigest() != row["sha256"]
    ]


def start_mortal(world, place, crash):
    """Start a worker that dies at a point, once; return what shows that it did."""
    died = world.var / "died"
    deadly = {"JOBLY_CRASH": crash, "JOBLY_CRASH_ONCE": str(died)}
    world.start_worker(STORAGE_URL=f"file://{place}", **deadly)
    return died


def perform(world, place, kind, died=None):
    """Have the worker do one kind of run to its end, and die meanwhile where that is said."""
    world.act("repeat", kind=kind, args={}, times=1)
    if died:
        world.until(died.exists, "somebody died")
        assert losses(world, place) == []  # at once, not only when all is mended
    world.until_rest()
    (run,) = world.query("SELECT * FROM runs_run WHERE kind = %s ORDER BY id DESC LIMIT 1", kind)
    return run


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_death_after_rows_said_that_their_bytes_are_gone(nth, world, place):
    put(world, place, kind="exports", days=8, count=BATCHES)
    put(world, place, kind="raw", days=8, count=50)
    died = start_mortal(world, place, f"ingestion.after_expiry:{nth}")
    run = perform(world, place, "ingestion.expire_storage", died)
    assert (run["status"], run["crash_count"]) == ("succeeded", 1)
    assert losses(world, place) == []
    gone = "SELECT count(*) FROM artifacts_artifact WHERE deleted_at IS NOT NULL"
    assert world.value(gone) == BATCHES
    orphans = len(files(place)) - 50
    assert orphans == (500 if nth < 3 else BATCHES - 1000)  # the batch that was said to be gone
    tidied = perform(world, place, "ingestion.tidy_storage")
    assert tidied["result"]["deleted"] == orphans
    assert (losses(world, place), len(files(place))) == ([], 50)


@pytest.mark.parametrize("nth", [1, 2])
def test_a_death_while_orphans_are_deleted(nth, world, place):
    put(world, place, kind="raw", days=8, count=50)
    for _ in range(BATCHES):
        make_orphan(place)
    died = start_mortal(world, place, f"ingestion.mid_tidy:{nth}")
    run = perform(world, place, "ingestion.tidy_storage", died)
    assert (run["status"], run["crash_count"]) == ("succeeded", 1)
    assert (losses(world, place), len(files(place))) == ([], 50)
    assert 0 < run["result"]["deleted"] < BATCHES
