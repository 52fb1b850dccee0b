"""A body that calls a board, performed call by call."""

from datetime import timedelta

import pytest
import requests

from distribution.clients import exchange
from distribution.rules.channels import Connection
from jobly.errors import Unavailable, Unknown

LINK = Connection("http://board.test", {}, timedelta(seconds=1))


def answered(body):
    found = requests.Response()
    found.status_code = 200
    found.url = "http://board.test/"
    found._content = body
    return found


def ask(path):
    response = exchange.call(LINK, "POST", path, idempotent=False, json={})
    return exchange.json_of(response, idempotent=False)


def test_each_call_is_asked_for_once_and_answered_in_order():
    began = []

    def body():
        began.append(1)
        return ask("/a"), ask("/b")

    turns = exchange.in_turns(body)
    assert next(turns).target == "/a"
    assert turns.send(answered(b'{"n": 1}')).target == "/b"
    with pytest.raises(StopIteration) as end:
        turns.send(answered(b'{"n": 2}'))
    assert end.value.value == ({"n": 1}, {"n": 2})
    assert len(began) == 3


def test_a_failure_means_what_it_means_to_one_call():
    turns = exchange.in_turns(lambda: ask("/a"))
    next(turns)
    with pytest.raises(Unknown):
        turns.send(requests.ReadTimeout("late"))
    turns = exchange.in_turns(lambda: ask("/a"))
    next(turns)
    with pytest.raises(Unavailable):
        turns.send(requests.ConnectTimeout("no line"))


def test_a_body_without_a_call_ends_at_once():
    with pytest.raises(StopIteration) as end:
        next(exchange.in_turns(lambda: "done"))
    assert end.value.value == "done"


def test_two_conversations_do_not_mix():
    one, other = (exchange.in_turns(lambda: ask("/x")["n"]) for _ in range(2))
    next(one)
    next(other)
    found = []
    for turns, number in ((other, 2), (one, 1)):
        with pytest.raises(StopIteration) as end:
            turns.send(answered(b'{"n": %d}' % number))
        found.append(end.value.value)
    assert found == [2, 1]
