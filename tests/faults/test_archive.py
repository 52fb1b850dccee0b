"""Kill -9 while finished runs leave the table: each is in the table or in a file, never in both."""

import gzip
import json

import pytest

from jobly.runs.rules.archive import first_number_at
from tests.artifacts.test_deaths import perform, place, start_mortal  # noqa: F401 - a fixture

pytestmark = pytest.mark.faults

OLD = 450  # runs: three steps


def put_old_runs(world):
    """Lay down runs that ended a hundred days ago."""
    then = world.value("SELECT now() - interval '100 days'")
    first = first_number_at(then).int
    for n in range(OLD):
        world.query(
            "INSERT INTO runs_run (id, root_id, kind, queue, status, args, payload_version, stream,"
            " priority, attempt, max_attempts, crash_count, crashes, fence, owner, available_at,"
            " progress, step, done, failed, skipped, total, error_code, error_class, error,"
            " history, waits, created_at, finished_at)"
            " SELECT id, id, 'proof.old', 'default', 'succeeded', '{}', 1, 'staff', 0, 1, 1, 0,"
            " '{}', 1, '', at, 100, '', 0, 0, 0, 0, '', '', '', '[]', false, at, at"
            " FROM (SELECT to_uuid AS id, %s::timestamptz AS at"
            "       FROM (SELECT %s::uuid AS to_uuid) one) old RETURNING id",
            then,
            f"{first + n:032x}",
        )


def archived(world, place):  # noqa: F811 - the fixture
    rows = world.query("SELECT path FROM artifacts_artifact WHERE kind = 'runs'")
    lines = [
        line
        for row in rows
        for line in gzip.decompress((place / row["path"]).read_bytes()).splitlines()
    ]
    return [json.loads(line)["id"] for line in lines]


@pytest.mark.parametrize("nth", [1, 2])
def test_a_death_between_the_file_and_the_table(nth, world, place):  # noqa: F811 - the fixture
    put_old_runs(world)
    died = start_mortal(world, place, f"runs.mid_archive:{nth}")
    run = perform(world, place, "runs.retention", died)
    assert (run["status"], run["crash_count"]) == ("succeeded", 1)
    assert world.value("SELECT count(*) FROM runs_run WHERE kind = 'proof.old'") == 0
    found = archived(world, place)
    assert len(found) == len(set(found)) == OLD
