"""Kill -9 between what is paid and what is sent: each posting is paid once (RELIABILITY row 1)."""

import pytest

from tests.real.checks import gather, violations

pytestmark = [pytest.mark.faults, pytest.mark.story, pytest.mark.row(1)]
PRICE, CREDITS, JOBS = 29_900, 10, 3
BOARDS = ["glassdoor", "linkedin"]
POINTS = ["dist.after_reserve", "dist.after_post"]


@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_paid_twice_or_for_nothing_by_a_death_at(point, world):
    died = world.var / "died"
    world.act("figures", cost_model="flat", price_minor=PRICE, currency="EUR", credits_left=CREDITS)
    world.start_worker(JOBLY_CRASH=f"{point}:2", JOBLY_CRASH_ONCE=str(died))

    ids = world.act("jobs", count=JOBS)
    world.act("apply", channels=BOARDS, job_ids=ids)
    world.until_rest()

    assert died.exists(), f"nobody reached {point}"
    assert violations(gather(world)) == []
    assert world.count("distribution_distribution", "status = 'published'") == JOBS * len(BOARDS)
    paid = "SELECT distribution_id, count(*) AS n, sum(amount_minor) AS cost"
    rows = world.query(f"{paid} FROM distribution_charge GROUP BY distribution_id")
    assert [(row["n"], int(row["cost"])) for row in rows] == [(1, PRICE)] * JOBS * len(BOARDS)
    left = "SELECT credits_left FROM distribution_channel WHERE slug IN ('glassdoor', 'linkedin')"
    assert {row["credits_left"] for row in world.query(left)} == {CREDITS - JOBS}
