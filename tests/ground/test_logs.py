"""No canary survives the sanitiser, wherever it is nested; what is harmless stays readable."""

import json
import logging
import subprocess
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobly.logs import MAX_TEXT, as_json, as_text, sanitise, sanitising

WORD = "canary"  # what every canary contains, or its digits below
CANARIES = [
    "canary.bird@example.com",
    "canary+tag@mail.example.co.uk",
    "+49 171 2345678",
    "+1 (415) 555-2671",
    "(020) 7946 0958",
    "415-555-2671",
    "0171 2345678",
    "4111 1111 1111 1111",
    "4111111111111111",
    "5500-0000-0000-0004",
    "Bearer canaryABC.123-xyz",
    "Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==",
    "Cookie: sessionid=canary; csrftoken=canary",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "jb_a1b2c3d4_canaryABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "sk-canary0123456789abcdef0123",
    "ghp_canary0123456789abcdefghij01234",
    "whsec_canaryABCDEFGH0123",
    "gAAAAABcanary0123456789abcdefghijklmnop==",
    "password=canary",
    'password: "canary with blanks"',
    "https://bird:canary@example.com/feed",
    "https://example.com/feed?page=2&api_key=canary&q=x",
    "https://example.com/#access_token=canary",
    "mailto:canary.bird%40example.com",
    '{"user": {"email": "canary@example.com", "password": "canary"}}',
    '{\\"client_secret\\": \\"canary\\"}',
    "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
    "aB3dEfGh1jKlMn0pQrStUvWxYz12345678canary",
]
LEFT = [WORD, "2345678", "555-2671", "7946 0958", "1111 1111", "11111111", "0000-0004", "Y2FuYXJ5"]


def assert_clean(found):
    text = json.dumps(found, default=str)
    assert not [rest for rest in LEFT if rest in text], text


def nested(leaves):
    harmless = st.sampled_from([1, "oslo", None, True, 2.5, datetime(2026, 1, 2, tzinfo=UTC)])
    texts = leaves | leaves.map(lambda c: f"before {c} after")
    return st.recursive(
        texts | harmless,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["a", "url", "data", "headers"]), inner, max_size=4)
            | st.dictionaries(leaves, inner, max_size=2)
            | inner.map(lambda v: (v,))
            | inner.map(lambda v: json.dumps({"x": v}, default=str))
            | inner.map(lambda v: json.dumps([json.dumps(v, default=str)]))
            | inner.map(ValueError)
            | inner.map(lambda v: str(v).encode())
        ),
        max_leaves=12,
    )


@given(nested(st.sampled_from(CANARIES)))
def test_no_canary_survives_however_it_is_nested(value):
    assert_clean(sanitise({"value": value}))


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("shape", ["{}", "x {} y", "({})", "a\n{}\nb", "<b>{}</b>", "k='{}'"])
def test_no_canary_survives_in_a_text(canary, shape):
    assert_clean(sanitise(shape.format(canary)))


@pytest.mark.parametrize("canary", [c for c in CANARIES if "\n" not in c])
def test_no_canary_survives_in_a_query(canary):
    assert_clean(sanitise("https://example.com/?" + urlencode({"token": canary})))


@pytest.mark.parametrize(
    "name",
    "password PASSWORD db_passwd secret clientSecret client-secret token access_token accessToken "
    "api_key apiKey X-Api-Key Authorization Cookie Set-Cookie credentials private_key signature "
    "sessionid session_key csrfmiddlewaretoken otp user_pin cvv iban card card_number jwt "
    "email e-mail userEmail phone phone_number mobile first_name lastName birth_date".split(),
)
@pytest.mark.parametrize("value", ["c4n4ry", {"a": "c4n4ry"}, ["c4n4ry"], b"c4n4ry", ("c4n4ry",)])
def test_a_telling_name_hides_its_value(name, value):
    assert "c4n4ry" not in json.dumps(sanitise({"a": [{name: value}]}), default=str)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T02:31:00Z",
        "2026-11-22 02:31:00.123456+00:00",
        "0192f7a1-5b3c-7d4e-8f90-123456789012",
        "12345678-1234-7123-8123-123456789012",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "GET /api/v1/jobs/1234567/ 200",
        "took 1234.5 ms for 100000 rows",
        "192.168.100.200",
        "Basic understanding of tokens",
        "1732242660",
        "ingestion.job_published",
        "linkedin: 50/60 used, resets in 12 s",
        "/var/jobly/storage/raw/2026/11/22/0192f7a1-5b3c-7d4e-8f90-123456789012",
    ],
)
def test_what_is_harmless_stays(value):
    assert sanitise(value) == value


def test_counts_and_flags_stay_under_telling_names():
    value = {"prompt_tokens": 512, "emails": 3, "email_sent": True, "token": None}
    assert sanitise(value) == value


@pytest.mark.parametrize(
    "value", [UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC), 1.5, 7, None, False]
)
def test_plain_values_stay_themselves(value):
    assert sanitise(value) is value


def test_cycles_depth_and_width_end():
    cycle = {}
    cycle["self"] = [cycle]
    assert sanitise(cycle) == {"self": ["[cycle]"]}
    deep = leaf = []
    for _ in range(10_000):
        leaf.append([])
        leaf = leaf[0]
    assert "[deep]" in str(sanitise(deep))
    wide = sanitise({"list": list(range(10**6)), "map": {str(n): n for n in range(10**5)}})
    assert len(wide["list"]) == len(wide["map"]) == 101
    assert len(sanitise("ab " * 10**6)) == MAX_TEXT
    bush: object = "x"
    for _ in range(7):
        bush = [bush] * 90
    assert len(json.dumps(sanitise(bush))) < 100_000
    assert "[deep]" in str(sanitise("[" * 5_000 + "]" * 5_000)) or len(sanitise("[" * 20_000))


def test_a_secret_across_the_cut_leaves_no_half():
    text = "x " * (MAX_TEXT // 2 - 4) + CANARIES[14]
    assert_clean(sanitise(text))


@pytest.mark.parametrize(
    "evil",
    """a 1_ a@ a. :// token (0 +1_ eyJ - aA1 = cookie " ' \\ { [ Bearer_ 1- \\" token="""
    """ %40""".split(),
)
def test_no_text_takes_long(evil):
    text = evil.replace("_", " ") * 50_000 + "!"
    began = time.process_time()
    sanitise(text)
    assert time.process_time() - began < 0.25


def test_a_line_for_people_is_one_line_but_for_its_traceback():
    event = {
        "event": "a\nfaked line\x1b[2J",
        "level": "info",
        "who": "x\r\ny",
        "exception": "T:\n x",
    }
    assert as_text(None, "", event) == 'info a faked line [2J who="x\\r\\ny"\nT:\n x'.replace(
        "info", " info ", 1
    )


def test_a_line_for_collectors_is_json_whatever_is_in_it():
    event: dict = {"event": "x", "big": 2**70, 7: {1, 2}, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    assert json.loads(as_json(None, "", sanitising(None, "", event)))["event"] == "x"


PROGRAM = """
import logging, logging.config, structlog
from jobly.logs import configuration
logging.config.dictConfig(configuration(level="INFO", style="{style}"))
structlog.contextvars.bind_contextvars(request_id="r" * 32, run_id="run-7")
structlog.get_logger("jobly.test").info("login %s", "canary@example.com", password="canary")
logging.getLogger("plain").warning("sent to %s", "canary@example.com", extra=dict(token="canary"))
def deep():
    raise ValueError("card 4111 1111 1111 1111 of canary@example.com")
try:
    deep()
except ValueError:
    structlog.get_logger("jobly.test").exception("failed")
    logging.getLogger("plain").exception("failed too")
"""


@pytest.mark.parametrize("style", ["json", "text"])
def test_whole_lines_carry_the_context_and_no_canary_exceptions_included(style):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(style=style)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert_clean(done.stderr)
    assert done.stderr.count("run-7") == 4
    assert done.stderr.count("in deep") == 2
    if style == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
        assert lines[1]["logger"] == "plain"
        assert lines[0]["password"] == lines[1]["token"] == "[redacted]"


def test_the_sanitiser_is_the_last_step_before_a_line_is_text():
    root = logging.getLogger()
    steps = [
        handler.formatter.processors
        for handler in root.handlers
        if hasattr(handler.formatter, "processors")
    ]
    assert steps
    assert all(chain[-2] is sanitising for chain in steps)
