import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.running import (
    ROOT,
    Boards,
    Glassdoor,
    Indeed,
    LinkedIn,
    make_element,
    make_job,
    make_posting,
)


@pytest.fixture
def started():
    """Starts sandboxes and stops what is left of them."""
    running = []

    def start(**options):
        running.append(Boards(**options))
        return running[-1]

    yield start
    for boards in running:
        boards.stop()


def test_a_kill_9_loses_nothing_that_was_answered(started, tmp_path):
    boards = started(state=tmp_path / "sandbox")
    linkedin, indeed, glassdoor = LinkedIn(boards), Indeed(boards), Glassdoor(boards)
    boards.plan({"kind": "500", "share": 0.01}, seed=3, limits={"indeed": 500})
    (element,) = linkedin.submit(make_element("a")).json()["elements"]
    node = indeed.created(make_posting("b"))["employerJobId"]
    job = glassdoor.create(make_job("c"), key="k1").json()
    said = [boards.call("GET", path).json() for path in ("/ledger", "/faults")]
    boards.stop(signal.SIGKILL)

    again = started(state=tmp_path / "sandbox", port=boards.port)

    for client in (linkedin, indeed, glassdoor):
        client.boards = again
    assert [again.call("GET", path).json() for path in ("/ledger", "/faults")] == said
    assert again.live_ids() == ["a", "b", "c"]
    assert linkedin.outcome(element["id"])["status"] == "SUCCEEDED"
    assert indeed.stage(node) in {"PENDING", "ACTIVE"}
    assert glassdoor.create(make_job("c"), key="k1").json() == job
    assert [op for op, _, _ in again.ledger("glassdoor")] == ["create", "refused"]


def test_a_kill_9_while_many_post_keeps_what_was_answered(started, tmp_path):
    boards = started(state=tmp_path)
    answered = []

    def post(worker):
        client = requests.Session()
        for number in range(1000):
            name = f"job-{worker}-{number}"
            try:
                said = client.post(
                    f"{boards.url}/glassdoor/api/employer/jobs",
                    json=make_job(name),
                    headers={"X-Partner-Id": "p", "X-API-Key": "k"},
                    timeout=5,
                )
            except requests.RequestException:
                return
            if said.status_code == 201:
                answered.append(name)

    threads = [threading.Thread(target=post, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    boards.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()

    again = started(state=tmp_path)

    live = again.live_ids()
    assert len(answered) > 20
    assert set(answered) <= set(live)
    assert len(live) == len(set(live)) == len(again.ledger())
    assert len(set(live) - set(answered)) <= 8  # at most one unanswered call a client


def test_without_a_directory_a_restart_starts_anew(started):
    boards = started()
    Glassdoor(boards).create(make_job("a"))
    boards.stop()

    assert started().live() == []


def test_three_hundred_at_once_are_each_there_once(boards):
    def post(number):
        with requests.Session() as client:
            return client.post(
                f"{boards.url}/glassdoor/api/employer/jobs",
                json=make_job(f"job-{number}"),
                headers={"X-Partner-Id": "p", "X-API-Key": "k", "Idempotency-Key": f"{number}"},
                timeout=20,
            ).status_code

    with ThreadPoolExecutor(300) as pool:
        statuses = list(pool.map(post, range(300)))

    assert statuses == [201] * 300
    assert sorted(boards.live_ids()) == sorted(f"job-{n}" for n in range(300))


def test_two_hundred_held_answers_do_not_slow_the_others(boards, glassdoor):
    boards.plan({"kind": "timeout_after_accept", "share": 1}, board="indeed")
    indeed = Indeed(boards)

    def hang(number):
        try:
            indeed.create(make_posting(f"job-{number}"), timeout=4)
        except requests.RequestException:
            return "hung"
        return "answered"

    with ThreadPoolExecutor(200) as pool:
        hung = [pool.submit(hang, number) for number in range(200)]
        end = time.monotonic() + 10
        while len(boards.live("indeed")) < 200:
            assert time.monotonic() < end
        began = time.monotonic()
        for number in range(50):
            assert glassdoor.create(make_job(f"job-{number}")).status_code == 201
        assert time.monotonic() - began < 3
        assert {future.result() for future in hung} == {"hung"}


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_and_stops_in_half_a_second_of_work(started, by):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert started().stop(by) == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    # Of the processor, not of the clock: the machine may be busy with other tests.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_it_stops_with_clients_still_connected(started):
    boards = started()
    boards.live()
    boards.plan({"kind": "timeout_after_accept", "share": 1})
    thread = threading.Thread(target=lambda: _hang(boards))
    thread.start()
    while not boards.live():
        time.sleep(0.01)
    boards.process.send_signal(signal.SIGTERM)

    assert boards.process.wait(3) == 0
    thread.join()


def _hang(boards):
    with pytest.raises(requests.RequestException):
        requests.post(
            f"{boards.url}/glassdoor/api/employer/jobs",
            json=make_job("a"),
            headers={"X-Partner-Id": "p", "X-API-Key": "k"},
            timeout=10,
        )


def test_a_busy_port_and_a_busy_directory_are_said_in_one_line(started, tmp_path):
    boards = started(state=tmp_path)
    for port, state in ((boards.port, tmp_path / "other"), (0, tmp_path)):
        command = [sys.executable, "-m", "jobly.sandbox", "--port", str(port)]
        done = subprocess.run(
            [*command, "--state", str(state)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("sandbox: cannot start")
        assert len(done.stderr.splitlines()) == 1


def test_it_needs_nothing_but_python():
    code = "import sys, jobly.sandbox.__main__ as m; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert not loaded & {"django", "celery", "redis", "requests", "distribution", "ingestion"}
    ours = {name for name in done.stdout.split() if name.startswith("jobly.")}
    assert all(name.startswith("jobly.sandbox") for name in ours)
