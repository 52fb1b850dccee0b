"""PostgreSQL crashes, drops lines, cuts them at COMMIT, is locked and full (rows 7, 8, 9)."""

import time

import pytest
import requests

from jobly.embedded.instance import HOST
from tests.real import postings
from tests.real.checks import gather, i3_each_file_is_taken_once, violations
from tests.real.load import Recruiter
from tests.real.nemesis import Nemesis
from tests.real.watching import followers, what_clients_saw
from tests.real.world import ALL_CHANNELS

pytestmark = pytest.mark.faults
QUICKLY = 5.0  # seconds within which a request is refused, on a machine that is busy too


def get(world, path):
    """Ask for a page as a person does; return the status and the seconds."""
    began = time.monotonic()
    answer = requests.get(f"http://{HOST}:{world.port}{path}", timeout=20)
    return answer.status_code, time.monotonic() - began


@pytest.mark.row(7)
@pytest.mark.story(own_database=True)
@pytest.mark.quick
def test_what_was_answered_before_a_crash_is_there_after_it(world):
    world.start_worker()
    world.start_live()
    world.start_web()
    clients, recruiter = followers(world), Recruiter(world)
    recruiter.start()
    for rows in (4, 700):
        world.act("upload", text=postings.csv(rows, first=1000 * rows), name=f"{rows}.csv")
        world.until(lambda: world.count("runs_run", "status = 'running'"), "work is under way")
        world.cluster.crash()
        pages = [get(world, path) for path in ("/readyz", "/api/v1/jobs/", "/")]
        world.cluster.start()
        world.look_again()
        assert {status for status, _ in pages} == {503}, pages
        assert max(seconds for _, seconds in pages) < QUICKLY
        world.until(lambda: get(world, "/readyz")[0] == 200, "the web is ready again")
    history = recruiter.finish()
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert len(found.jobs) == 704 + 2 * len(history)
    assert what_clients_saw(found, world, clients) == []


@pytest.mark.row(8)
@pytest.mark.story
def test_lines_that_are_terminated_anywhere_lose_and_double_nothing(world, draw):
    world.start_worker()
    world.start_web()
    recruiter = Recruiter(world)
    recruiter.start()
    with world.cluster.admin() as admin:
        lines = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> %s ORDER BY pid"

        def terminate():
            ours = world.rows.info.backend_pid
            pids = [pid for (pid,) in admin.execute(lines, [world.name, ours])]
            if pids:
                admin.execute("SELECT pg_terminate_backend(%s)", [draw.choice(pids)])

        world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=4))
        Nemesis(world, draw, {"terminate": terminate}).rage(8, (0.05, 0.4))
    history = recruiter.finish()
    world.until_rest(mending=True)

    found = gather(world)
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []


def cut_some(proxy, draw, share, most):
    """Cut a line at a share of its commits, before or after the server gets them."""

    def decide():
        if len(proxy.cuts) >= most or draw.random() > share:
            return ""
        return draw.choice(["before", "after"])

    proxy.at_commit = decide


@pytest.mark.row(8)
@pytest.mark.story
@pytest.mark.quick
def test_a_client_whose_commit_nobody_answered_repeats_it_by_its_key(world, draw):
    world.start_worker()
    proxy, environment = world.database_line("web")
    world.start_web(**environment)
    cut_some(proxy, draw, share=0.3, most=12)
    recruiter = Recruiter(world, pause=0.0)
    recruiter.start()
    world.until(lambda: len(proxy.cuts) >= 12, "twelve commits are cut")
    history = recruiter.finish()
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert {sent.outcome for sent in history} == {"ok"}
    assert {answer.split()[0] for answer in recruiter.answers} <= {"202", "503", "409"}


@pytest.mark.row(8)
@pytest.mark.story
def test_a_worker_whose_commit_nobody_answered_does_nothing_twice(world, draw):
    proxy, environment = world.database_line("work")
    cut_some(proxy, draw, share=0.12, most=12)
    world.start_worker(**environment)
    world.act("upload", text=postings.csv(1100))
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=4))
    world.until(lambda: len(proxy.cuts) >= 6, "some commits are cut")
    world.until_rest(mending=True)

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == 1104


@pytest.mark.row(9)
@pytest.mark.story
@pytest.mark.quick
def test_without_a_free_connection_the_answer_is_503_and_work_waits(world):
    world.start_worker()
    world.start_web()
    with world.cluster.admin() as admin:
        admin.execute(f"ALTER DATABASE {world.name} CONNECTION LIMIT 1")  # ours has it
        pages = [get(world, path) for path in ("/readyz", "/api/v1/jobs/", "/")]
        sent = Recruiter(world, keyed=False).send(1)
        time.sleep(2)
        admin.execute(f"ALTER DATABASE {world.name} CONNECTION LIMIT -1")
    assert {status for status, _ in pages} == {503}, pages
    assert sent.answers[0].startswith("503")
    world.act("upload", text=postings.csv(3))
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert [row["file_name"] for row in found.uploads] == ["jobs.csv"]


@pytest.mark.row(9)
@pytest.mark.story
def test_locks_that_others_hold_end_in_an_answer_and_never_in_a_500(world):
    world.start_worker()
    world.start_web()
    with world.cluster.admin(world.name) as other:
        recruiter = Recruiter(world, pause=0.1)
        recruiter.start()
        for table in ("ingestion_upload", "runs_run", "runs_stream"):
            with other.transaction():
                other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                time.sleep(2.5)
    history = recruiter.finish()
    world.until_rest()

    found = gather(world)
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert {answer.split()[0] for answer in recruiter.answers} <= {"202", "503", "409"}


#: backends that wait for a lock while they hold the row of a distribution
WAITS = """
    SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.granted
    WHERE a.wait_event_type = 'Lock' AND a.datname = %s
      AND l.relation = 'distribution_distribution'::regclass AND l.mode = 'RowExclusiveLock'
"""


@pytest.mark.row(9)
@pytest.mark.story
def test_the_victim_of_a_deadlock_does_its_work_again(world):
    world.plan_faults({"kind": "slow", "share": 1.0, "seconds": 0.8, "board": "glassdoor"})
    world.start_worker()
    world.act("apply", channels=["glassdoor"], job_ids=world.act("jobs", count=1))
    world.until(lambda: [e for e in world.ledger() if e["op"] == "create"], "the board has it")
    with world.cluster.admin(world.name) as other:
        other.execute("SET deadlock_timeout = '20 s'")  # not we shall notice it
        with other.transaction():
            other.execute("SELECT 1 FROM runs_stream WHERE key = %s FOR UPDATE", [world.stream])
            world.until(lambda: world.value(WAITS, world.name), "the worker waits for the stream")
            other.execute("SELECT 1 FROM distribution_distribution FOR UPDATE")
    world.until_rest()

    assert "deadlock detected" in (world.cluster.at.logs / "postgres.log").read_text()
    found = gather(world)
    assert violations(found) == []
    assert [row["status"] for row in found.distributions] == ["published"]


STORM = """
    CREATE SEQUENCE storm;
    CREATE FUNCTION storm() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('storm') IN (2, 5, 9, 14) THEN
            RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NEW;
    END $$;
    GRANT ALL ON SEQUENCE storm TO jobly;
"""
STRUCK = ("ingestion_processing", "distribution_distribution", "distribution_attempt")


@pytest.mark.row(9)
@pytest.mark.story
def test_transactions_that_cannot_be_serialised_are_done_again(world):
    with world.cluster.admin(world.name) as admin:
        admin.execute(STORM)
        for table in STRUCK:
            admin.execute(
                f"CREATE TRIGGER storm BEFORE UPDATE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION storm()"
            )
    world.start_worker()
    world.act("upload", text=postings.csv(700))
    world.act("apply", channels=ALL_CHANNELS, job_ids=world.act("jobs", count=3))
    world.until_rest(mending=True)

    found = gather(world)
    assert violations(found) == []
    assert len(found.jobs) == 703
    assert world.value("SELECT last_value FROM storm") >= 14
