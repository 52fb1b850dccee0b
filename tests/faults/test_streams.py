"""Live connections: cut ones resume whole, wild ones get a clear no, none outlives its rights."""

import json
import secrets
import time
from contextlib import ExitStack
from typing import Any

import pytest

from jobly.embedded.instance import HOST
from jobly.runs.rules.streams import company_stream
from tests.real import checks, postings
from tests.real.lines import (
    answer,
    bearer,
    beside,
    connections,
    events,
    listen,
    raw,
    read,
    resume,
    tell,
    websocket,
)
from tests.real.streams import Events, Socket, rest

pytestmark = pytest.mark.faults
IDLE_SECONDS, CUTS = 12, 6
RECONNECTS = 50
WRITERS: dict[str, Any] = {"threads": 8, "times": 50, "undone": 0.4, "foreign": True, "pause": 0.02}
#: places that are no number of an event, as text for a header and as JSON for a message
GARBAGE_TEXT = ["abc", "-1", "1e9", "0x10", "²", "9" * 40, "1;2", "NaN", "1 OR 1=1", "None"]
GARBAGE_JSON = ["7", -1, 1.5, True, [1], {"a": 1}, 10**40, "abc", "", False]
BEYOND = 10**9


def stored_events(world):
    return world.query("SELECT * FROM runs_event WHERE stream = %s ORDER BY seq", world.stream)


def foreign_stream(world):
    return company_stream(world.value("SELECT id FROM users_company WHERE slug = 'rival'"))


def is_whole(world, client):
    """Wait until a client has everything, stop it, and say what is wrong with what it saw (I7)."""
    stored = stored_events(world)
    world.until(lambda: client.position >= len(stored), client.told, 60)
    client.stop()
    return checks.i7_stream_is_whole(client.history, last=len(stored), stored=stored)


@pytest.mark.row(24)
@pytest.mark.story
def test_an_idle_websocket_is_there_when_something_happens(world):
    world.start_live()
    with websocket(world) as line:
        resume(line, world.stream, 0)
        assert listen(line, silence=IDLE_SECONDS).items == []
        tell(world, threads=1, times=1)
        (item,) = listen(line, most=1, silence=10).items
        assert (item["seq"], item["stream"]) == (1, world.stream)


@pytest.mark.row(24)
@pytest.mark.story
@pytest.mark.quick
def test_clients_whose_line_is_cut_again_and_again_miss_nothing(world, draw):
    world.start_worker()
    world.start_live()
    clients = [Socket(world), Events(world)]
    for client in clients:
        client.start()
    for number in range(4):
        text = postings.csv(300, first=1 + 300 * number)
        world.act("upload", text=text, name=f"{number}.csv")
    for _ in range(CUTS):
        for client in clients:
            client.cut_for_ever(1, 0.3, draw.randrange(1000))
    world.until_rest()

    for client in clients:
        assert is_whole(world, client) == []
        assert client.cuts == CUTS
    world.start_web()
    stored = stored_events(world)
    assert checks.i7_stream_is_whole(rest(world), last=len(stored), stored=stored) == []


@pytest.mark.row(24)
@pytest.mark.story
def test_whatever_place_is_named_one_gets_the_own_stream_or_a_clear_no(world, draw):
    """Fifty reconnects with every kind of place, while eight writers commit and roll back."""
    world.start_live()
    steady = [Socket(world), Events(world)]
    for client in steady:
        client.start()
    writers = beside(world, "write", **WRITERS, seed=draw.randrange(1000))
    world.until(lambda: world.count("runs_event") > 20, "the writers write")
    foreign, seen = foreign_stream(world), []
    for turn in range(RECONNECTS):
        place = draw.choice(PLACES)
        seen += place(world, draw, foreign)
        steady[turn % 2].cut()
    told = answer(writers)

    assert {event["data"]["whose"] for event in seen if "whose" in event.get("data", {})} == {
        "acme"
    }
    assert foreign.partition(":")[2] not in json.dumps(seen)
    assert len(stored_events(world)) == told[world.stream]  # what was rolled back is nowhere
    for client in steady:
        assert is_whole(world, client) == []


def stale(world, draw, foreign):
    """A number from the past: what followed it, without a gap."""
    place = draw.randrange(world.count("runs_event", "stream = %s", world.stream))
    with websocket(world) as line:
        resume(line, world.stream, place)
        by_socket = listen(line, most=5, silence=5).items
    with events(world, world.stream, place) as stream:
        by_events = read(stream, most=5, silence=5).items
    for items in (by_socket, by_events):
        assert [item["seq"] for item in items] == list(range(place + 1, place + len(items) + 1))
        assert {item["stream"] for item in items} <= {world.stream}
    return by_socket + by_events


def garbage(world, draw, foreign):
    """No number at all: refused, not guessed."""
    with events(world, world.stream, draw.choice(GARBAGE_TEXT)) as stream:
        refused = read(stream)
    assert (refused.ended, refused.code) == (400, "bad_position")
    with websocket(world) as line:
        resume(line, world.stream, draw.choice(GARBAGE_JSON))
        heard = listen(line, silence=5)
    assert (heard.items, heard.ended) == ([], 4400)
    return []


def beyond(world, draw, foreign):
    """A number that is not there yet: an explicit reset, then what follows that."""
    with websocket(world) as line:
        resume(line, world.stream, BEYOND + draw.randrange(BEYOND))
        by_socket = listen(line, most=3, silence=1).items
    with events(world, world.stream, BEYOND + draw.randrange(BEYOND)) as stream:
        by_events = read(stream, most=3, silence=1).items
    for reset, *items in (by_socket, by_events):
        assert reset["type"] == "reset"
        following = range(reset["seq"] + 1, reset["seq"] + len(items) + 1)
        assert [item["seq"] for item in items] == list(following)
    return by_socket + by_events


def elsewhere(world, draw, foreign):
    """Somebody else's stream, or no stream: as if it was not there."""
    name = draw.choice([foreign, "staff", "company:*", "company:", "x\x00y", "user:" + "a" * 200])
    with events(world, name, draw.choice([None, 0, 3, BEYOND])) as stream:
        refused = read(stream)
    assert (refused.ended, refused.code) == (404, "not_found")
    with websocket(world) as line:
        resume(line, name, draw.choice([None, 0, 3, BEYOND]))
        heard = listen(line, silence=5)
    assert (heard.items, heard.ended) == ([], 4403)
    return []


PLACES = [stale, garbage, beyond, elsewhere]


@pytest.mark.row(24)
@pytest.mark.story
def test_what_retention_took_from_a_slow_client_is_an_explicit_reset(world):
    world.start_live()
    tell(world, threads=1, times=20, each=10)
    with websocket(world) as line:
        resume(line, world.stream, 0)
        assert len(listen(line, most=64, silence=5).items) == 64
        world.query("DELETE FROM runs_event WHERE seq <= 150 RETURNING seq")
        world.query("UPDATE runs_stream SET min_seq = 151 RETURNING key")
        line.send('{"ack": 64}')
        (reset,) = listen(line, most=1, silence=5).items
        assert (reset["type"], reset["seq"]) == ("reset", 200)
        tell(world, threads=1, times=1)
        assert [item["seq"] for item in listen(line, most=1, silence=10).items] == [201]
    with events(world, world.stream, 100) as stream:
        (reset,) = read(stream, most=1, silence=5).items
        assert (reset["type"], reset["seq"]) == ("reset", 201)
    with events(world, world.stream, 150) as stream:
        assert [i["seq"] for i in read(stream, most=51, silence=5).items] == list(range(151, 202))


@pytest.mark.row(25)
@pytest.mark.story
def test_clients_that_come_while_the_broker_is_dead_are_told_within_seconds(world):
    world.start_live()
    world.kill_valkey()
    clients = [Socket(world), Events(world)]
    for client in clients:
        client.start()
    with websocket(world) as line:
        resume(line, world.stream, None)
        (hello,) = listen(line, most=1, silence=10).items
        assert (hello["type"], hello["seq"]) == ("hello", 0)
        tell(world, threads=1, times=3)
        assert [item["seq"] for item in listen(line, most=3, silence=15).items] == [1, 2, 3]
    world.restart_valkey()
    tell(world, threads=2, times=5)
    for client in clients:
        assert is_whole(world, client) == []


@pytest.mark.row(24)
@pytest.mark.story
def test_a_server_that_stops_says_so_and_its_clients_resume(world):
    live = world.start_live()
    clients = [Socket(world), Events(world)]
    for client in clients:
        client.start()
    tell(world, threads=1, times=3)
    with websocket(world) as line, events(world, world.stream, 0) as stream:
        resume(line, world.stream, 0)
        assert len(listen(line, most=3, silence=5).items) == 3
        half = raw(world, "GET /events/stream HTTP/1.1\r\nHost: ")  # no application has it yet
        world.until(lambda: connections(world) >= 5, "all are connected")
        assert live.stop() < 5
        assert listen(line, silence=5).ended == 1012
        last = stream.raw.read().decode().strip().splitlines()[-1]
        assert last.startswith("retry: ")
        assert 1000 <= int(last[7:]) < 6000
        half.close()
    tell(world, threads=1, times=3)
    world.start_live("live-again")
    for client in clients:
        assert is_whole(world, client) == []


def revoke(world, person):
    prefix = person["key"].split("_")[1]
    world.query("UPDATE users_apikey SET revoked_at = now() WHERE prefix = %s RETURNING id", prefix)


def deactivate(world, person):
    world.query(
        "UPDATE users_user SET is_active = false WHERE id = %s RETURNING id", person["user"]
    )


def leave(world, person):
    world.query("DELETE FROM users_membership WHERE user_id = %s RETURNING id", person["user"])


def sign_out(world, person):
    world.query("DELETE FROM django_session RETURNING session_key")


LOSSES = (revoke, deactivate, leave, sign_out)


def followers_who_lose_their_rights(world):
    """Open a websocket and a stream for a person of each kind; return them with their person."""
    people = answer(beside(world, "people", count=len(LOSSES)))
    cookie = answer(beside(world, "session"))
    origin = f"http://{HOST}:{world.live_port - 1}"
    people[-1] = {"headers": {"Cookie": cookie, "Origin": origin}}
    return [(loss, person, person.get("headers") or bearer(person["key"]))
            for loss, person in zip(LOSSES, people, strict=True)]  # fmt: skip


@pytest.mark.row(24)
@pytest.mark.story
def test_what_is_told_after_a_right_is_lost_does_not_reach_its_loser(world):
    world.start_live()
    for lose, person, headers in followers_who_lose_their_rights(world):
        with (
            websocket(world, **headers) as line,
            events(world, world.stream, None, **headers) as stream,
            websocket(world) as other,
        ):
            resume(line, world.stream, None)
            resume(other, world.stream, None)
            assert read(stream, most=1, silence=5).items[0]["type"] == "hello"
            for opened in (line, other):
                assert listen(opened, most=1, silence=5).items[0]["type"] == "hello"
            lose(world, person)
            time.sleep(1.1)  # rights are at most a second old
            tell(world, threads=1, times=1)
            assert len(listen(other, most=1, silence=5).items) == 1
            heard = listen(line, silence=5)
            assert (heard.items, heard.ended) == ([], 4401), lose.__name__
            heard = read(stream, silence=5)
            assert (heard.items, heard.ended) == ([], 200), lose.__name__
        with events(world, world.stream, 0, **headers) as stream:
            assert read(stream).ended in (401, 404)


@pytest.mark.row(24)
@pytest.mark.story
def test_a_quiet_line_whose_right_is_lost_is_closed_within_a_minute(world):
    world.start_live()
    followers = followers_who_lose_their_rights(world)
    with ExitStack() as opened:
        lines = [opened.enter_context(websocket(world, **who)) for _, _, who in followers]
        for line in lines:
            resume(line, world.stream, None)
            assert listen(line, most=1, silence=5).items[0]["type"] == "hello"
        for lose, person, _ in followers:
            lose(world, person)
        assert [listen(line, silence=60).ended for line in lines] == [4401] * len(LOSSES)


@pytest.mark.row(24)
@pytest.mark.story
@pytest.mark.quick
def test_who_may_not_follow_is_refused_before_anything_is_read(world):
    world.start_live()
    own, evil = f"http://{HOST}:{world.live_port - 1}", "http://evil.example"
    cookie = answer(beside(world, "session"))
    wrong = f"jb_{'a' * 8}_{secrets.token_urlsafe(32)}"
    for headers, code, status in [
        ({"Cookie": cookie, "Origin": evil}, 4403, 403),
        ({"Cookie": cookie}, 4403, 200),  # a page's address line shows it to its own person
        ({"Origin": own}, 4401, 401),
        ({"Cookie": "sessionid=" + "a" * 32, "Origin": own}, 4401, 401),
        (bearer(wrong), 4401, 401),
        (bearer("x" * 3000), 4401, 401),
        ({**world.bearer, "Origin": evil}, 4403, 403),
    ]:
        with websocket(world, **headers) as line:
            heard = listen(line, silence=2)
            assert (heard.items, heard.ended) == ([], code), headers
        with events(world, None, None, **headers) as stream:
            assert stream.status_code == status, headers
