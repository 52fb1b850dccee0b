"""Kill -9 while a shadow compares, is promoted and is rolled back; the same command goes on."""

import json

import pytest

from tests.real import postings

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]
MORE_THAN_A_BATCH = 1020
CATALOGUE = """
SELECT md5(string_agg(row, '|' ORDER BY row)) FROM (
    SELECT j::text AS row FROM ingestion_job AS j
    UNION ALL SELECT s::text FROM ingestion_sighting AS s
    UNION ALL SELECT d::text FROM ingestion_jobsearch AS d
) AS every
"""


def said(world, *options, **extra):
    """Run the command, killed at a point if one is given; return what it prints when it lives."""
    done = world.manage("reprocess", *options, "--json", **extra)
    if extra:
        assert done.returncode == -9, done.stderr
        return {}
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.story
@pytest.mark.parametrize(("count", "nth"), [(3, 1), (MORE_THAN_A_BATCH, 2)])
def test_a_death_in_any_step_loses_nothing_and_all_of_it_can_be_put_back(world, count, nth):
    file = world.var / "jobs.csv"
    file.write_text(postings.csv(count))
    assert world.manage("import_jobs", str(file), "--source", "site", "--json").returncode == 0
    with_old_words = "UPDATE ingestion_job SET occupation = 'as before' RETURNING id"
    assert len(world.query(with_old_words)) == count
    before = world.value(CATALOGUE)

    said(world, "--shadow", JOBLY_CRASH=f"ingestion.mid_shadow:{nth}")
    shadow = said(world, "--shadow")
    assert (shadow["changed"], shadow["fields"]["occupation"]) == (count, count)
    assert world.value(CATALOGUE) == before

    said(world, "--promote", shadow["processing"], JOBLY_CRASH=f"ingestion.mid_load:{nth}")
    promoted = said(world, "--promote", shadow["processing"])
    assert (promoted["status"], promoted["updated"]) == ("done", count)
    assert world.count("ingestion_job", "occupation = 'as before'") == 0

    said(world, "--rollback", shadow["processing"], JOBLY_CRASH=f"ingestion.mid_rollback:{nth}")
    back = said(world, "--rollback", shadow["processing"])
    assert back["status"] == "rolled_back"
    assert world.value(CATALOGUE) == before
    assert world.count("ingestion_beforeimage") == 0
