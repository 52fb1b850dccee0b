import time

import pytest

from tests.sandbox.running import LinkedIn, make_element, until

DAY_MS = 86_400_000


def now_ms() -> int:
    return int(time.time() * 1000)


def test_a_token_says_its_seconds_as_a_string(linkedin):
    said = linkedin.sign_in().json()

    assert said["expires_in"] == "1800"
    assert said["access_token"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client_id"),
        ({"client_id": "a-wrong-one"}, 401, "invalid_client_id"),
    ],
)
def test_bad_credentials_get_no_token(linkedin, form, status, error):
    said = linkedin.sign_in(**form)

    assert (said.status_code, said.json()["error"]) == (status, error)


def test_an_unknown_token_is_65600(linkedin):
    linkedin.token = "made up"
    said = linkedin.submit(make_element())

    assert (said.status_code, said.json()["serviceErrorCode"]) == (401, 65600)


def test_an_expired_token_is_65602(boards):
    boards.plan(lifetimes={"linkedin": 0})
    said = LinkedIn(boards).submit(make_element())

    assert (said.status_code, said.json()["serviceErrorCode"]) == (401, 65602)


def test_a_created_job_goes_live_when_its_task_is_done(boards, linkedin):
    said = linkedin.submit(make_element("job-1"))
    assert said.status_code == 200
    (element,) = said.json()["elements"]
    assert element["status"] == 202
    assert linkedin.task(element["id"])["status"] == "IN_PROGRESS"
    assert linkedin.listing("job-1")["listingStatus"] == "IN_PROGRESS"

    task = linkedin.outcome(element["id"])

    assert (task["status"], task["externalJobPostingId"]) == ("SUCCEEDED", "job-1")
    number = task["jobPosting"].removeprefix("urn:li:jobPosting:")
    assert number.isdecimal()
    listing = linkedin.listing("job-1")
    assert listing["listingStatus"] == "LISTED"
    assert listing["jobPostingInfo"] == {"urn": task["jobPosting"]}
    assert "Welder" in boards.http.get(listing["jobPostingUrl"], timeout=5).text
    (post,) = boards.live("linkedin")
    assert post == {
        "external_id": "job-1",
        "post_id": number,
        "url": listing["jobPostingUrl"],
        "title": "Welder",
        "visible": True,
    }


def test_v2_types_the_status_as_a_string_and_wants_no_version(boards):
    client = LinkedIn(boards, flavour="v2")
    headers = {k: v for k, v in client.headers.items() if k != "LinkedIn-Version"}
    (element,) = client.submit(make_element(), headers=headers).json()["elements"]

    assert element["status"] == "202"


@pytest.mark.parametrize(
    ("header", "status"), [("X-Restli-Method", 403), ("LinkedIn-Version", 400)]
)
def test_a_missing_header_refuses_the_call(linkedin, header, status):
    headers = {k: v for k, v in linkedin.headers.items() if k != header}

    assert linkedin.submit(make_element(), headers=headers).status_code == status


@pytest.mark.parametrize(
    ("overrides", "status", "word"),
    [
        *(
            ({name: None}, 422, name)
            for name in ("externalJobPostingId", "title", "description", "listedAt", "location")
        ),
        ({"jobPostingOperationType": None}, 422, "jobPostingOperationType"),
        ({"companyApplyUrl": None}, 422, "companyApplyUrl"),
        ({"posterEmail": None}, 422, "posterEmail"),
        ({"externalJobPostingId": ""}, 422, "externalJobPostingId"),
        ({"externalJobPostingId": "x" * 76}, 422, "externalJobPostingId"),
        ({"jobPostingOperationType": "DELETE"}, 422, "jobPostingOperationType"),
        ({"title": "x" * 201}, 422, "title"),
        ({"title": 7}, 422, "title"),
        ({"title": ["Welder"]}, 422, "title"),
        ({"description": "x" * 99}, 422, "description"),
        ({"description": "x" * 25_001}, 422, "description"),
        ({"listedAt": "2026-01-01"}, 422, "listedAt"),
        ({"listedAt": True}, 422, "listedAt"),
        ({"listedAt": now_ms() + DAY_MS}, 422, "listedAt"),
        ({"expireAt": now_ms() - 1}, 422, "expireAt"),
        ({"expireAt": now_ms() + 181 * DAY_MS}, 422, "expireAt"),
        ({"companyApplyUrl": "acme.example"}, 400, "companyApplyUrl"),
        ({"posterEmail": "nobody"}, 400, "posterEmail"),
        ({"companyName": None}, 400, "companyName"),
        ({"integrationContext": "acme"}, 400, "integrationContext"),
        ({"employmentStatus": "FULLTIME"}, 422, "employmentStatus"),
        ({"employmentStatus": ["FULL_TIME"]}, 422, "employmentStatus"),
        ({"experienceLevel": "SENIOR"}, 422, "experienceLevel"),
        ({"listingType": "PREMIUM"}, 422, "contract"),
        ({"workplaceTypes": ["Remote", "Hybrid"]}, 400, "workplaceTypes"),
        ({"workplaceTypes": ["Office"]}, 422, "workplaceTypes"),
        ({"workplaceTypes": "Remote"}, 422, "workplaceTypes"),
        ({"alternateLocations": ["Oslo, Norway"] * 8}, 422, "alternateLocations"),
        ({"categories": ["eng", "it", "sale", "rsch"]}, 422, "categories"),
        ({"skillsDescription": "x" * 4001}, 422, "skillsDescription"),
        ({"compensation": {}}, 422, "compensation"),
        ({"compensation": {"compensations": [{"type": "BASE_SALARY"}]}}, 422, "compensation"),
    ],
)
def test_an_element_that_breaks_the_schema_gets_its_own_status(
    boards, linkedin, overrides, status, word
):
    said = linkedin.submit(make_element(**overrides), make_element("fine"))
    refused, fine = said.json()["elements"]

    assert (said.status_code, refused["status"], fine["status"]) == (200, status, 202)
    assert refused["error"]["status"] == status
    assert word in refused["error"]["message"]
    assert boards.live_ids("linkedin") == ["fine"]
    assert boards.ledger("linkedin")[0][0] == "refused"


@pytest.mark.parametrize(
    "overrides",
    [
        {"title": "x" * 200},
        {"description": "x" * 100},
        {"workplaceTypes": ["remote"], "location": "Norway"},
        {"companyName": None, "integrationContext": "urn:li:organization:7"},
        {"companyName": None, "companyPageUrl": "https://www.linkedin.com/company/acme/"},
        {"employmentStatus": "CONTRACT", "experienceLevel": "NOT_APPLICABLE"},
        {"expireAt": now_ms() + 30 * DAY_MS},
        {"listingType": "PREMIUM", "contract": "urn:li:contract:1"},
        {
            "compensation": {
                "compensations": [
                    {
                        "type": "BASE_SALARY",
                        "period": "YEARLY",
                        "value": {
                            "range": {
                                "start": {"amount": "40000", "currencyCode": "EUR"},
                                "end": {"amount": "50000.50", "currencyCode": "EUR"},
                            }
                        },
                    }
                ]
            }
        },
    ],
)
def test_what_the_schema_allows_goes_live(linkedin, overrides):
    (element,) = linkedin.submit(make_element(**overrides)).json()["elements"]

    assert linkedin.outcome(element["id"])["status"] == "SUCCEEDED"


def test_a_number_as_id_breaks_the_whole_call_as_at_linkedin(linkedin):
    assert linkedin.submit(make_element(7)).status_code == 500  # type: ignore[arg-type]


def test_an_id_twice_in_one_batch_is_refused_twice(boards, linkedin):
    said = linkedin.submit(make_element("a"), make_element("a"), make_element("b"))

    assert [element["status"] for element in said.json()["elements"]] == [400, 400, 202]
    assert boards.live_ids() == ["b"]


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_holds_one_to_a_hundred(linkedin, count):
    said = linkedin.submit(*(make_element(f"job-{n}") for n in range(count)))

    assert said.status_code == 400


def test_a_hundred_at_once_answer_in_order(boards, linkedin):
    names = [f"job-{n}" for n in range(100)]
    elements = linkedin.submit(*map(make_element, names)).json()["elements"]

    assert [linkedin.task(e["id"])["externalJobPostingId"] for e in elements[:5]] == names[:5]
    assert boards.live_ids() == names


def test_a_repeated_create_fails_and_names_the_job_there_is(boards, linkedin):
    (first,) = linkedin.submit(make_element("a")).json()["elements"]
    (again,) = linkedin.submit(make_element("a")).json()["elements"]
    number = linkedin.outcome(first["id"])["jobPosting"].rpartition(":")[2]

    task = linkedin.outcome(again["id"])

    assert task["status"] == "FAILED"
    assert task["errorMessage"].endswith(f"already exists. LinkedIn job id: {number}")
    assert boards.live_ids() == ["a"]
    assert boards.ledger() == [("create", "a", "ok"), ("refused", "a", "duplicate")]


def test_each_application_has_ids_of_its_own(boards, linkedin):
    other = LinkedIn(boards, client="other")
    for client in (linkedin, other):
        (element,) = client.submit(make_element("a")).json()["elements"]
        assert client.outcome(element["id"])["status"] == "SUCCEEDED"

    assert boards.live_ids() == ["a", "a"]
    assert other.get("simpleJobPostingTasks", element["id"]).json()["results"]
    assert not linkedin.get("simpleJobPostingTasks", element["id"]).json()["results"]


def test_a_place_that_is_no_address_fails_in_the_task(boards, linkedin):
    (element,) = linkedin.submit(make_element(location="Norway")).json()["elements"]

    assert "STANDARDIZED_LOCATION" in linkedin.outcome(element["id"])["errorMessage"]
    assert boards.live_ids() == []


def test_update_renew_and_close_follow_the_job(boards, linkedin):
    linkedin.submit(make_element("a"))
    for operation in ("UPDATE", "RENEW"):
        title = f"Welder, {operation.lower()}d"
        (element,) = linkedin.submit(make_element("a", operation, title=title)).json()["elements"]
        assert linkedin.outcome(element["id"])["status"] == "SUCCEEDED"
        assert boards.live()[0]["title"] == title
    (element,) = linkedin.submit(make_element("a", "CLOSE")).json()["elements"]

    assert linkedin.outcome(element["id"])["status"] == "SUCCEEDED"
    assert boards.live() == []
    assert linkedin.listing("a")["listingStatus"] == "NOT_LISTED"
    assert [op for op, _, _ in boards.ledger()] == ["create", "update", "renew", "close"]


@pytest.mark.parametrize("operation", ["UPDATE", "RENEW"])
def test_what_does_not_exist_cannot_be_changed(linkedin, operation):
    (element,) = linkedin.submit(make_element("a", operation)).json()["elements"]

    message = f"Operation type {operation} is not allowed for a non-existing job"
    assert linkedin.outcome(element["id"])["errorMessage"] == message


def test_a_closed_job_takes_no_update_and_no_create_but_a_renewal(boards, linkedin):
    linkedin.submit(make_element("a"))
    linkedin.submit(make_element("a", "CLOSE"))
    for operation, end in (("UPDATE", "FAILED"), ("CREATE", "FAILED"), ("RENEW", "SUCCEEDED")):
        (element,) = linkedin.submit(make_element("a", operation)).json()["elements"]
        assert linkedin.outcome(element["id"])["status"] == end

    assert boards.live_ids() == ["a"]


def test_closing_what_is_not_open_is_409(linkedin):
    linkedin.submit(make_element("a"))
    linkedin.submit(make_element("a", "CLOSE"))

    assert linkedin.submit(make_element("a", "CLOSE")).status_code == 409
    assert linkedin.submit(make_element("b", "CLOSE")).status_code == 409
    mixed = linkedin.submit(make_element("b", "CLOSE"), make_element("c"))
    assert [element["status"] for element in mixed.json()["elements"]] == [409, 202]


def test_an_unknown_task_and_an_unknown_job_are_errors_of_their_own(linkedin):
    urn = "urn:li:simpleJobPostingTask:none"
    said = linkedin.get("simpleJobPostingTasks", urn).json()

    assert (said["results"], said["statuses"]) == ({}, {urn: 404})
    assert linkedin.listing("none") is None


@pytest.mark.parametrize(("ids", "status"), [(["job-1"], 400), ([], 400), (["u" * 4100], 414)])
def test_a_task_query_must_be_well_formed_and_short(linkedin, ids, status):
    assert linkedin.get("simpleJobPostingTasks", *ids).status_code == status


def test_an_expired_job_is_gone(boards, linkedin):
    (element,) = linkedin.submit(make_element("a", expireAt=now_ms() + 800)).json()["elements"]
    linkedin.outcome(element["id"])

    until(lambda: boards.live_ids() == [])
    assert linkedin.listing("a")["listingStatus"] == "NOT_LISTED"


def test_an_unknown_resource_is_404(boards, linkedin):
    assert boards.call("GET", "/linkedin/rest/jobs", headers=linkedin.headers).status_code == 404
    assert boards.call("GET", "/linkedin/v9/simpleJobPostingTasks").status_code == 404
