"""Kill -9 while jobs end by their closing date: each ends once, and its boards hear of it once."""

import pytest

from tests.faults.test_crashes import EXPIRING
from tests.real.checks import gather, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]
MORE_THAN_A_BATCH = 510
OVER = "UPDATE ingestion_job SET expires_at = now() - interval '1 minute' RETURNING id"


@pytest.mark.story
@pytest.mark.parametrize("point", sorted(EXPIRING))
@pytest.mark.parametrize(("count", "nth"), [(3, 1), (MORE_THAN_A_BATCH, 2)])
def test_a_death_ends_no_job_twice_and_forgets_none(point, count, nth, world):
    died = world.var / "died"
    world.act("jobs", count=count)
    assert len(world.query(OVER)) == count
    world.start_worker(JOBLY_CRASH=f"{point}:{nth}", JOBLY_CRASH_ONCE=str(died))
    world.act("repeat", kind="ingestion.expire_jobs", args={}, times=1)
    world.until(died.exists, f"somebody reaches {point} {nth} times")
    world.until_rest()

    assert violations(gather(world)) == []
    assert world.count("ingestion_job", "status = 'expired'") == count
    heard = "SELECT count(DISTINCT args->>'job_id') FROM runs_run WHERE kind = %s"
    assert world.value(heard, "distribution.take_down") == count
    assert world.count("runs_run", "kind = 'distribution.take_down'") == count
    (run,) = world.query("SELECT done FROM runs_run WHERE kind = 'ingestion.expire_jobs'")
    assert run["done"] == count
