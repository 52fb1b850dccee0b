import collections
import time

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from jobly.sandbox import faults
from tests.sandbox.running import make_element, make_job, make_posting, until

AFTER = ("timeout_after_accept", "500_after_accept", "cut_json", "malformed", "huge")


@pytest.fixture
def create(linkedin, indeed, glassdoor):
    """Creating calls by board: `create["indeed"]("job-1")`."""
    return {
        "linkedin": lambda name, **kw: linkedin.submit(make_element(name), **kw),
        "indeed": lambda name, **kw: indeed.create(make_posting(name), **kw),
        "glassdoor": lambda name, **kw: glassdoor.create(make_job(name), **kw),
    }


BOARDS = pytest.mark.parametrize("board", ["linkedin", "indeed", "glassdoor"])


@BOARDS
@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_a_refusal_accepts_nothing(boards, create, board, kind):
    boards.plan({"kind": kind, "share": 1})
    said = create[board]("a")

    assert said.status_code == int(kind)
    assert said.headers.get("Retry-After") == ("1" if kind == "429" else None)
    assert isinstance(said.json(), dict)
    assert boards.live() == []
    assert boards.ledger() == [("refused", "a", kind)]


@BOARDS
@pytest.mark.parametrize("kind", AFTER)
def test_an_accepted_call_loses_its_answer(boards, create, board, kind):
    boards.plan({"kind": kind, "share": 1, "size": 200_000, "form": "array"})
    try:
        said = create[board]("a", timeout=0.4)
    except requests.RequestException:
        assert kind in {"timeout_after_accept", "cut_json"}
    else:
        assert kind not in {"timeout_after_accept", "cut_json"}
        assert (said.status_code == 500) == (kind == "500_after_accept")

    assert boards.live_ids() == ["a"]
    assert boards.ledger() == [("create", "a", kind)]


def test_a_timeout_holds_until_the_client_gives_up(boards, create):
    boards.plan({"kind": "timeout_after_accept", "share": 1})
    began = time.monotonic()
    with pytest.raises(requests.exceptions.ReadTimeout):
        create["glassdoor"]("a", timeout=0.5)
    assert 0.4 < time.monotonic() - began < 2


def test_a_held_answer_ends_in_a_dropped_connection(boards, create):
    boards.plan({"kind": "timeout_after_accept", "share": 1, "seconds": 0.3})
    began = time.monotonic()
    with pytest.raises(requests.exceptions.ConnectionError):
        create["glassdoor"]("a", timeout=5)
    assert 0.3 <= time.monotonic() - began < 2


def test_a_cut_answer_ends_in_the_middle_of_its_json(boards, glassdoor):
    boards.plan({"kind": "cut_json", "share": 1})
    with glassdoor.create(make_job("a"), stream=True) as said:
        assert said.status_code == 201
        length = int(said.headers["Content-Length"])
        body = said.raw.read(length)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            said.raw.read(1)

    assert body.startswith(b'{"id"')
    assert len(body) == length // 2


def test_a_huge_answer_streams_without_saying_its_length(boards, glassdoor):
    boards.plan({"kind": "huge", "share": 1})
    taken = 0
    with glassdoor.create(make_job("a"), stream=True) as said:
        assert "Content-Length" not in said.headers
        for piece in said.iter_content(1 << 16):
            taken += len(piece)
            if taken > 20 << 20:
                break

    assert taken > 20 << 20
    assert boards.live_ids() == ["a"]


def test_a_malformed_answer_is_a_200_with_something_else_in_it(boards, glassdoor):
    seen = set()
    boards.plan({"kind": "malformed", "share": 1})
    for number in range(40):
        said = glassdoor.create(make_job(f"job-{number}"))
        assert said.status_code == 200
        seen.add(said.content)

    assert len(seen) == len(faults.FORMS)
    assert len(boards.live()) == 40


def test_a_slow_answer_is_right_but_late(boards, create):
    boards.plan({"kind": "slow", "share": 1, "seconds": 0.5})
    began = time.monotonic()
    said = create["glassdoor"]("a")

    assert (said.status_code, said.json()["externalReference"]) == (201, "a")
    assert 0.5 <= time.monotonic() - began < 3


def test_a_slow_answer_may_drip(boards, glassdoor):
    boards.plan({"kind": "slow", "share": 1, "seconds": 0, "pace": 80})
    began = time.monotonic()
    said = glassdoor.create(make_job("a"))

    assert said.json()["externalReference"] == "a"
    assert time.monotonic() - began > 1


def test_late_visibility_hides_an_accepted_job_from_every_look(boards, linkedin, glassdoor):
    boards.plan({"kind": "late_visibility", "share": 1, "seconds": 1})
    job = glassdoor.create(make_job("a")).json()
    (element,) = linkedin.submit(make_element("b")).json()["elements"]

    assert glassdoor.find("a") == []
    assert glassdoor.call("GET", f"/{job['id']}").status_code == 404
    assert boards.http.get(job["url"], timeout=5).status_code == 404
    assert linkedin.listing("b") is None
    assert linkedin.task(element["id"])["status"] == "IN_PROGRESS"
    assert [post["visible"] for post in boards.live()] == [False, False]

    until(lambda: all(post["visible"] for post in boards.live()))
    assert glassdoor.find("a") == [job]
    assert linkedin.listing("b")["listingStatus"] == "LISTED"
    assert linkedin.task(element["id"])["status"] == "SUCCEEDED"


def test_a_lost_answer_may_come_with_late_visibility(boards, create, glassdoor):
    boards.plan({"kind": "500_after_accept", "share": 1, "late": 0.6})
    create["glassdoor"]("a")

    assert glassdoor.find("a") == []
    until(lambda: glassdoor.find("a"))


def test_linkedin_fails_the_task_after_a_202(boards, linkedin):
    boards.plan({"kind": "async_fail", "share": 1, "message": "unexpected error"})
    (element,) = linkedin.submit(make_element("a")).json()["elements"]
    assert element["status"] == 202
    assert linkedin.task(element["id"])["status"] == "IN_PROGRESS"

    assert linkedin.outcome(element["id"])["errorMessage"] == "unexpected error"
    assert boards.live() == []
    boards.plan()
    (element,) = linkedin.submit(make_element("a")).json()["elements"]
    assert linkedin.outcome(element["id"])["status"] == "SUCCEEDED"
    assert boards.ledger() == [("refused", "a", "async_fail"), ("create", "a", "ok")]


def test_indeed_rejects_in_review(boards, indeed):
    boards.plan({"kind": "async_fail", "share": 1})
    node = indeed.created(make_posting("a"))["employerJobId"]
    assert indeed.stage(node) == "PENDING"

    until(lambda: indeed.stage(node) == "INACTIVE")
    assert indeed.status(node)["surfaceStatuses"][0]["isRejected"] is True
    assert boards.live() == []


def test_a_revoked_token_stays_revoked(boards, linkedin, indeed):
    boards.plan({"kind": "revoke_token", "share": 1})
    said = linkedin.submit(make_element("a"))
    assert (said.status_code, said.json()["serviceErrorCode"]) == (401, 65600)
    said = indeed.create(make_posting("a"))
    assert said.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    boards.plan()

    assert linkedin.submit(make_element("a")).status_code == 401
    assert indeed.create(make_posting("a")).json()["data"] is None
    linkedin.token = linkedin.sign_in().json()["access_token"]
    assert linkedin.submit(make_element("a")).status_code == 200
    assert boards.live_ids() == ["a"]


def test_a_revoked_key_is_401_once(boards, glassdoor):
    boards.plan({"kind": "revoke_token", "share": 1})

    assert glassdoor.create(make_job("a")).status_code == 401
    boards.plan()
    assert glassdoor.create(make_job("a")).status_code == 201


@BOARDS
def test_never_more_than_two_faults_in_a_row(boards, create, board):
    boards.plan({"kind": "500", "share": 0.5}, {"kind": "503", "share": 0.5})
    statuses = [create[board]("a").status_code for _ in range(6)]

    assert [status < 300 for status in statuses] == [False, False, True] * 2


def test_a_batch_with_one_tired_id_is_let_through(boards, linkedin):
    boards.plan({"kind": "500", "share": 1})
    for _ in range(2):
        assert linkedin.submit(make_element("a")).status_code == 500

    assert linkedin.submit(make_element("b"), make_element("a")).status_code == 200
    assert linkedin.submit(make_element("b"), make_element("a")).status_code == 500


def test_faults_of_postings_strike_single_elements_of_a_batch(boards, linkedin):
    boards.plan({"kind": "async_fail", "share": 0.3})
    linkedin.submit(*(make_element(f"job-{n}") for n in range(100)))
    ops = collections.Counter(op for op, _, _ in boards.ledger())

    assert ops["create"] + ops["refused"] == 100
    assert 15 <= ops["refused"] <= 45


def test_only_creating_calls_draw(boards, linkedin, glassdoor):
    linkedin.submit(make_element("a"))
    job = glassdoor.create(make_job("a")).json()
    boards.plan({"kind": "500", "share": 1})

    assert linkedin.submit(make_element("a", "UPDATE")).status_code == 200
    assert linkedin.submit(make_element("a", "CLOSE")).status_code == 200
    assert glassdoor.call("DELETE", f"/{job['id']}").status_code == 204
    assert linkedin.sign_in().status_code == 200


def test_one_seed_draws_the_same_way_again(boards, glassdoor):
    def statuses(seed):
        boards.reset()
        boards.plan({"kind": "500", "share": 0.4}, seed=seed)
        return [glassdoor.create(make_job(f"job-{n % 20}")).status_code for n in range(60)]

    first = statuses(7)
    assert statuses(7) == first
    assert statuses(8) != first
    assert 5 < first.count(500) < 40


def test_a_plan_may_be_for_one_board_or_its_lines_for_several(boards, create):
    boards.plan({"kind": "500", "share": 1}, board="linkedin")
    assert create["linkedin"]("a").status_code == 500
    assert create["indeed"]("a").status_code == 200
    boards.plan({"kind": "503", "share": 1, "board": "indeed"})

    assert create["linkedin"]("b").status_code == 200
    assert create["indeed"]("b").status_code == 503


def test_deleting_the_plan_ends_all_faults(boards, create):
    boards.plan({"kind": "500", "share": 1}, limits={"indeed": 0})
    assert boards.call("DELETE", "/faults").json()["limits"] == {}

    assert create["linkedin"]("a").status_code == 200
    assert create["indeed"]("a").status_code == 200


@BOARDS
def test_a_limit_lets_so_many_calls_through_a_minute(boards, create, board):
    boards.plan(limits={board: 3})
    statuses = [create[board](f"job-{n}") for n in range(5)]

    assert [said.status_code for said in statuses][3:] == [429, 429]
    assert 50 < int(statuses[-1].headers["Retry-After"]) <= 61
    assert len(boards.live()) == 3


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"faults": {}},
        {"faults": [{"kind": "flood", "share": 1}]},
        {"faults": [{"kind": "500", "share": 1.5}]},
        {"faults": [{"kind": "500", "share": "many"}]},
        {"faults": [{"kind": "500", "share": 0.6}, {"kind": "429", "share": 0.6}]},
        {"faults": [{"kind": "slow", "share": 1, "seconds": -1}]},
        {"faults": [{"kind": "slow", "share": 1, "board": "monster"}]},
        {"board": "monster", "faults": []},
        {"seed": "seven"},
        {"limits": {"monster": 1}},
        {"limits": {"indeed": -1}},
        {"webhooks": {"url": "nowhere"}},
        {"webhooks": {"url": "http://127.0.0.1:1/", "secret": "whsec_!"}},
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused_whole(boards, body):
    before = boards.call("GET", "/faults").json()
    said = boards.call("PUT", "/faults", json=body)

    assert (said.status_code, "error" in said.json()) == (400, True)
    assert boards.call("GET", "/faults").json() == before


@given(st.integers(), st.text(max_size=50), st.integers(1, 1000))
def test_a_draw_lies_in_the_unit_interval(seed, name, attempt):
    assert 0 <= faults.unit(seed, name, attempt) < 1


def test_draws_are_spread_evenly():
    drawn = [faults.unit(0, f"job-{n}", 1) for n in range(4000)]

    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 1)):
        share = sum(low <= number < high for number in drawn) / len(drawn)
        assert abs(share - (high - low)) < 0.03
