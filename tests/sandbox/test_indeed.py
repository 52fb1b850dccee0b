import pytest

from tests.sandbox.running import Indeed, make_posting, until


def errors_of(response):
    assert response.status_code == 200
    return response.json()["errors"]


def code_of(response):
    return errors_of(response)[0]["extensions"]["code"]


def test_a_token_is_for_an_hour(indeed):
    said = indeed.sign_in().json()

    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3600)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"scope": "email"}, 400, "invalid_scope"),
    ],
)
def test_bad_credentials_get_no_token(indeed, form, status, error):
    said = indeed.sign_in(**form)

    assert (said.status_code, said.json()["error"]) == (status, error)


def test_bad_tokens_are_errors_in_a_200(boards, indeed):
    assert code_of(indeed.ask("{ a }", headers={})) == "FORBIDDEN"
    indeed.token = "made up"
    assert code_of(indeed.ask("{ a }")) == "UNAUTHENTICATED"
    boards.plan(lifetimes={"indeed": 0})
    assert code_of(Indeed(boards).ask("{ a }")) == "FORBIDDEN"


def test_a_posting_is_received_then_pending_then_active(boards, indeed):
    ids = indeed.created(make_posting("a"))

    assert indeed.stage(ids["employerJobId"]) == "PENDING"
    until(lambda: indeed.stage(ids["employerJobId"]) == "ACTIVE")
    (post,) = boards.live("indeed")
    assert (post["post_id"], post["visible"]) == (ids["sourcedPostingId"], True)
    assert "Welder" in boards.http.get(post["url"], timeout=5).text
    (surface,) = indeed.status(ids["employerJobId"])["surfaceStatuses"]
    assert surface["isRejected"] is False


def test_the_same_key_is_updated_never_doubled(boards, indeed):
    first = indeed.created(make_posting("a"))
    again = indeed.created(make_posting("a", body__title="Pipe welder"))

    assert again == first
    assert [post["title"] for post in boards.live()] == ["Pipe welder"]
    assert boards.ledger() == [("create", "a", "ok"), ("update", "a", "ok")]


def test_source_name_and_client_are_part_of_the_key(boards, indeed):
    indeed.created(make_posting("a"))
    indeed.created(make_posting("a", metadata__jobSource__sourceName="Acme South"))
    Indeed(boards, client="other").created(make_posting("a"))

    assert len(boards.live()) == 3


def test_an_expired_posting_comes_back_with_its_id(boards, indeed):
    ids = indeed.created(make_posting("a"))
    said = indeed.expire(ids["sourcedPostingId"]).json()
    assert said["data"]["jobsIngest"]["expireSourcedJobsBySourcedPostingId"]["results"]
    assert indeed.stage(ids["employerJobId"]) == "INACTIVE"
    assert boards.live() == []

    assert indeed.created(make_posting("a")) == ids
    assert [op for op, _, _ in boards.ledger()] == ["create", "close", "renew"]


def test_expiring_is_repeatable_and_knows_what_it_does_not_know(boards, indeed):
    ids = indeed.created(make_posting("a"))
    for _ in range(2):
        assert "errors" not in indeed.expire(ids["sourcedPostingId"]).json()
    assert code_of(indeed.expire("none")) == "NOT_FOUND"
    assert code_of(Indeed(boards, client="other").expire(ids["sourcedPostingId"])) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"body__title": ""}, "body.title"),
        ({"body__title": "x" * 121}, "body.title"),
        ({"body__description": "short"}, "body.description"),
        ({"body__description": "å" * 33_000}, "body.description"),
        ({"body__descriptionFormatting": ["TEXT"]}, "body.descriptionFormatting"),
        ({"body__benefits": None}, "body.benefits"),
        ({"body__location": {}}, "body.location.country"),
        ({"body__location": {"country": "Norway"}}, "body.location.country"),
        ({"body__location": {"country": "NO"}}, "body.location.cityRegionPostal"),
        ({"body__salary": {}}, "body.salary.currency"),
        (
            {"body__salary": {"currency": "EUR", "period": "YEAR", "minimumMinor": 0}},
            "body.salary.minimumMinor",
        ),
        (
            {
                "body__salary": {
                    "currency": "EUR",
                    "period": "YEAR",
                    "minimumMinor": 2,
                    "maximumMinor": 1,
                }
            },
            "body.salary.maximumMinor",
        ),
        (
            {"body__salary": {"currency": "EUR", "period": ["YEAR"], "minimumMinor": 2}},
            "body.salary.period",
        ),
        ({"metadata__jobPostingId": ""}, "metadata.jobPostingId"),
        ({"metadata__url": "acme"}, "metadata.url"),
        ({"metadata__datePublished": None}, "metadata.datePublished"),
        ({"metadata__jobSource__companyName": None}, "metadata.jobSource.companyName"),
        ({"metadata__jobSource__sourceName": "12345"}, "metadata.jobSource.sourceName"),
        ({"metadata__jobSource__sourceType": "Agency"}, "metadata.jobSource.sourceType"),
        ({"metadata__jobSource__isPlacement": True}, "metadata.jobSource.isPlacement"),
        ({"metadata__contacts": []}, "metadata.contacts"),
        ({"metadata__contacts": [{"contactType": 5}]}, "metadata.contacts"),
        ({"metadata__contacts": [{"contactType": ["contact"]}] * 2}, "metadata.contacts"),
    ],
)
def test_a_refused_posting_is_null_and_has_an_error(boards, indeed, overrides, path):
    said = indeed.create(make_posting(**overrides), make_posting("fine"))
    results = said.json()["data"]["jobsIngest"]["createSourcedJobPostings"]["results"]

    assert results[0]["jobPosting"] is None
    assert results[1]["jobPosting"]["sourcedPostingId"]
    assert code_of(said) == "BAD_USER_INPUT"
    assert path in errors_of(said)[0]["message"]
    assert boards.live_ids() == ["fine"]


@pytest.mark.parametrize(
    "overrides",
    [
        {
            "body__location": {"country": "NO"},
            "metadata__taxonomyClassification": {"remoteType": "Fully Remote"},
        },
        {
            "body__salary": {
                "currency": "EUR",
                "period": "YEAR",
                "minimumMinor": 4_000_000,
                "maximumMinor": 5_000_000,
            }
        },
        {"metadata__contacts": [{"contactType": ["contact"]}, {"contactType": ["recruiter"]}]},
        {
            "metadata__jobSource__sourceType": "Staffing Agency",
            "metadata__jobSource__isPlacement": True,
        },
    ],
)
def test_what_the_schema_allows_is_received(indeed, overrides):
    assert indeed.created(make_posting(**overrides))["employerJobId"]


@pytest.mark.parametrize("count", [0, 101])
def test_a_request_holds_one_to_a_hundred(indeed, count):
    said = indeed.create(*(make_posting(f"job-{n}") for n in range(count)))

    assert code_of(said) == "BAD_USER_INPUT"


def test_duplicate_entries_refuse_the_request(boards, indeed):
    assert code_of(indeed.create(make_posting("a"), make_posting("a"))) == "BAD_USER_INPUT"
    assert boards.live() == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("mutation { jobsIngest { createSourcedJobPostings(", "GRAPHQL_PARSE_FAILED"),
        ('mutation { a(title: "say "hi"") }', "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ node(id: "iri://apis.indeed.com/EmployerJob/none") { id } }', "NOT_FOUND"),
        (7, "BAD_REQUEST"),
    ],
)
def test_a_query_that_cannot_be_run_is_an_error_in_a_200(indeed, query, code):
    assert code_of(indeed.ask(query)) == code


def test_a_node_may_be_named_in_the_query_itself(indeed):
    node_id = indeed.created(make_posting("a"))["employerJobId"]
    said = indeed.ask(f'query {{ node(id: "{node_id}") {{ id seats {{ jobPost {{ id }} }} }} }}')

    assert said.json()["data"]["node"]["id"] == node_id
    assert said.json()["data"]["node"]["seats"]


def test_the_old_form_without_namespace_is_answered_alike(indeed):
    query = "mutation M($i: CreateSourcedJobPostingsInput) { createSourcedJobPostings(input: $i) }"
    said = indeed.ask(query, {"i": {"jobPostings": [make_posting("a")]}}).json()

    assert said["data"]["createSourcedJobPostings"]["results"][0]["jobPosting"]


def test_only_posts_are_taken(boards):
    assert boards.call("GET", "/indeed/graphql").status_code == 405
    assert boards.call("POST", "/indeed/v1/jobs").status_code == 404
