"""Clients that do not read, read a byte a second or say too much: bounded, and felt by nobody.

Row 25 of RELIABILITY 3.2, and its bounds of section 2.5.
"""

import threading
import time
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.real import checks
from tests.real.lines import (
    answer,
    bearer,
    beside,
    connections,
    deaf_events,
    deaf_socket,
    events,
    listen,
    raw,
    read,
    resident,
    resume,
    tell,
    unsent,
    websocket,
)
from tests.real.streams import Events, Socket

pytestmark = [pytest.mark.faults, pytest.mark.row(25)]
KILOBYTE, MEGABYTE = 1 << 10, 1 << 20
DEAF = 50
EACH_DEAF = 1024 * KILOBYTE  # of the server; half of it is the target that tests/loads.py measures
AHEAD = 64  # items beyond the last acknowledgement
RESPONSE = 256 * KILOBYTE
MOST_OF_ONE = 50  # connections of one caller
LATE_SECONDS = 5.0  # a generous bound for a client beside fifty deaf ones
NONSENSE: list[tuple[str | bytes, int]] = [
    ("x" * 5000, 1006),
    ("[" * 4000, 4400),
    ('{"resume": 7}', 4400),
    ('{"resume": {"stream": 7}}', 4400),
    (b"\x00\x01", 4400),
    ("", 4400),
    ("null", 4400),
]


@pytest.mark.parametrize("size", [100, 8000], ids=["small", "large"])
def test_clients_that_never_read_cost_little_and_slow_nobody(world, size):
    live = world.start_live()
    keys = [person["key"] for person in answer(beside(world, "people", count=DEAF))]
    steady = [Socket(world), Events(world)]
    for client in steady:
        client.start()
    with ExitStack() as held:
        for number, key in enumerate(keys):
            open_line = deaf_socket if number % 2 else deaf_events
            held.enter_context(open_line(world, key))
        tell(world, threads=1, times=1)
        world.until(lambda: all(c.position == 1 for c in steady), "all are served")
        before = resident(live)
        tell(world, threads=4, times=25, each=10, pad=size)
        world.until(lambda: all(c.position == 1001 for c in steady), steady[0].told, 60)
        assert resident(live) - before + unsent(world) < DEAF * EACH_DEAF
        began = time.monotonic()
        tell(world, threads=1, times=1)
        world.until(lambda: all(c.position == 1002 for c in steady), steady[0].told, 60)
        sent = world.value("SELECT data -> 'sent' FROM runs_event WHERE seq = 1002")
        assert time.monotonic() - max(began, sent) < LATE_SECONDS
    stored = world.query("SELECT * FROM runs_event ORDER BY seq")
    for client in steady:
        client.stop()
        assert checks.i7_stream_is_whole(client.history, last=1002, stored=stored) == []


@pytest.mark.story
def test_who_says_or_takes_nothing_is_let_go(world):
    """Deaf, trickling, half and silent lines: all are gone within a minute and a half."""
    live = world.start_live()
    tell(world, threads=4, times=50, each=10, pad=2000)
    held = [
        deaf_socket(world, world.key),
        deaf_events(world, world.key),
        raw(world, "GET /events/stream HTTP/1.1\r\nHost: "),
        raw(world, ""),
    ]
    trickling, over = deaf_socket(world, world.key), threading.Event()
    thread = threading.Thread(target=trickle, args=(trickling, over), daemon=True)
    thread.start()
    with websocket(world) as line:
        assert connections(world) == len(held) + 2
        assert listen(line, silence=40).ended == 4400  # it never said what it wants
    world.until(lambda: connections(world) == 0, "all are cut", 80)
    over.set()
    thread.join()
    assert live.is_alive
    for each in (*held, trickling):
        each.close()


def trickle(line, over):
    """Take a byte a second."""
    while not over.wait(1):
        with suppress(OSError):
            line.recv(1)


@pytest.mark.story
@pytest.mark.quick
def test_a_websocket_is_sent_what_it_acknowledges_and_sixty_four_more(world):
    world.start_live()
    tell(world, threads=1, times=20, each=10)
    with websocket(world) as line:
        resume(line, world.stream, 0)
        assert numbers(line, AHEAD) == list(range(1, AHEAD + 1))
        line.send('{"ack": 10}')
        assert numbers(line, 10) == list(range(AHEAD + 1, AHEAD + 11))
        line.send('{"ack": 1000000}')  # of what was never sent counts what was
        assert numbers(line, AHEAD) == list(range(AHEAD + 11, 2 * AHEAD + 11))
        line.send('{"ack": -5}')
        line.send('{"ack": "many"}')
        assert numbers(line, 0) == []
        resume(line, world.stream, 190)
        assert numbers(line, 10) == list(range(191, 201))


def numbers(line, most):
    """Take so many items, and see that no more come; return their numbers."""
    items = listen(line, most=most, silence=10).items if most else []
    return [item["seq"] for item in items + listen(line).items]


@pytest.mark.story
def test_a_websocket_is_sent_no_more_bytes_than_its_client_takes(world):
    world.start_live()
    tell(world, threads=1, times=10, each=10, pad=20_000)
    with websocket(world) as line:
        resume(line, world.stream, 0)
        first = listen(line, most=11, silence=10).items + listen(line, silence=2).items
        assert 10 < len(first) < 20  # a quarter of a megabyte, not sixty-four
        line.send(f'{{"ack": {len(first)}}}')
        assert [i["seq"] for i in listen(line, most=1, silence=10).items] == [len(first) + 1]


@pytest.mark.story
def test_a_response_ends_in_time_and_goes_on_where_it_ended(world):
    world.start_live()
    tell(world, threads=1, times=20, each=20, pad=2000)
    seen, place, answers = [], 0, 0
    while len(seen) < 400:
        with events(world, world.stream, place) as stream:
            heard = read(stream, silence=5)
        assert heard.ended == 200 or len(seen) + len(heard.items) == 400
        assert sum(2000 for _ in heard.items) < RESPONSE + 4000
        seen += heard.items
        place, answers = seen[-1]["seq"], answers + 1
    assert [item["seq"] for item in seen] == list(range(1, 401))
    assert answers >= 4


@pytest.mark.story
def test_one_caller_has_so_many_connections_and_others_have_theirs(world):
    world.start_live()
    (other,) = answer(beside(world, "people", count=1))
    with ExitStack() as held:
        lines = [held.enter_context(websocket(world)) for _ in range(MOST_OF_ONE - 1)]
        stream = held.enter_context(events(world, world.stream, 0))
        assert stream.status_code == 200
        with websocket(world) as line:
            assert listen(line, silence=5).ended == 4429
        with events(world, world.stream, 0) as refused:
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert int(refused.headers["Retry-After"]) > 0
        with websocket(world, **bearer(other["key"])) as line:
            resume(line, world.stream, None)
            assert listen(line, most=1, silence=5).items[0]["type"] == "hello"
        lines[0].close()

        def has_room():
            with websocket(world) as line:
                resume(line, world.stream, None)
                return [item["type"] for item in listen(line, most=1, silence=5).items] == ["hello"]

        world.until(has_room, "a place that was left is free", 30)


@pytest.mark.story
def test_a_message_that_makes_no_sense_ends_only_its_own_connection(world):
    live = world.start_live()
    with websocket(world) as bystander:
        resume(bystander, world.stream, 0)
        for message, code in NONSENSE:
            with websocket(world) as line:
                line.send(message)
                heard = listen(line, silence=5)
            assert (heard.items, heard.ended) == ([], code), message[:40]
        tell(world, threads=1, times=1)
        assert len(listen(bystander, most=1, silence=5).items) == 1
    assert live.is_alive
    assert "Traceback" not in live.log.read_text()


@pytest.mark.story
def test_a_flood_of_messages_ends_only_its_own_connection(world):
    live = world.start_live()
    before = resident(live)
    with websocket(world) as line:
        resume(line, world.stream, 0)
        with suppress(OSError, ConnectionClosed):
            for _ in range(20_000):
                line.send('{"ack": 1}')
        assert listen(line, silence=5).ended in (4400, 1006)  # who goes on talking is cut
    with websocket(world) as line:
        resume(line, world.stream, None)
        assert listen(line, most=1, silence=5).items[0]["type"] == "hello"
    assert resident(live) - before < 20 * MEGABYTE
