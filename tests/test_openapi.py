"""The OpenAPI document is whole, and no generated request makes the API fall over."""

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings

from jobly.wsgi import application
from tests.make import make_company, make_key, make_member

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ["jobs:read", "jobs:write", "distributions:read", "distributions:write", "runs"]


def test_the_document_is_valid_and_leaves_nothing_to_guess(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "api.yml"))
    assert "/api/v1/distributions/" in (tmp_path / "api.yml").read_text()


@pytest.fixture
def api():
    return schemathesis.openapi.from_wsgi("/api/v1/schema/", application)


def test_no_generated_request_is_answered_with_a_server_error(api):
    company = make_company()
    _, text = make_key(make_member(company), company=company, scopes=SCOPES)
    tried = 0

    for result in api.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def knock(case):
            response = case.call(headers={"Authorization": f"Bearer {text}"})
            assert response.status_code < 500 or response.status_code == 503, (
                case.method, case.path, response.text[:300],
            )  # fmt: skip

        knock()
        tried += 1
    assert tried > 20
