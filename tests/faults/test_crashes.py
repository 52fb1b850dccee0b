"""Kill -9 at every named point, at its first and second pass (RELIABILITY row 1)."""

import json

import pytest
import requests

from jobly.runs.actions.crash import crashpoints
from tests.real import postings
from tests.real.checks import gather, violations
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]

MORE_THAN_A_BATCH = 1020
IN_BATCHES = {"ingestion.mid_process", "ingestion.mid_load", "ingestion.mid_index"}
#: points that workers never pass: a command and the web do
ELSEWHERE = {"ingestion.after_artifact"}
#: points of the nightly upkeep: tests/artifacts/test_deaths.py and test_archive.py die there
UPKEEP = {"ingestion.after_expiry", "ingestion.mid_tidy", "runs.mid_archive"}
#: points of collecting: test_collecting.py dies there
COLLECTING = {
    "ingestion.after_quota",
    "ingestion.mid_page",
    "ingestion.after_page",
    "ingestion.mid_details",
    "ingestion.mid_spool",
}
#: points of reading again: test_reprocessing.py dies there
READ_AGAIN = {"ingestion.mid_shadow", "ingestion.mid_rollback"}
#: a point of judging a draft's rows: test_checking.py dies there
CHECKING = {"ingestion.mid_check"}
#: a point of what ends by its closing date: test_expiring.py dies there
EXPIRING = {"ingestion.mid_expire"}
#: points around a call to a model: test_suggesting.py dies there
MODELS = {"ingestion.before_model", "ingestion.after_model"}
#: points of applications: test_applying.py dies there
APPLYING = {"dist.cv_stored", "dist.letter_begun", "dist.letter_sent", "dist.mid_erase"}
#: a point of rehearsals: test_rehearsals.py dies there
REHEARSING = {"dist.rehearsal_rows"}
#: points of webhooks: test_hooks.py dies there
HOOKS = {"hook.before_applied", "hook.before_send", "hook.after_send"}
#: points of what proves publications: test_proof.py dies there
PROOF = {"dist.asked_again", "dist.fetch_begun", "dist.receipts_summed"}
OTHERS = frozenset().union(
    UPKEEP, COLLECTING, READ_AGAIN, CHECKING, EXPIRING, MODELS, APPLYING, REHEARSING, HOOKS, PROOF
)
QUICK = {("dist.after_post", 1)}
SCENARIOS = [
    pytest.param(
        point, nth, id=f"{point}-{nth}", marks=[pytest.mark.quick] if (point, nth) in QUICK else []
    )
    for point in crashpoints()
    if point not in OTHERS
    for nth in (1, 2)
]


@pytest.mark.story
@pytest.mark.parametrize(("point", "nth"), SCENARIOS)
def test_nothing_is_lost_or_doubled_by_a_death_at(point, nth, world):
    died = world.var / "died"
    crash = {"JOBLY_CRASH": f"{point}:{nth}", "JOBLY_CRASH_ONCE": str(died)}
    if point in ELSEWHERE:
        world.start_worker()
        SENDERS[nth](world, crash)
    else:
        world.start_worker(**crash)
        many = nth == 2 and point in IN_BATCHES
        world.act("upload", text=postings.csv(MORE_THAN_A_BATCH if many else 3))
    publish_change_and_close(world)

    assert violations(gather(world)) == []
    assert died.exists(), f"nobody reached {point} {nth} times"


@pytest.mark.story
@pytest.mark.parametrize(("count", "nth"), [(3, 1), (MORE_THAN_A_BATCH, 2)])
def test_a_death_while_a_known_file_is_recognised_counts_nothing_twice(world, count, nth):
    file = world.var / "jobs.csv"
    file.write_text(postings.csv(count))
    command = ("import_jobs", str(file), "--source", "site", "--json")
    assert world.manage(*command).returncode == 0
    jobs = "SELECT id, content_hash, updated_at FROM ingestion_job ORDER BY id"
    before = world.query(jobs)

    assert world.manage(*command, JOBLY_CRASH=f"ingestion.mid_load:{nth}").returncode == -9
    again = json.loads(world.manage(*command).stdout)

    assert (again["loaded"], again["updated"], again["duplicates"]) == (0, 0, count)
    assert world.query(jobs) == before
    newest = "(SELECT id FROM ingestion_processing ORDER BY loaded_at DESC NULLS LAST LIMIT 1)"
    assert world.count("ingestion_sighting", f"processing_id = {newest}") == count


def publish_change_and_close(world):
    """Bring three jobs onto four channels, then change one and close one."""
    world.until(
        lambda: world.count("ingestion_processing", "loaded_at IS NOT NULL"), "the file is loaded"
    )
    rows = world.query("SELECT id FROM ingestion_job ORDER BY id LIMIT 3")
    ids = [row["id"] for row in rows]
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    world.until_rest()
    world.act("edit", job_id=ids[0], title="Master welder")
    world.act("edit", job_id=ids[1], status="closed")
    world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    world.until_rest()


def send_by_command(world, crash):
    """Kill the command that imports; the same command then goes through."""
    file = world.var / "jobs.csv"
    file.write_text(postings.csv(3))
    command = ("import_jobs", str(file), "--company", "acme", "--json")
    assert world.manage(*command, **crash).returncode == -9
    again = world.manage(*command)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["loaded"] == 3


def send_by_web(world, crash):
    """Kill the web server at the second of two uploads; its client sends that one again."""
    world.start_web(**crash)
    files = [("first.csv", postings.csv(2)), ("second.csv", postings.csv(2, first=3))]
    for name, text in files:
        world.until(lambda name=name, text=text: is_taken(world, name, text), f"{name} is taken")
    assert world.count("ingestion_upload") == 2


def is_taken(world, name, text):
    """Send a file; False when the server died over it."""
    try:
        form = {"company": "acme", "mode": "skip"}
        answer = world.api("POST", "uploads/", data=form, files={"file": (name, text)})
    except requests.ConnectionError:
        return False
    assert answer.status_code == 202, answer.text
    return True


SENDERS = {1: send_by_command, 2: send_by_web}


@pytest.mark.quick
def test_every_point_is_named_once_and_in_the_manner_of_its_area():
    known = crashpoints()
    assert len(known) >= 11
    assert {name.split(".")[0] for name in known} == {"runs", "ingestion", "dist", "hook"}
