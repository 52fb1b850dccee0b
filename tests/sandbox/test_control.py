import http.client
import socket

import pytest

from jobly.sandbox import control
from jobly.sandbox.wire import Request
from tests.sandbox.running import Boards, make_element, make_job

CONTROLS = [
    ("GET", "/"),
    ("GET", "/ledger"),
    ("GET", "/live"),
    ("GET", "/faults"),
    ("PUT", "/faults"),
    ("DELETE", "/faults"),
    ("POST", "/reset"),
    ("GET", "/glassdoor/jobs/gd-1"),
]


def test_the_ledger_is_in_order_and_says_what_was_promised(boards, linkedin, glassdoor):
    glassdoor.create(make_job("a"))
    linkedin.submit(make_element("b"))
    entries = boards.call("GET", "/ledger").json()["entries"]

    assert [e["n"] for e in entries] == [1, 2, 3]
    assert [(e["board"], e["op"]) for e in entries] == [
        ("linkedin", "auth"),
        ("glassdoor", "create"),
        ("linkedin", "create"),
    ]
    assert set(entries[0]) == {"n", "board", "op", "external_id", "post_id", "at", "outcome"}
    assert entries[1]["at"].endswith("Z")
    (only,) = boards.call("GET", "/ledger?board=glassdoor").json()["entries"]
    assert only == entries[1]
    assert boards.call("GET", "/ledger?after=2").json()["entries"] == entries[2:]


@pytest.mark.parametrize("path", ["/live?board=monster", "/ledger?board=x", "/ledger?after=-1"])
def test_an_unknown_board_is_said_so(boards, path):
    assert boards.call("GET", path).status_code == 400


def test_a_reset_forgets_everything(boards, linkedin):
    boards.plan({"kind": "500", "share": 1})
    linkedin.submit(make_element("a"))
    boards.reset()

    assert boards.call("GET", "/ledger").json() == {"entries": []}
    assert boards.live() == []
    assert linkedin.submit(make_element("a")).status_code == 401
    assert boards.call("GET", "/faults").json()["faults"]["linkedin"] == []


def test_the_front_page_lists_what_a_seeker_would_see(boards, glassdoor):
    glassdoor.create(make_job("a", jobTitle="Welder & <fitter>"))
    page = boards.call("GET", "/")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "Welder &amp; &lt;fitter&gt;" in page.text
    assert "Glassdoor (1)" in page.text
    assert "LinkedIn (0)" in page.text


def test_the_page_of_a_job_shows_its_text_and_runs_nothing(boards, glassdoor):
    job = make_job(
        "a", description="<p>Joins</p><script>alert(1)</script>", applyUrl="javascript:x"
    )
    page = boards.http.get(glassdoor.create(job).json()["url"], timeout=5)

    assert "Joins" in page.text
    # the one script is the data that search engines read, with every "<" of a posting escaped
    assert page.text.count("<script") == page.text.count('<script type="application/ld+json"') == 1
    assert "<script>alert" not in page.text
    assert "javascript:" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_job_that_is_gone_has_no_page(boards, glassdoor):
    job = glassdoor.create(make_job("a")).json()
    glassdoor.call("DELETE", f"/{job['id']}")

    assert boards.http.get(job["url"], timeout=5).status_code == 404
    assert boards.call("GET", "/linkedin/jobs/1").status_code == 404


@pytest.mark.parametrize(("method", "path"), CONTROLS)
def test_a_web_page_with_a_name_of_its_own_is_kept_out(boards, method, path):
    said = boards.call(method, path, headers={"Host": "rebound.example"}, json={})

    assert said.status_code == 403


@pytest.mark.parametrize(
    ("peer", "host", "local"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("::1", "[::1]:8000", True),
        ("::ffff:127.0.0.1", "localhost", True),
        ("192.0.2.7", "127.0.0.1:8000", False),
        ("127.0.0.1", "board.example", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "[", False),
        ("", "localhost", False),
    ],
)
def test_local_is_decided_by_both_ends(peer, host, local):
    assert control.is_local(Request("GET", "/", "", {"host": host}, b"", peer)) is local


def own_address() -> str:
    """The address this machine has in its network, if any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return ""
        return str(probe.getsockname()[0])


@pytest.mark.skipif(own_address() in {"", "127.0.0.1"}, reason="this machine has no network")
def test_another_machine_may_post_but_not_look_behind_the_scenes():
    boards = Boards(host="0.0.0.0")  # noqa: S104 - the point of the test
    try:
        line = http.client.HTTPConnection(own_address(), boards.port, timeout=5)
        statuses = []
        for method, path in [*CONTROLS, ("GET", "/glassdoor/api/employer/jobs")]:
            line.request(method, path, headers={"Host": "127.0.0.1"})
            answer = line.getresponse()
            answer.read()
            statuses.append(answer.status)
        line.close()
        assert statuses == [403] * len(CONTROLS) + [401]
    finally:
        boards.stop()


def test_other_methods_and_paths_are_refused(boards):
    assert boards.call("PATCH", "/faults").headers["Allow"] == "DELETE, GET, PUT"
    assert boards.call("GET", "/reset").status_code == 405
    assert boards.call("GET", "/monster/jobs").status_code == 404
