"""What people and programs see when something is wrong."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.urls import include, path

from jobly import errorpages

WEB, API = "/nowhere/", "/api/v1/nowhere"


@pytest.mark.django_db
def test_a_page_that_is_not_there_says_so_with_the_request_id(client):
    answer = client.get(WEB, HTTP_X_REQUEST_ID="abcdefgh-1234")
    assert answer.status_code == 404
    assert "abcdefgh-1234" in answer.content.decode()
    assert answer["X-Request-ID"] == "abcdefgh-1234"
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.django_db
def test_an_api_route_that_is_not_there_says_so_in_json(client):
    answer = client.get(API)
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "detail", "request_id"}
    assert answer.json()["code"] == "not_found"


def broken(address):
    request = RequestFactory().get(address)
    request.META["JOBLY_REQUEST_ID"] = "abcdefgh"
    return request


def test_when_we_break_the_page_asks_no_database():
    answer = errorpages.server_error(broken(WEB))
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "abcdefgh" in answer.content.decode()


@pytest.mark.parametrize(
    ("view", "status", "code"),
    [
        (errorpages.server_error, 500, "error"),
        (lambda r: errorpages.bad_request(r, ValueError("secret")), 400, "bad_request"),
        (lambda r: errorpages.forbidden(r, ValueError("secret")), 403, "permission_denied"),
        (lambda r: errorpages.csrf_failure(r, "secret"), 403, "permission_denied"),
        (lambda r: errorpages.not_found(r, ValueError("secret")), 404, "not_found"),
    ],
)
def test_below_api_every_error_has_the_same_shape_and_no_secret(view, status, code):
    answer = view(broken(API))
    assert answer.status_code == status
    assert f'"code": "{code}"' in answer.content.decode()
    assert "abcdefgh" in answer.content.decode()
    assert "secret" not in answer.content.decode()


def boom(request):
    raise RuntimeError("secret")


def away(request):
    raise OperationalError("server closed the connection, secret")


urlpatterns = [
    path("boom/", boom),
    path("api/boom/", boom),
    path("away/", away),
    path("api/away/", away),
    path("", include("jobly.users.urls")),
]
handler500 = "jobly.errorpages.server_error"


@pytest.mark.django_db
def test_a_view_that_raises_is_a_500_without_a_trace(client, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    for address in ("/boom/", "/api/boom/"):
        answer = client.get(address)
        assert answer.status_code == 500
        assert "secret" not in answer.content.decode()
        assert answer["X-Request-ID"] in answer.content.decode()


@pytest.mark.django_db
def test_a_database_that_is_away_is_a_503(client, settings):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    for address in ("/away/", "/api/away/"):
        answer = client.get(address)
        assert answer.status_code == 503
        assert "database does not answer" in answer.content.decode()
        assert "secret" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/login/", "/password-reset/", WEB])
def test_every_page_forbids_inline_scripts_frames_and_sniffing(client, address):
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    body = answer.content.decode()
    assert "<script" not in body
    assert " style=" not in body
    assert " onclick=" not in body
    assert "//cdn" not in body
