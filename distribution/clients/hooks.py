"""Tell one endpoint one event: a POST to an address people gave us, and what it answered."""

import time
from collections.abc import Mapping

import requests

from distribution.rules.telling import HEAD, TIMEOUT, Heard
from jobly import http
from jobly.logs import sanitise

ANSWER_BYTES = 64 << 10  # an endpoint has nothing to say but a status
ALL_PORTS = range(1, 1 << 16)


def post(url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Heard:
    """Send a signed event and return what came of it; redirects are not followed.

    `private`: the operator lets this address be on a private network. Never raises for what the
    other side does.
    """
    seconds = TIMEOUT.total_seconds()
    if private:
        session = http.outside(
            timeout=seconds, max_bytes=ANSWER_BYTES, ports=ALL_PORTS, allow=lambda _: True
        )
    else:
        session = http.outside(timeout=seconds, max_bytes=ANSWER_BYTES)
    began = time.monotonic()
    with session:
        try:
            answer = session.post(url, data=body, headers=dict(headers), allow_redirects=False)
        except requests.RequestException as problem:
            return _unheard(problem, _ms_since(began))
    return Heard(
        status=answer.status_code,
        head=_head_of(answer),
        retry_after=http.retry_after(answer),
        ms=_ms_since(began),
    )


def _unheard(problem: requests.RequestException, ms: int) -> Heard:
    """Say why there is no answer."""
    if isinstance(problem, http.AnswerTooLarge):
        status = problem.response.status_code if problem.response is not None else None
        return Heard(status=status, error="" if status else "it sent more than is taken", ms=ms)
    timed_out = isinstance(problem, requests.Timeout)
    wrong = http.classify(problem, idempotent=True, service="it")
    said = wrong.message.rstrip(".") if wrong is not None else "it could not be told"
    return Heard(error=said[:300], timed_out=timed_out, ms=ms)


def _head_of(answer: requests.Response) -> str:
    """Return how an answer begins, without what a log may not hold."""
    text = answer.content[: 2 * HEAD].decode("utf-8", "replace").replace("\x00", "")
    return str(sanitise(text))[:HEAD]


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
