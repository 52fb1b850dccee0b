"""Kill -9 while the rows of a draft are judged: each is judged once, and the file goes in once."""

import pytest

from tests.faults.test_crashes import CHECKING
from tests.real import postings
from tests.real.checks import gather, violations

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]
KNOWN, MORE_THAN_A_BATCH = 2, 520


def state_of(world, upload):
    return world.value("SELECT status FROM ingestion_upload WHERE id = %s", upload)


def send(world, path, **form):
    answer = world.api("POST", f"uploads/{path}", **form)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


@pytest.mark.story
@pytest.mark.parametrize("point", sorted(CHECKING))
@pytest.mark.parametrize(("count", "nth"), [(3, 1), (MORE_THAN_A_BATCH, 2)])
def test_a_draft_whose_check_dies_is_judged_to_its_end(point, count, nth, world):
    died = world.var / "died"
    world.start_worker(JOBLY_CRASH=f"{point}:{nth}", JOBLY_CRASH_ONCE=str(died))
    world.start_web()
    world.act("upload", text=postings.csv(KNOWN), name="known.csv")
    world.until_rest()

    file = {"file": ("draft.csv", postings.csv(count))}
    upload = send(world, "", data={"company": "acme", "draft": "true"}, files=file)
    send(world, f"{upload}/check/", json={})
    world.until(lambda: state_of(world, upload) == "checked", "the rows are judged")
    assert died.exists(), f"nobody reached {point} {nth} times"
    kept = "SELECT row, kind FROM ingestion_rowmatch WHERE upload_id = %s ORDER BY row"
    matches = world.query(kept, upload)
    known = [match["row"] for match in matches if match["kind"] == "known"]
    assert len(known) == KNOWN
    assert len({match["row"] for match in matches}) == len(matches)

    send(world, f"{upload}/import/", json={"mode": "skip"})
    world.until_rest()
    assert violations(gather(world)) == []
    assert world.count("ingestion_job") == count
