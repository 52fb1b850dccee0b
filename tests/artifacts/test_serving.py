"""Downloads from the real web server: bounded memory, parts, heads, and clients that dawdle."""

import hashlib
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests

from jobly.artifacts.rules.links import bearer_of, sign
from jobly.artifacts.views import AT_ONCE_EACH
from jobly.embedded.instance import HOST
from jobly.users.rules import Principal
from tests.make import PASSWORD
from tests.real.ground import SECRET

pytestmark = pytest.mark.flow

LARGE = 200 << 20
PIECE = 1 << 20


@pytest.fixture
def file(tmp_path):
    """A file of 200 MB, whose end is not like its beginning."""
    path = tmp_path / "storage" / "raw" / "2026" / "01" / "02" / str(uuid4())
    path.parent.mkdir(parents=True)
    with path.open("wb") as out:
        for number in range(LARGE // PIECE):
            out.write(number.to_bytes(4, "big") * (PIECE // 4))
    return path


@pytest.fixture
def served(world, file, tmp_path):
    """The web server with that artifact: (process, link, a session that may follow it)."""
    place = tmp_path / "storage"
    web = world.start_web(STORAGE_URL=f"file://{place}")
    number, person = uuid4(), UUID(world.ground.people["user"])
    world.query(
        "INSERT INTO artifacts_artifact"
        " (id, path, sha256, size, content_type, kind, name, created_at)"
        " VALUES (%s, %s, %s, %s, 'application/octet-stream', 'raw', 'big.bin', now())"
        " RETURNING id",
        number,
        str(file.relative_to(place)),
        hashlib.sha256(file.read_bytes()).hexdigest(),
        LARGE,
    )
    companies = frozenset({UUID(world.company)})
    bearer = bearer_of(Principal(person, False, companies, companies, None))
    until = datetime.now(UTC) + timedelta(minutes=10)
    token = sign(number, bearer=bearer, expires_at=until, key=SECRET)
    with requests.Session() as session:
        base = f"http://{HOST}:{world.port}"
        session.get(f"{base}/login/", timeout=20)
        form = {"username": "recruiter@acme.example", "password": PASSWORD}
        form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
        answer = session.post(f"{base}/login/", data=form, timeout=20, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        yield web, f"{base}/files/{token}/", session


def test_it_is_streamed_in_bounded_memory_and_in_parts(served, file):
    web, link, session = served
    head = session.head(link, timeout=20)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(LARGE))
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.content == b""
    before = sum(web.peaks().values())
    found, size = hashlib.sha256(), 0
    with session.get(link, stream=True, timeout=20) as answer:
        for piece in answer.iter_content(PIECE):
            found.update(piece)
            size += len(piece)
    assert size == LARGE
    assert f'"{found.hexdigest()}"' == answer.headers["ETag"]
    assert sum(web.peaks().values()) - before < 48 << 20
    part = session.get(link, headers={"Range": f"bytes={LARGE - 5}-"}, timeout=20)
    assert (part.status_code, part.content) == (206, file.read_bytes()[-5:])
    assert part.headers["Content-Range"] == f"bytes {LARGE - 5}-{LARGE - 1}/{LARGE}"
    gone = session.get(link, headers={"Range": f"bytes={LARGE}-"}, timeout=20)
    assert (gone.status_code, gone.headers["Content-Range"]) == (416, f"bytes */{LARGE}")
    known = session.get(link, headers={"If-None-Match": answer.headers["ETag"]}, timeout=20)
    assert (known.status_code, known.content) == (304, b"")
    assert requests.get(link, timeout=20).status_code == 404


def test_clients_that_read_nothing_cost_little_and_others_are_served(served, world):
    web, link, session = served
    cookies = "; ".join(f"{c.name}={c.value}" for c in session.cookies)
    path = link.removeprefix(f"http://{HOST}:{world.port}")
    asked = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookies}\r\n\r\n".encode()
    before = sum(web.peaks().values())
    with ExitStack() as stack:
        answers = []
        for _ in range(20):
            dawdler = stack.enter_context(socket.create_connection((HOST, world.port), timeout=20))
            dawdler.sendall(asked)
            answers.append(dawdler.recv(12))
        assert answers == [b"HTTP/1.1 200"] * AT_ONCE_EACH + [b"HTTP/1.1 429"] * (20 - AT_ONCE_EACH)
        time.sleep(1)  # what a server reads ahead it has read by now
        assert sum(web.peaks().values()) - before < 64 << 20
        for _ in range(20):
            assert requests.get(f"http://{HOST}:{world.port}/health", timeout=10).ok

    def is_free_again():
        with session.get(link, stream=True, timeout=20) as answer:
            return answer.ok

    world.until(is_free_again, "the places are free again")
