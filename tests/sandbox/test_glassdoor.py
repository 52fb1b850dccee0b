import pytest

from tests.sandbox.running import Glassdoor, make_job


def test_a_job_is_there_at_once(boards, glassdoor):
    said = glassdoor.create(make_job("a"))
    job = said.json()

    assert said.status_code == 201
    assert (job["externalReference"], job["status"]) == ("a", "active")
    assert glassdoor.call("GET", f"/{job['id']}").json() == job
    assert glassdoor.find("a") == [job]
    assert "Welder" in boards.http.get(job["url"], timeout=5).text
    assert boards.ledger() == [("create", "a", "ok")]


def test_a_repeated_key_makes_no_second_posting(boards, glassdoor):
    first = glassdoor.create(make_job("a"), key="k1")
    again = glassdoor.create(make_job("a"), key="k1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert boards.live_ids() == ["a"]
    assert boards.ledger() == [("create", "a", "ok"), ("refused", "a", "replayed")]


def test_a_blind_repeat_makes_a_second_posting(boards, glassdoor):
    for _ in range(2):
        glassdoor.create(make_job("a"))

    assert boards.live_ids() == ["a", "a"]
    assert len(glassdoor.find("a")) == 2


def test_a_key_belongs_to_its_partner(boards, glassdoor):
    glassdoor.create(make_job("a"), key="k1")
    Glassdoor(boards, "other").create(make_job("a"), key="k1")

    assert len(boards.live()) == 2
    assert len(glassdoor.find("a")) == 1


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"jobTitle": None}, "jobTitle"),
        ({"jobTitle": "x" * 101}, "jobTitle"),
        ({"jobTitle": ["Welder"]}, "jobTitle"),
        ({"location": " "}, "location"),
        ({"salaryMin": None}, "salaryMin"),
        ({"salaryMin": "40000"}, "salaryMin"),
        ({"salaryMax": None}, "salaryMax"),
        ({"salaryMax": True}, "salaryMax"),
        ({"salaryMin": 2, "salaryMax": 1}, "salaryMax"),
    ],
)
def test_what_is_missing_is_named(boards, glassdoor, overrides, field):
    said = glassdoor.create(make_job(**overrides))

    assert said.status_code == 422
    assert list(said.json()["fields"]) == [field]
    assert boards.live() == []


@pytest.mark.parametrize("body", ["text", [], 7, None])
def test_a_body_that_is_no_object_is_400(glassdoor, body):
    assert glassdoor.create(body).status_code == 400


def test_a_job_is_replaced_and_taken_down(boards, glassdoor):
    path = f"/{glassdoor.create(make_job('a')).json()['id']}"
    changed = glassdoor.call("PUT", path, json=make_job("other", jobTitle="Pipe welder"))
    assert (changed.status_code, changed.json()["externalReference"]) == (200, "a")
    assert boards.live()[0]["title"] == "Pipe welder"

    gone = glassdoor.call("DELETE", path)

    assert (gone.status_code, gone.content) == (204, b"")
    assert [op for op, _, _ in boards.ledger()] == ["create", "update", "close"]
    for method in ("GET", "PUT", "DELETE"):
        assert glassdoor.call(method, path, json=make_job()).status_code == 404
    assert glassdoor.find("a") == []


def test_a_stranger_sees_and_changes_nothing(boards, glassdoor):
    path = f"/{glassdoor.create(make_job('a')).json()['id']}"
    stranger = Glassdoor(boards, "stranger")

    assert stranger.call("GET", path).status_code == 404
    assert stranger.call("DELETE", path).status_code == 404
    assert stranger.find("a") == []


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-Partner-Id": ""}])
def test_a_bad_key_is_401(boards, glassdoor, headers):
    glassdoor.headers = {**glassdoor.headers, **headers} if headers else {}

    assert glassdoor.create(make_job()).status_code == 401
    assert boards.live() == []


def test_other_paths_and_methods_are_refused(boards, glassdoor):
    assert glassdoor.call("PATCH", "/1").status_code == 405
    assert glassdoor.call("DELETE").status_code == 405
    assert boards.call("GET", "/glassdoor/api/jobs").status_code == 404
