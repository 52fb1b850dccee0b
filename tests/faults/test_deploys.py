"""Two releases beside each other, and a migration while everything is busy (row 22)."""

import json
import os
import re
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from jobly.embedded.servers import postgres_programs
from tests.real import postings
from tests.real.checks import gather, i3_each_file_is_taken_once, violations
from tests.real.ground import ROOT
from tests.real.load import Recruiter
from tests.real.world import BOARDS, REST

pytestmark = [pytest.mark.faults, pytest.mark.row(22), pytest.mark.story]
TOGETHER = 2.0  # seconds that two releases work beside each other at each stage
PIN = re.compile(r"^([\w.-]+(?:\[[\w,-]+\])?==\S+)", re.MULTILINE)


def git(*words):
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


@cache
def release_before():
    """Name the newest commit before the latest migration, if this environment can run it.

    JOBLY_TEST_RELEASE names another one.
    """
    latest = git("log", "-1", "--format=%H", "--", "*/migrations/*.py").decode().strip()
    wanted = os.environ.get("JOBLY_TEST_RELEASE") or f"{latest}^"
    commit = git("rev-parse", wanted).decode().strip()
    pins = git("show", f"{commit}:requirements.lock").decode()
    ours = set(PIN.findall((ROOT / "requirements.lock").read_text()))
    return commit if pins and set(PIN.findall(pins)) <= ours else ""


def unpack_release(world):
    """Lay the release before down beside this one; skip where that cannot be."""
    commit = release_before()
    if not commit:
        pytest.skip("no history here, or the release before needs other packages")
    folder = world.var / "before"
    folder.mkdir()
    tree = git("archive", commit)
    subprocess.run(["tar", "-x", "-C", folder], input=tree, check=True)
    return folder


def go_back(world, folder):
    """Give the world a database as the release before made it."""
    world.rows.close()
    world.cluster.drop(world.name)
    world.cluster.create(world.name, None)
    asked = json.dumps({"act": "populate", "world": None, "args": {}}) + "\n"
    done = subprocess.run(
        [sys.executable, "-m", "tests.real.driver"],
        cwd=folder,
        env=world.environment,
        input=asked.encode(),
        capture_output=True,
        check=True,
    )
    people = json.loads(done.stdout)["result"]
    world.company, world.stream = people["company"], f"company:{people['company']}"
    world.bearer = {"Authorization": f"Bearer {people['key']}"}
    world.rows = world.cluster.connect(world.name)


def complaints(world):
    """Find what programs say when they and the schema do not fit."""
    words = ("ProgrammingError", "does not exist", "UndefinedColumn", "NotNullViolation")
    lines = [
        f"{log.name}: {line}"
        for log in Path(world.at.logs).glob("*.log")
        for line in log.read_text(errors="replace").splitlines()
        if any(word in line for word in words)
    ]
    return lines[:5]


def all_held(world, recruiter):
    """Let everything end, and find nothing wrong and nothing answered by a 500."""
    history = recruiter.finish()
    world.until_rest()
    found = gather(world)
    assert complaints(world) == []
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert {sent.outcome for sent in history} == {"ok"}
    assert "500" not in {answer.split()[0] for answer in recruiter.answers}
    return found


def test_a_release_is_rolled_out_under_load(world):
    """First the schema, then a worker, then the web; the old ones leave last."""
    world.lengthen_leases()
    before = unpack_release(world)
    go_back(world, before)
    old_worker = world.start_worker("old", folder=before)
    old_web = world.start_web("old-web", folder=before)
    recruiter = Recruiter(world, pause=0.2)
    recruiter.start()
    world.until(lambda: world.count("ingestion_job") >= 4, "the old release works")

    migrated = world.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    time.sleep(TOGETHER)
    world.start_worker("new")
    time.sleep(TOGETHER)
    old_web.stop()
    world.start_web("new-web")
    time.sleep(TOGETHER)
    assert old_worker.stop() < 15
    world.act("upload", text=postings.csv(20, first=9000))

    found = all_held(world, recruiter)
    assert {run["crash_count"] for run in found.runs} == {0}


@pytest.mark.parametrize("old", ["worker", "web"])
def test_half_of_a_release_may_go_back(old, world):
    """On the new schema the programs of the release before still do their part."""
    before = unpack_release(world)
    world.start_worker(**({"folder": before} if old == "worker" else {}))
    world.start_web(**({"folder": before} if old == "web" else {}))
    recruiter = Recruiter(world, pause=0.2)
    recruiter.start()
    world.act("apply", channels=BOARDS, job_ids=world.act("jobs", count=3))
    time.sleep(2 * TOGETHER)

    found = all_held(world, recruiter)
    assert {row["status"] for row in found.distributions} == {"published"}


@pytest.mark.quick
def test_what_this_release_does_not_know_waits_for_one_that_does(world):
    """A newer payload and an unknown kind are given back; the version before is done."""
    (future,) = world.act("repeat", kind="proof.sleep", args={"seconds": 0}, times=1)
    world.query("UPDATE runs_run SET kind = 'future.kind' WHERE id = %s RETURNING id", future)
    known = world.act("repeat", kind="proof.versioned", args={"text": "N"}, times=2)
    old = world.start_worker("old", PROOF_VERSION="1")
    waits = "status = 'queued' AND error_code = 'unknown_kind' AND attempt = 0 AND crash_count = 0"
    world.until(lambda: world.count("runs_run", waits) == 3, "all are given back")
    old.stop()
    world.query("UPDATE runs_run SET available_at = now() RETURNING id")
    world.start_worker("new", PROOF_VERSION="3")
    done = "status = 'succeeded' AND id = ANY(%s)"
    world.until(lambda: world.count("runs_run", done, known) == 2, "the newer release did it")

    fates = world.query("SELECT status, error_code FROM runs_run WHERE id = %s", future)
    assert fates == [{"status": "queued", "error_code": "unknown_kind"}]
    assert world.act("cancel", run_ids=[future]) == ["cancelled"]
    assert world.count("runs_run", "status = ANY(%s)", list(REST)) == 3
    assert violations(gather(world)) == []


DJANGOS_OWN = """
import django; django.setup()
from django.core.management.commands.migrate import Command
from django.core.management import call_command
call_command(Command(), verbosity=0)
"""
WAYS = {"ours": ("manage.py", "migrate", "--verbosity", "0"), "djangos": ("-c", DJANGOS_OWN)}


def test_our_shorter_way_to_migrate_makes_the_tables_that_django_would_make(world):
    made = {}
    for way, arguments in WAYS.items():
        name = f"{world.name}_{way}"
        world.cluster.create(name, None)
        environment = {**world.environment, "DATABASE_URL": world.cluster.url(name)}
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True)
        at = ["-U", "postgres", "-h", world.cluster.at.postgres_sockets]
        dump = [postgres_programs() / "pg_dump", "--schema-only", *at, name]
        told = subprocess.run(dump, check=True, capture_output=True, text=True).stdout.splitlines()
        made[way] = [line for line in told if not line.startswith("\\")]  # a new key each time
        world.cluster.drop(name)
    assert len(made["ours"]) > 1000
    assert made["ours"] == made["djangos"]
