"""The door to a model server: what doctor says of it, and what no log may hold."""

import logging

import pytest

from jobly import ai
from jobly.environment import LOCAL_MODEL, env
from jobly.management.commands.doctor import check_models
from tests.models_server import ModelServer, as_json, completion

PROMPT = ai.Prompt(
    name="colour",
    version="1",
    system="Name the colour.",
    schema={
        "type": "object",
        "properties": {"colour": {"type": "string"}},
        "required": ["colour"],
        "additionalProperties": False,
    },
    max_tokens=10,
)


@pytest.fixture
def server(httpserver, settings):
    return ModelServer(httpserver, settings)


def there():
    server = ai.configured_server()
    assert server is not None
    return server


def test_without_a_key_there_is_no_server_and_doctor_is_content(settings):
    assert ai.configured_server() is None
    assert "vectors by our own rule" in check_models().detail
    settings.EMBEDDING_MODEL = LOCAL_MODEL
    assert (check_models().ok, "vectors by minilm" in check_models().detail) == (True, True)


def test_vectors_come_from_a_server_that_is_named_or_from_here():
    assert env({"EMBEDDING_MODEL": LOCAL_MODEL})[1] == []
    assert env({"EMBEDDING_MODEL": "text-embedding-3-small", "OPENAI_API_KEY": "k"})[1] == []
    (problem,) = env({"EMBEDDING_MODEL": "text-embedding-3-small"})[1]
    assert problem.startswith("EMBEDDING_MODEL: needs OPENAI_API_KEY, unless it is minilm")


def test_doctor_says_whether_the_server_is_there_and_takes_the_key(server, settings):
    assert check_models().ok
    server.reply = as_json({"error": {"message": "no"}}, 401)
    assert "refused the credentials" in check_models().detail
    server.reply = as_json({"error": {"message": "no list"}}, 404)
    assert check_models().ok
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert "could not be reached" in check_models().detail


def test_no_log_holds_what_is_said_or_the_key(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers('{"colour": "a secret green"}')
    reply = ai.ask(there(), "small", PROMPT, "a secret leaf")
    assert reply.values == {"colour": "a secret green"}
    assert (reply.usage.total, reply.request_id) == (790, "req-17")
    assert "req-17" in caplog.text
    for word in ("secret", "key-of-the-tests"):
        assert word not in caplog.text
    assert "key-of-the-tests" not in repr(ai.configured_server())


def test_a_call_goes_out_once_whatever_comes_back(server):
    server.reply = as_json({"error": {"message": "boom"}}, 500)
    reply = ai.ask(there(), "small", PROMPT, "leaf")
    assert reply.problem.code == "unavailable"
    assert len(server.calls) == 1


def test_no_answer_is_followed_to_another_place(server):
    elsewhere = as_json({}, 307, Location="http://127.0.0.1:9/v1/chat/completions")
    server.reply = elsewhere
    reply = ai.ask(there(), "small", PROMPT, "leaf")
    assert reply.values is None
    assert reply.problem is not None
    assert reply.usage is None


def test_tokens_are_reckoned_at_their_most():
    assert ai.tokens_at_most(PROMPT, "ü" * 100) > 200 + PROMPT.max_tokens
    assert completion("x").status_code == 200
