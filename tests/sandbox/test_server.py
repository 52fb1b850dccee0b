import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobly.sandbox import server, store, tokens
from jobly.sandbox.store import Call
from jobly.sandbox.wire import Request
from tests.sandbox.running import Indeed, make_element, make_job, make_posting

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
VALID = {
    "linkedin": {
        "elements": [
            make_element(
                workplaceTypes=["Remote"],
                alternateLocations=["Oslo, Norway"],
                expireAt=int(time.time() * 1000) + 86_400_000,
                compensation={
                    "compensations": [
                        {
                            "type": "BASE_SALARY",
                            "period": "YEARLY",
                            "value": {"exactAmount": {"amount": "1", "currencyCode": "EUR"}},
                        }
                    ]
                },
            )
        ]
    },
    "indeed": {
        "query": Indeed.CREATE,
        "variables": {
            "input": {
                "jobPostings": [
                    make_posting(
                        body__salary={
                            "currency": "EUR",
                            "period": "YEAR",
                            "minimumMinor": 1,
                            "maximumMinor": 2,
                        },
                        metadata__contacts=[{"contactType": ["contact"]}],
                        metadata__taxonomyClassification={"remoteType": "Fully Remote"},
                    )
                ]
            }
        },
    },
    "glassdoor": make_job(),
    "faults": {
        "board": "indeed",
        "seed": 7,
        "faults": [{"kind": "slow", "share": 0.5, "seconds": 1, "pace": 2, "form": "html"}],
        "limits": {"indeed": 5},
        "webhooks": {"url": "http://127.0.0.1:1/", "secret": "whsec_YWJj"},
    },
}
ROUTES = {
    "linkedin": ("POST", "/linkedin/rest/simpleJobPostings"),
    "indeed": ("POST", "/indeed/graphql"),
    "glassdoor": ("POST", "/glassdoor/api/employer/jobs"),
    "faults": ("PUT", "/faults"),
}


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def put(value, path, new):
    """The same JSON value with another one at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


@pytest.fixture(scope="module")
def world():
    world = server.World(store.open_state(None), "http://127.0.0.1:1", 0.0)
    yield world
    world.db.close()


@pytest.mark.parametrize("board", VALID)
@settings(deadline=None)
@given(st.data())
def test_no_json_is_odd_enough_to_break_an_answer(world, board, data):
    method, path = ROUTES[board]
    place = data.draw(st.sampled_from(list(places(VALID[board]))))
    body = json.dumps(put(VALID[board], place, data.draw(JSON))).encode()
    headers = {
        "host": "127.0.0.1",
        "x-restli-method": "batch_create",
        "linkedin-version": "202604",
        "x-partner-id": "p",
        "x-api-key": "k",
    }
    request = Request(method, path, "", headers, body, "127.0.0.1")
    call = Call(world.db, board, "", 0.0, time.time(), request)
    store.reset(world.db)
    token = tokens.issue(call, "app", "employer_access", 60)[0]
    request = Request(
        method, path, "", {**headers, "authorization": f"Bearer {token}"}, body, "127.0.0.1"
    )

    said = server.answer(world, request)

    assert isinstance(json.loads(said.body), dict)
    assert said.status in {200, 201, 400, 403, 409, 422, 500}
