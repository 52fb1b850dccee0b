"""Whose word takes a channel where: an operator's anywhere, a recruiter's to public places only."""

import pytest
from rest_framework.test import APIClient

from distribution.actions.channels import change_channel, create_channel
from distribution.models import Attempt, Channel
from distribution.rules.channels import addresses_of, placed
from jobly.runs.actions.execution import drain
from tests.make import make_company, make_key, make_member, make_user

from .make import make_distribution, make_posting
from .working import fresh

SCOPES = ["distributions:read", "distributions:write"]


@pytest.mark.parametrize(
    ("base", "options", "found"),
    [
        ("", {}, set()),
        ("sandbox:/indeed", {"token_url": "sandbox:/x"}, set()),
        ("https://a.test", {"title_max": 90}, {"https://a.test"}),
        ("https://a.test", {"paths": {"create": "http://10.0.0.1/x"}},
         {"https://a.test", "http://10.0.0.1/x"}),
        ("https://a.test", {"hosts": ["http://b.test"]}, {"https://a.test", "http://b.test"}),
        ("", {"view_url": "https://b.test/{id}"}, set()),
    ],
)  # fmt: skip
def test_where_the_calls_of_a_channel_may_go(base, options, found):
    assert addresses_of(base, options) == found


def api_of(user):
    _, text = make_key(user, scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def connect(client, company, base):
    said = client.post(
        "/api/v1/channels/",
        {"company": company.slug, "slug": "own", "kind": "rest", "base_url": base,
         "credentials": {"partner_id": "p", "api_key": "k"}},
        format="json",
    )  # fmt: skip
    assert said.status_code == 201, said.json()
    return Channel.objects.get(pk=said.json()["id"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("inside", ["http://127.0.0.1", "http://[::1]/x", ""])
def test_a_recruiters_address_inside_our_net_is_never_called(inside, httpserver):
    company = make_company()
    base = inside or httpserver.url_for("/board")
    channel = connect(api_of(make_member(company)), company, base)
    row = make_distribution(make_posting(company), channel)

    drain()

    assert not channel.address_trusted
    assert not httpserver.log
    assert fresh(row).status in ("failed", "rejected")
    why = "not a public address" if inside else "is not fetched"  # its port is none of the web's
    assert why in fresh(row).error
    assert Attempt.objects.filter(distribution=row).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_operators_address_may_be_inside(httpserver):
    httpserver.expect_request("/board/api/employer/jobs").respond_with_json({"id": "7"}, 201)
    company = make_company()
    channel = connect(api_of(make_user(is_staff=True)), company, httpserver.url_for("/board"))
    row = make_distribution(make_posting(company), channel)

    drain()

    assert fresh(row).post_id == "7"


@pytest.mark.django_db
def test_trust_goes_with_the_address_and_not_with_other_changes():
    row = create_channel(make_company(), slug="r", kind="rest", base_url="http://10.1.1.1")
    assert row.address_trusted
    change_channel(row, by_operator=False, name="Ours", options={"title_max": 80})
    assert row.address_trusted
    change_channel(row, by_operator=False, options={"paths": {"create": "http://10.2.2.2/"}})
    assert not Channel.objects.get(pk=row.pk).address_trusted
    change_channel(row, by_operator=True, credentials={"api_key": "k"})
    assert not Channel.objects.get(pk=row.pk).address_trusted
    change_channel(row, by_operator=True, options={"title_max": 80})
    assert Channel.objects.get(pk=row.pk).address_trusted


@pytest.mark.django_db
def test_the_practice_boards_and_a_kinds_own_address_are_trusted():
    company = make_company()
    known = {"base_url": "sandbox:/indeed"}
    practice = create_channel(company, slug="a", kind="indeed", by_operator=False, **known)
    usual = create_channel(company, slug="b", kind="linkedin", by_operator=False)
    assert all(row.address_trusted for row in Channel.objects.filter(company=company))
    assert not usual.is_supplied
    assert not practice.is_supplied


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["sandbox:.evil.example", "sandbox:0/x", "sandbox:@10.0.0.1/"])
def test_the_practice_boards_word_leads_nowhere_else(text):
    assert placed(text, "http://boards.internal") == ""
    company = make_company()
    row = create_channel(company, slug="r", kind="rest", by_operator=False)
    api = api_of(make_member(company))
    wrong = api.patch(f"/api/v1/channels/{row.pk}/", {"base_url": text}, format="json")
    assert wrong.status_code == 400
