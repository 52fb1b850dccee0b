"""Kill -9 while pages of a site are collected: what is stored is not asked for again."""

from collections import Counter

import pytest

from tests.faults.test_collecting import until_all_ended
from tests.ingestion.fragments import career_page, listing_page, posting
from tests.ingestion.sites import running_site
from tests.real.checks import gather, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]
DEATHS = [
    pytest.param("ingestion.mid_details", 3, id="mid_details-3"),
    pytest.param("ingestion.after_page", 2, id="after_page-2"),
]


@pytest.mark.story
@pytest.mark.parametrize(("point", "nth"), DEATHS)
def test_a_visit_goes_on_behind_its_last_stored_page_after_a_death_at(point, nth, world):
    died = world.var / "died"
    with running_site() as site:
        world.start_worker(
            JOBLY_CRASH=f"{point}:{nth}",
            JOBLY_CRASH_ONCE=str(died),
            COLLECTOR_WEB_ENABLED="true",
            COLLECTOR_PRIVATE_ORIGINS=site.origin,
        )
        site.pages |= {
            "/jobs": listing_page(["/jobs/1", "/jobs/2", "/jobs/3"], "/jobs?page=2"),
            "/jobs?page=2": listing_page(["/jobs/4", "/jobs/5"]),
            **{f"/jobs/{n}": career_page(posting(n)) for n in range(1, 6)},
        }
        how = {"link": "a.job", "paging": "next", "next_link": 'a[rel="next"]'}
        world.act("collect_pages", url=f"{site.origin}/jobs", settings=how)
        until_all_ended(world)
        asked = Counter(site.asked)
    assert died.exists(), f"nobody reached {point} {nth} times"
    assert violations(gather(world)) == []

    (fetch,) = world.query("SELECT * FROM ingestion_fetch")
    assert (fetch["status"], fetch["got"]) == ("complete", 5)
    assert world.count("ingestion_job") == 5
    assert asked["/robots.txt"] == 1
    assert all(asked[f"/jobs/{n}"] <= 2 for n in range(1, 6))
    # only what was asked for between two commits comes again
    assert sum(asked[f"/jobs/{n}"] for n in range(1, 6)) <= 5 + (3 if "details" in point else 0)
