"""The walking of pages: one call after the other, each answer yielded as it came.

What every source's module shares: the way out, the bounds of one answer, what of a request and
its answer is kept, and which error each failure is. Nothing is parsed here but what says where the
next page is; a body that cannot be parsed is yielded all the same.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import requests

from ingestion.errors import SourceRefused, Throttled
from ingestion.rules.asking import Wish
from ingestion.rules.entries import Entry
from ingestion.rules.paging import Position, Told, whole
from jobly import http
from jobly.errors import AuthExpired, JoblyError, Rejected
from jobly.http import AnswerTooLarge, Session
from jobly.logs import sanitise

if TYPE_CHECKING:
    from .pages import Site

PAGE_BYTES = 64 << 20  # of one answer, unpacked; the largest boards have a tenth
#: headers of an answer that are kept: what it is, how old, and what it says about quotas
KEPT_HEADERS = frozenset(
    "content-type content-length date etag last-modified retry-after link x-total-count "
    "x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset x-ratelimit-requests-limit "
    "x-ratelimit-requests-remaining x-ratelimit-requests-reset".split()
)
HEADER_CHARS = 300


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: what is kept of it, and beside it the secrets, which are not.

    `cost`: how many calls of the quota it counts as.
    """

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    cost: int = 1
    secret_params: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def method(self) -> str:
        """GET, or POST where a body is sent."""
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True)
class Link:
    """A source as a client sees it: where it is, what opens it, and who is asked before each call.

    `gate` is called with the cost of a call before it goes out, and may raise what stops the walk.
    `supplied`: the address came from a feed or a form, so it must be a public one.
    `site`: the visit under way, where pages of a site are asked for.
    """

    base_url: str
    timeout: timedelta
    gate: Callable[[int], None]
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    supplied: bool = False
    site: "Site | None" = None

    def secret(self, name: str) -> str:
        """Return a credential; empty where there is none."""
        return str(self.credentials.get(name) or "")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer as it came, and what it told; the raw bytes of a page are never touched.

    `key` is the same for the same question. `unchanged`: the source said 304, there is no body.
    `is_list`: what it lists has to be asked for one by one. `listed`: its entries, where the
    client has read them already. `learned`: settings that proved right and save a call next time.
    """

    body: bytes
    request: dict[str, Any]
    key: str
    status: int
    headers: dict[str, str]
    milliseconds: int
    calls: int = 1
    told: Told = field(default_factory=Told)
    is_list: bool = False
    listed: Sequence[Entry] | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether nothing changed since the answer whose validators were sent."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def sha256(self) -> str:
        """The hash of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def validators(self) -> dict[str, str]:
        """ETag and Last-Modified with the question they belong to, to ask with the next time."""
        names = [name for name in ("etag", "last-modified") if name in self.headers]
        if not names:
            return {}
        return {"key": self.key} | {name: self.headers[name] for name in names}

    @property
    def is_web_page(self) -> bool:
        """Whether the answer says it is HTML."""
        return "html" in self.headers.get("content-type", "")

    @property
    def name(self) -> str:
        """Name the answer as a file, by what it says it is."""
        kind = self.headers.get("content-type", "")
        if self.is_web_page:
            return "page.html"
        return "answer.xml" if "xml" in kind or "rss" in kind else "answer.json"


def walk(
    link: Link,
    wish: Wish,
    ask: Callable[[Position], Ask],
    after: Callable[[Position, Any], Told] = whole,
    *,
    start: Position | None = None,
) -> Iterator[Page]:
    """Ask for page after page from where the wish says, until a page names no next one.

    `ask` makes the request of a position, `after` reads what its answer tells.
    Raises: what `send` raises.
    """
    position: Position | None = wish.position or start or {}
    validators = {} if wish.position else wish.validators
    with opened(link) as session:
        while position is not None:
            response, page = send(session, link, ask(position), validators)
            told = after(position, document(response)) if not page.unchanged else Told()
            if told.refusal:
                raise SourceRefused(
                    f"The source answered with an error: {told.refusal[:SAID_CHARS]}."
                )
            yield replace(page, told=told)
            position, validators = told.next, {}


def send(
    session: Session, link: Link, ask: Ask, validators: Mapping[str, str]
) -> tuple[requests.Response, Page]:
    """Send one request through the gate and keep what came.

    Raises: what the gate raises; SourceRefused, Throttled, Unavailable, Rejected.
    """
    request = {"method": ask.method, "url": f"{link.base_url}{ask.path}", **_kept(ask)}
    key = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
    headers = dict(ask.secret_headers) | _conditions(validators, key)
    link.gate(ask.cost)
    target = ask.path or link.base_url
    began = time.monotonic()
    try:
        response = session.request(
            ask.method,
            target,
            params={**ask.params, **ask.secret_params},
            json=ask.body,
            headers=headers,
        )
    except requests.RequestException as exc:
        raise _failure(exc) from exc
    took = round((time.monotonic() - began) * 1000)
    _check(response)
    found = {
        name.lower(): value[:HEADER_CHARS]
        for name, value in response.headers.items()
        if name.lower() in KEPT_HEADERS
    }
    return response, Page(
        response.content, request, key, response.status_code, found, took, calls=ask.cost
    )


def _conditions(validators: Mapping[str, str], key: str) -> dict[str, str]:
    """Return the headers that ask only for what changed since the answer to the same question."""
    if validators.get("key") != key:
        return {}
    asked = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    return {name: validators[known] for name, known in asked.items() if validators.get(known)}


def document(response: requests.Response) -> Any:
    """Parse an answer's JSON; None where it is none, for whoever stores it finds that out."""
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def opened(link: Link) -> Session:
    """Open the way to a source: the operator's address, or a supplied one that must be public."""
    seconds = link.timeout.total_seconds()
    if link.supplied:
        return http.outside(timeout=seconds, max_bytes=PAGE_BYTES)
    return http.configured(link.base_url, timeout=seconds, max_bytes=PAGE_BYTES)


def _kept(ask: Ask) -> dict[str, Any]:
    """Return the parameters and the body of a request, as far as they are worth a word."""
    found: dict[str, Any] = {}
    if ask.params:
        found["params"] = {name: str(value) for name, value in sorted(ask.params.items())}
    if ask.body is not None:
        found["body"] = dict(ask.body)
    return found


def _failure(exc: requests.RequestException) -> JoblyError:
    """Say what a call without an answer means; what would come again is not tried again."""
    if isinstance(exc, AnswerTooLarge):
        most = PAGE_BYTES >> 20
        return SourceRefused(
            f"The source sent more than {most} MB in one answer; reading stopped there.",
            code="answer_too_large",
        )
    if isinstance(exc, requests.TooManyRedirects):
        return SourceRefused(
            "The source led to another place, or in circles; its address may have changed.",
            code="redirected",
        )
    return http.classify(exc, idempotent=True) or Rejected("This cannot be asked as it is.")


def _check(response: requests.Response) -> None:
    """Raise the error a status stands for.

    Raises: SourceRefused for 401, 403, 404 and other refusals; Throttled; Unavailable.
    """
    status = response.status_code
    if status == requests.codes.too_many_requests:
        raise Throttled(
            "The source asks for a pause (429).",
            retry_after=http.retry_after(response),
            status=status,
            said=said(response),
            left=response.headers.get("x-ratelimit-requests-remaining", ""),
        )
    error = http.classify(response, idempotent=True)
    if error is None:
        return
    if isinstance(error, AuthExpired | Rejected):
        words = said(response)
        told = f" It says: “{words}”." if words else ""
        raise SourceRefused(
            f"{_REFUSALS.get(status, f'The source refused the request ({status}).')}{told}",
            code=_CODES.get(status, "source_refused"),
            status=status,
        )
    raise error


_CODES = {401: "credentials_refused", 403: "forbidden", 404: "not_there", 410: "not_there"}
_REFUSALS = {
    401: "The source refused the credentials (401). Set them again.",
    403: "The source forbids it (403): the key, the plan or this address is not let in.",
    404: "There is nothing at this address (404): look whether the board was renamed or closed.",
    410: "What was at this address is gone (410).",
}
SAID_CHARS = 200


def said(response: requests.Response) -> str:
    """Return the message of a JSON answer; empty where it has none."""
    found = document(response)
    if not isinstance(found, dict):
        return ""
    for name in ("message", "error", "detail", "doc"):
        value = found.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value:
            return str(sanitise(" ".join(value.split())))[:SAID_CHARS]
    return ""
