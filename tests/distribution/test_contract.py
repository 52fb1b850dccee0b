"""What every kind of channel keeps to; a kind without its row here fails the first test.

The happy way goes to the practice boards, which check every field by the board's own contract; the
bad ones go to a server that answers by a script.
"""

import dataclasses
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from distribution.actions import boards as access
from distribution.actions import changes
from distribution.clients import indeed
from distribution.clients.linkedin import TASKS_A_CALL
from distribution.errors import (
    BoardGone,
    BoardRefused,
    CredentialsRefused,
    Held,
    NoSlots,
    Throttled,
)
from distribution.forms.channels import SECRETS
from distribution.models import Attempt, Channel
from distribution.rules import channels as rules
from distribution.rules import lint, payloads
from distribution.rules.answers import Order
from distribution.rules.dispositions import disposition
from distribution.rules.limits import limits_of
from jobly.errors import AuthExpired, Rejected, Unavailable, Unknown
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run
from jobly.sandbox import indeed_rules, linkedin_rules
from tests.sandbox.running import until

from .make import QUICK, make_channel, make_distribution, make_posting
from .test_rules import JOB
from .working import fresh, until_rest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """What one kind is expected to do; `slug` is its practice channel."""

    slug: str
    secrets: dict[str, str] = field(default_factory=dict)
    statuses: dict[int, type[Exception]] = field(default_factory=dict)
    doubtful: type[Exception] = Unknown  # of a create whose answer says nothing
    taken: bool = False  # whether any body of a 2xx will do
    created: str = "published"
    has_token: bool = False

    @property
    def is_called(self) -> bool:
        return bool(self.secrets)


OAUTH = {"client_id": "canary-app", "client_secret": "canary-secret-4711"}
KEYS = {"partner_id": "canary-app", "api_key": "canary-secret-4711"}
SIGNING = {"signing_secret": "whsec_cHJhY3RpY2UtYm9hcmQtc2lnbmluZy1rZXk="}
CONTRACTS = {
    "linkedin": Row(
        "linkedin",
        OAUTH,
        {
            400: BoardRefused, 401: AuthExpired, 402: NoSlots, 403: CredentialsRefused,
            404: Rejected, 422: BoardRefused, 500: Unknown, 503: Unknown, 504: Unknown,
        },
        has_token=True,
    ),
    "indeed": Row(
        "indeed",
        OAUTH,
        {
            400: Rejected, 401: AuthExpired, 403: AuthExpired, 404: Rejected, 422: Rejected,
            500: Unknown, 503: Unknown, 504: Unknown,
        },
        has_token=True,
    ),
    "rest": Row(
        "glassdoor",
        KEYS,
        {
            400: Rejected, 401: AuthExpired, 403: CredentialsRefused, 404: Rejected,
            422: Rejected, 500: Unknown, 503: Unknown, 504: Unknown,
        },
    ),
    "webhook": Row(
        "webhook",
        SIGNING,
        {
            302: BoardGone, 400: Rejected, 401: AuthExpired, 403: CredentialsRefused,
            404: Rejected, 410: BoardGone, 422: Rejected, 500: Unavailable, 503: Unavailable,
        },
        doubtful=Unavailable,
        taken=True,
    ),
    "feed": Row("feed", created="accepted"),
    "intranet": Row("intranet"),
    "internal": Row("internal"),
}  # fmt: skip
KINDS = list(CONTRACTS)
CALLED = [kind for kind, row in CONTRACTS.items() if row.is_called]


def options_for(kind, **chosen):
    mail = {"poster_email": "jobs@acme.example", "contact_email": "jobs@acme.example"}
    return rules.options_of(kind, {**mail, **chosen})


def link(kind, **columns):
    """Return a connection as a channel of the kind on the practice boards gives it."""
    row = CONTRACTS[kind]
    known = {**rules.SANDBOX_CHANNELS, **rules.MORE_SANDBOX_CHANNELS}[row.slug]
    figures = {**(QUICK if row.is_called else {}), **known, **columns}
    channel = Channel.of_kind(kind, **{k: v for k, v in figures.items() if k != "kind"})
    return access.client_of(channel), channel.connection()


def signed_in(kind):
    client, there = link(kind)
    if CONTRACTS[kind].has_token:
        there = dataclasses.replace(there, token=client.fetch_token(there).text)
    return client, there


def order(kind, op="create", name="", post_id="", content=JOB):
    name = name or f"jobly-{uuid.uuid4().hex}"
    naming = payloads.Naming(op, name, datetime.now(UTC))
    payload = payloads.payload(kind, content, options_for(kind), naming=naming)
    return Order(op, name, payload, key=f"{name}-{op}", post_id=post_id)


def after(client, there, sent, name):
    """Wait until a board has made up its mind; return what it shows."""

    def seen():
        if sent.task_id:
            found = client.poll(there, [sent.task_id])[sent.task_id]
        else:
            found = client.look(there, name, sent.post_id)
        return None if found.state == "pending" else found

    return until(seen)


def test_every_kind_of_channel_has_its_row():
    assert set(rules.DEFAULTS) == set(CONTRACTS) == set(access.CHANNELS) == set(SECRETS)
    assert set(rules.DEFAULTS) == set(Channel.Kind.values) == set(lint.boards.RULES)
    assert set(CALLED) == set(rules.DEFAULTS) - rules.UNCALLED


class TestAtThePracticeBoards:
    @pytest.mark.parametrize("kind", CALLED)
    def test_each_operation_and_each_repeat_of_it(self, kind, boards):
        client, there = signed_in(kind)
        made = order(kind)
        sent = client.send(there, made)
        first = after(client, there, sent, made.external_id) if sent.task_id else None
        post_id = sent.post_id or first.post_id
        assert sent.state in ("accepted", "published")
        assert post_id

        repeat = client.send(there, made)
        if repeat.task_id and kind == "linkedin":  # its task says that there is one already
            again = after(client, there, repeat, made.external_id)
            assert (again.state, again.post_id) == ("live", post_id)
        else:
            assert repeat.post_id == post_id

        for op in ("update", "renew", "update", "renew"):
            changed = order(kind, op, made.external_id, post_id)
            done = client.send(there, changed)
            if done.task_id and kind in ("linkedin", "indeed"):
                assert after(client, there, done, made.external_id).state == "live"
        board = CONTRACTS[kind].slug if kind != "webhook" else "hook"
        assert boards.live_ids(board) == [made.external_id]

        for _ in range(2):
            closed = client.send(there, order(kind, "close", made.external_id, post_id))
            assert closed.state in ("closed", "accepted")
        assert boards.live_ids(board) == []
        assert [op for op, *_ in boards.ledger(board)].count("create") == 1

    @pytest.mark.parametrize("kind", CALLED)
    def test_what_the_board_does_not_know(self, kind, boards):
        client, there = signed_in(kind)
        gone = order(kind, "close", post_id="no-such-posting")
        assert client.send(there, gone).state == "closed"
        changed = order(kind, "update", post_id="no-such-posting")
        if kind == "indeed":  # an upsert makes what it does not know
            return
        if kind == "linkedin":
            sent = client.send(there, changed)
            assert after(client, there, sent, changed.external_id).state == "refused"
            return
        with pytest.raises(Rejected):
            client.send(there, changed)

    @pytest.mark.parametrize("flavour", ["rest", "v2"])
    def test_linkedin_in_both_of_its_flavours(self, flavour, boards):
        client, there = signed_in("linkedin")
        there = dataclasses.replace(there, options={**there.options, "flavour": flavour})
        names = [f"jobly-{uuid.uuid4().hex}" for _ in range(TASKS_A_CALL + 5)]
        tasks = [
            sent.task_id
            for sent in client.submit(there, [order("linkedin", name=name) for name in names])
        ]

        def live():
            seen = client.poll(there, tasks)
            return {one.state for one in seen.values()} == {"live"} and seen

        assert len(until(live)) == len(tasks)
        assert client.look(there, names[0]).state == "live"
        assert sorted(boards.live_ids("linkedin")) == sorted(names)

    @pytest.mark.parametrize(
        ("contract", "error"),
        [("urn:li:contract:spent", NoSlots), ("urn:li:contract:foreign", CredentialsRefused)],
    )
    def test_a_promoted_job_needs_its_contract(self, contract, error, boards):
        client, there = signed_in("linkedin")
        options = options_for("linkedin", listing_type="PREMIUM", contract_urn=contract)
        naming = payloads.Naming("create", f"jobly-{uuid.uuid4().hex}", datetime.now(UTC))
        payload = payloads.payload("linkedin", JOB, options, naming=naming)
        assert payload["contract"] == contract
        with pytest.raises(error):
            client.send(there, Order("create", naming.external_id, payload, key="k"))
        assert boards.live("linkedin") == []

    def test_a_webhook_whose_signature_does_not_hold_is_refused(self, boards):
        other = {"signing_secret": "whsec_YW5vdGhlci1rZXktdGhhbi10aGVpcnM="}
        client, there = link("webhook", credentials=other)
        with pytest.raises(AuthExpired):
            client.send(there, order("webhook"))
        assert boards.live("hook") == []

    def test_indeed_is_told_of_stages_25_a_call(self, boards):
        _, there = signed_in("indeed")
        items = [
            disposition("screen", NOW + timedelta(minutes=n), external_id="jobly-1", applicant="a")
            for n in range(30)
        ]
        taken, refused = indeed.tell(there, [*items, {**items[0], "dispositionStatus": "ODD"}])
        assert (taken, refused) == (30, ["unknown dispositionStatus 'ODD'"])


class TestByScript:
    @pytest.fixture
    def script(self, httpserver, settings):
        settings.SANDBOX_URL = httpserver.url_for("").rstrip("/")

        def answer(status=200, body=b"{}", headers=None, kind="application/json"):
            httpserver.clear()
            httpserver.expect_request(re.compile(".*")).respond_with_data(
                body, status=status, headers=headers, content_type=kind
            )

        return answer

    @pytest.mark.parametrize(
        ("kind", "status", "error"),
        [(kind, *pair) for kind in CALLED for pair in CONTRACTS[kind].statuses.items()],
    )
    def test_a_status_means_what_the_contract_says(self, kind, status, error, script):
        client, there = link(kind)
        script(status, json.dumps({"message": "no"}).encode(), {"Location": "/elsewhere"})
        with pytest.raises(error) as raised:
            client.send(there, order(kind))
        assert type(raised.value) is error

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_board_that_asks_for_a_pause_says_how_long(self, kind, script):
        client, there = link(kind)
        at = datetime.now(UTC) + timedelta(seconds=90)
        for text, low, high in (("7", 7, 7), (format_datetime(at, usegmt=True), 60, 120)):
            script(429, b"{}", {"Retry-After": text})
            with pytest.raises(Throttled) as raised:
                client.send(there, order(kind))
            assert low <= raised.value.retry_after.total_seconds() <= high

    @pytest.mark.parametrize("kind", CALLED)
    @pytest.mark.parametrize(
        "body", [b'{"elements": [{"id": ', b"<!doctype html><h1>It works</h1>", b"", b"[1]"]
    )
    def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(self, kind, body, script):
        client, there = link(kind)
        script(200, body, kind="text/html" if body.startswith(b"<") else "application/json")
        if CONTRACTS[kind].taken:
            assert client.send(there, order(kind)).state == "published"
            return
        with pytest.raises(CONTRACTS[kind].doubtful):
            client.send(there, order(kind))

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_huge_answer_is_not_read_to_its_end(self, kind, script):
        client, there = link(kind)
        script(200, b" " * (9 << 20))
        with pytest.raises(CONTRACTS[kind].doubtful):
            client.send(there, order(kind))

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_board_that_is_not_there_got_nothing(self, kind, settings):
        settings.SANDBOX_URL = "http://127.0.0.1:9"
        client, there = link(kind)
        with pytest.raises(Unavailable) as raised:
            client.send(there, order(kind))
        assert not isinstance(raised.value, Unknown)

    def test_a_webhook_of_people_goes_to_public_places_only(self):
        client, there = link("webhook", base_url="http://127.0.0.1:80/hook")
        assert there.is_supplied
        with pytest.raises(Rejected):
            client.send(there, order("webhook"))


class TestFields:
    """The figures that are shown are those that lint keeps, and boards take what passes it."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_limits_are_those_of_lint(self, kind):
        options = options_for(kind)
        assert {limit.field for limit in limits_of(kind, options)} >= {"title"}
        for limit in limits_of(kind, options):
            if limit.required:
                assert limit.field in wrong_fields(kind, lacking(limit.field)), limit
            if limit.most is not None:
                assert limit.field not in wrong_fields(kind, sized(limit.field, limit.most)), limit
                assert limit.field in wrong_fields(kind, sized(limit.field, limit.most + 1)), limit
            if limit.least is not None:
                assert limit.field not in wrong_fields(kind, sized(limit.field, limit.least))
                assert limit.field in wrong_fields(kind, sized(limit.field, limit.least - 1))

    def test_what_a_channel_asks_beyond_its_board_is_checked(self):
        options = options_for("linkedin", required=["salary_min"])
        said = lint.lint("linkedin", dataclasses.replace(JOB, salary_min=None), options)
        assert ("salary_min", "missing") in {(f.field, f.code) for f in said}

    @pytest.mark.parametrize("op", ["create", "update", "renew"])
    @pytest.mark.parametrize("size", ["usual", "limit"])
    @pytest.mark.parametrize("kind", ["linkedin", "indeed"])
    def test_what_passes_lint_passes_the_boards_own_checks(self, kind, size, op):
        options = options_for(kind)
        length = int(options["title_max"]) if size == "limit" else 6
        content = dataclasses.replace(JOB, title="W" * length)
        naming = payloads.Naming(op, "jobly-" + "a" * 32, NOW)
        body = payloads.payload(kind, content, options, naming=naming)
        if kind == "linkedin":
            assert not linkedin_rules.problems(body, NOW.timestamp())
        else:
            assert not indeed_rules.problems(body)


def wrong_fields(kind, content):
    said = lint.boards.check(kind, content, options_for(kind))
    return {finding.field for finding in said if finding.level == "error"}


def lacking(name):
    blank = {"location": {"location_text": "", "city": ""}, "company": {"employer": ""}}
    blank |= {"apply_url": {"apply_url": "", "page_url": ""}, "description": {}}
    blank["description"] = {"description_html": "", "description_text": ""}
    empty = {name: None if name.startswith("salary") else ""}
    return dataclasses.replace(JOB, **blank.get(name, empty))


def sized(name, size):
    text = "w" * max(size, 0)
    if name == "description":
        return dataclasses.replace(JOB, description_html=text, description_text=text)
    return dataclasses.replace(JOB, **{name: text})


@pytest.mark.django_db(transaction=True)
class TestInTheBooks:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_job_comes_changes_stays_and_leaves(self, kind, boards):
        row = make_distribution(channel=make_channel(slug=CONTRACTS[kind].slug))
        until_rest()
        assert fresh(row).status == CONTRACTS[kind].created
        assert fresh(row).next_look_at is None
        if fresh(row).status == "published":
            type(row.job).objects.filter(pk=row.job_id).update(title="Welder with a torch")
            changes.update_distribution(row, actor=None)
            until_rest()
            changes.renew_distribution(row, actor=None)
            until_rest()
            assert (fresh(row).status, fresh(row).error) == ("published", "")
        for _ in range(2):
            changes.close_distribution(fresh(row), actor=None)
            until_rest()
        assert fresh(row).status == "closed"
        assert [outcome for op, _, outcome in boards.ledger() if op == "refused"] == []
        assert boards.live() == []

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_refused_credential_is_refreshed_once_or_holds_the_job(self, kind, boards):
        channel = make_channel(slug=CONTRACTS[kind].slug)
        if CONTRACTS[kind].has_token:
            Channel.objects.filter(pk=channel.pk).update(
                token={"text": "stale"}, token_expires_at=datetime.now(UTC) + timedelta(hours=1)
            )
            row = make_distribution(channel=channel)
            until_rest()
            assert fresh(row).status == "published"
            entries = boards.call("GET", f"/ledger?board={kind}").json()["entries"]
            assert [entry["op"] for entry in entries].count("auth") == 1
            return
        wrong = dict.fromkeys(CONTRACTS[kind].secrets, "wrong")
        Channel.objects.filter(pk=channel.pk).update(credentials=wrong)
        with pytest.raises(Held):
            access.ask(
                Channel.objects.get(pk=channel.pk),
                lambda client, there: client.send(there, order(kind)),
            )
        assert Channel.objects.get(pk=channel.pk).credentials_refused

    @pytest.mark.parametrize("kind", CALLED)
    def test_no_secret_is_in_attempts_runs_or_logs(self, kind, boards, caplog, capfd):
        secrets = CONTRACTS[kind].secrets
        channel = make_channel(slug=CONTRACTS[kind].slug, credentials=secrets)
        make_distribution(channel=channel)
        make_distribution(make_posting(channel.company, title="W" * 300), channel)
        boards.plan({"kind": "503", "share": 0.5})
        until_rest()
        token = (Channel.objects.get(pk=channel.pk).token or {}).get("text")
        told = [
            str(list(Attempt.objects.values())),
            str(list(Run.objects.values())),
            caplog.text,
            *capfd.readouterr(),
        ]
        hidden = [text for name, text in secrets.items() if name not in ("client_id", "partner_id")]
        for text in filter(None, [*hidden, token]):
            assert not [place for place in told if text in place]

    def test_an_address_that_is_gone_switches_the_channel_off_and_says_so(self, boards):
        channel = make_channel(slug="webhook", base_url="sandbox:/hook/gone")
        row = make_distribution(channel=channel)
        drain()
        channel = Channel.objects.get(pk=channel.pk)
        assert (channel.enabled, fresh(row).error_code) == (False, "board_gone")
        assert "410" in channel.switched_off_why
