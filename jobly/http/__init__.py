"""The two ways out: `configured` for base URLs of an operator, `outside` for everybody else's.

Both return sessions that raise plain requests exceptions; `classify` turns an outcome into one of
our errors.
"""

import re
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import orjson
import requests
from requests import exceptions as broken

from jobly.errors import AuthExpired, JoblyError, Rejected, Unavailable, Unknown
from jobly.logs import sanitise

from . import connections
from .addresses import Allow, Resolve, is_public, look_up
from .connections import Adapter, AddressRefused, AnswerTooLarge, Door, RedirectRefused

__all__ = [
    "AddressRefused",
    "AnswerTooLarge",
    "RedirectRefused",
    "Session",
    "base_of",
    "classify",
    "configured",
    "never_sent",
    "object_of",
    "outside",
    "retry_after",
]

MAX_BYTES = 8 << 20  # of a body, after decompression
MAX_REDIRECTS = 3
MAX_RETRY_AFTER = timedelta(hours=1)
EXCERPT = 200  # characters of an answer kept beside an error
USER_AGENT = "Jobly/0.1"
DEFAULT_PORTS = {"http": 80, "https": 443}
ODD = re.compile(r"[\\\x00-\x20\x7f]")  # read differently by different parsers
TRY_AGAIN = frozenset({408, 409, 425, 429})  # not accepted, but may be the next time

# What may follow a redirect to another origin; tokens hide in headers of any name: the rest goes.
HARMLESS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "content-type",
        "if-modified-since",
        "if-none-match",
        "user-agent",
    }
)

# What a failure is called in a line for people, when the request may have arrived.
FAILURES = (
    (AnswerTooLarge, "sent more than is taken"),
    (RedirectRefused, "pointed to a place that is not asked"),
    (broken.TooManyRedirects, "redirects without end"),
    (broken.ReadTimeout, "did not answer in time"),
    (broken.JSONDecodeError, "sent an answer that cannot be read"),
    (broken.ContentDecodingError, "sent an answer that cannot be unpacked"),
)


def configured(origin: str, *, timeout: float = 20.0, max_bytes: int = MAX_BYTES) -> "Session":
    """Open a session to the base URL an operator set: that scheme, host, port and path prefix only.

    Paths that begin with `/` are appended to the base URL. Redirects inside it are followed.
    Raises: Rejected when `origin` is no base URL.
    """
    base, why_not = base_of(origin)
    return Session(Door(timeout, max_bytes, why_not, look_up, lambda _: True), base=base)


def base_of(origin: str) -> tuple[str, Callable[[str], str]]:
    """Return a base URL as paths are appended to it, and what says why a URL is not under it.

    Raises: Rejected when `origin` is no base URL.
    """
    base = _split(origin)
    if base is None or base.scheme not in DEFAULT_PORTS or "@" in base.netloc or base.query:
        raise Rejected("A base URL looks like https://host[:port][/path].")
    whole = f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}"
    return whole, partial(_why_not_under, base)


def outside(
    *,
    timeout: float = 20.0,
    max_bytes: int = MAX_BYTES,
    ports: Collection[int] = (80, 443),
    resolve: Resolve | None = None,
    allow: Allow | None = None,
) -> "Session":
    """Open a session for URLs that a user or a feed supplied.

    Only http(s) to public addresses on usual ports; the name is looked up once and the connection
    goes to that very address; at most three redirects, each checked; cookies are not kept.
    """
    check = partial(_why_not_outside, frozenset(ports))
    session = Session(Door(timeout, max_bytes, check, resolve or look_up, allow or is_public))
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return session


class Session(requests.Session):
    """A `requests.Session` behind a door: total deadline, byte cap, no proxies, checked addresses.

    Bodies are read before the call returns. A smaller `timeout=` narrows the deadline of one call.
    Raises what requests raises, and AddressRefused, RedirectRefused and AnswerTooLarge.
    """

    def __init__(self, door: Door, *, base: str = "") -> None:
        super().__init__()
        self.trust_env = False  # no proxies, no .netrc
        self.max_redirects = MAX_REDIRECTS
        self.headers["User-Agent"] = USER_AGENT
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self._door = door
        self._base = base
        for scheme in DEFAULT_PORTS:
            self.mount(f"{scheme}://", Adapter(door))

    def through(self, proxy: str) -> "Session":
        """Return this way out led through an http proxy of the operator's.

        Names are looked up and checked here as before, and looked up once more by the proxy.
        """
        session = Session(replace(self._door, proxy=proxy), base=self._base)
        session.cookies.set_policy(self.cookies.get_policy())
        return session

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Prepare and send one call; a path is taken from the base URL."""
        if self._base and isinstance(url, str) and url.startswith("/"):
            url = self._base + url
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one call, or, when requests calls back for a redirect, its next hop."""
        if connections.deadline.get():
            return self._follow(request, **kwargs)
        if why := self._door.check(request.url or ""):
            raise AddressRefused(why, request=request)
        asked = kwargs.get("timeout")
        seconds = asked if isinstance(asked, int | float) else self._door.timeout
        token = connections.deadline.set(time.monotonic() + min(seconds, self._door.timeout))
        try:
            return super().send(request, **kwargs)
        except requests.RequestException:
            raise
        except ValueError as exc:  # requests lets a malformed Location through
            raise RedirectRefused("The answer points to no valid address.") from exc
        finally:
            connections.deadline.reset(token)

    def _follow(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send the next hop, whose refusal must not look as if nothing had been sent."""
        if why := self._door.check(request.url or ""):
            raise RedirectRefused(why, request=request)
        try:
            return super().send(request, **kwargs)
        except AddressRefused as exc:
            raise RedirectRefused(str(exc), request=request) from exc

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Leave every credential behind when a redirect crosses to another origin."""
        if _origin(prepared_request.url or "") == _origin(response.url):
            return
        for name in list(prepared_request.headers):
            if name.lower() not in HARMLESS:
                del prepared_request.headers[name]


def object_of(response: requests.Response) -> dict[str, Any]:
    """Parse a body that must be one JSON object.

    Raises: requests.JSONDecodeError for anything else, which `classify` takes for a cut body.
    """
    try:
        found = orjson.loads(response.content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as exc:
        raise requests.JSONDecodeError("not JSON", "", 0) from exc
    if not isinstance(found, dict):
        raise requests.JSONDecodeError("not a JSON object", "", 0)
    return found


def classify(
    outcome: requests.Response | requests.RequestException, *, idempotent: bool, service: str = ""
) -> JoblyError | None:
    """Turn an answer or a failure into the error a run decides by; None for 2xx and 3xx.

    `idempotent`: the same call may be sent again without harm; if not, whatever may have been
    accepted is Unknown. `service` names the other side for people (default: its host).
    """
    if isinstance(outcome, requests.Response):
        return _of_answer(outcome, service or _host(outcome.url), idempotent=idempotent)
    service = service or _host(outcome.request.url if outcome.request is not None else "")
    if isinstance(outcome, AddressRefused):
        return Rejected(str(outcome), service=service)
    doubtful = Unavailable if idempotent else Unknown
    for kind, words in FAILURES:
        if isinstance(outcome, kind):
            return doubtful(f"{service} {words}.", service=service)
    if connections.was_never_sent(outcome):
        return Unavailable(f"{service} could not be reached.", service=service)
    if isinstance(outcome, ValueError):  # as requests marks what is wrong on our side
        return Rejected("This request cannot be sent as it is.", service=service)
    return doubtful(f"{service} cut the connection.", service=service)


def _of_answer(answer: requests.Response, service: str, *, idempotent: bool) -> JoblyError | None:
    """Turn a status code into an error."""
    status = answer.status_code
    if status < requests.codes.bad_request:
        return None
    context: dict[str, Any] = {"service": service, "status": status, "excerpt": _excerpt(answer)}
    if status == requests.codes.unauthorized:
        return AuthExpired(f"{service} refused the credentials (401).", **context)
    wait = retry_after(answer)
    if status in TRY_AGAIN:
        return Unavailable(f"{service} asked to try later ({status}).", retry_after=wait, **context)
    if status < requests.codes.internal_server_error:
        return Rejected(f"{service} refused the request ({status}).", **context)
    kind = Unavailable if idempotent else Unknown
    return kind(f"{service} failed to answer ({status}).", retry_after=wait, **context)


def never_sent(problem: requests.RequestException) -> bool:
    """Whether a call surely failed before its request left: no name, no connection, no proxy."""
    return connections.was_never_sent(problem)


def retry_after(answer: requests.Response) -> timedelta | None:
    """Read Retry-After, in seconds or as a date, between nothing and an hour; None if absent."""
    text = answer.headers.get("Retry-After", "").strip()[:64]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        wait = timedelta(seconds=min(float(text), MAX_RETRY_AFTER.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(text) - _time_of(answer)
        except (ValueError, TypeError, OverflowError):  # not a date; a date without zone
            return None
    return min(max(wait, timedelta()), MAX_RETRY_AFTER)


def _time_of(answer: requests.Response) -> datetime:
    """Return what time it was for who answered; ours where that is not said. Raises: ValueError."""
    said = answer.headers.get("Date", "")
    return parsedate_to_datetime(said) if said else datetime.now(UTC)


def _excerpt(answer: requests.Response) -> str:
    """Return the beginning of a textual body without what a log may not hold."""
    kind = answer.headers.get("Content-Type", "").lower()
    if not ("json" in kind or "xml" in kind or kind.startswith("text/")):
        return ""
    text = answer.content[: 4 * EXCERPT].decode("utf-8", "replace")
    return str(sanitise(" ".join(text.split())))[:EXCERPT]


def _host(url: str | None) -> str:
    """Return the host of a URL, to name a service nobody named."""
    parts = _split(url or "")
    return (parts.hostname if parts else None) or "The service"


def _split(url: str) -> SplitResult | None:
    """Split a URL; None when it has no host or no valid port, or hides something."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0 or ODD.search(url):
            return None
    except ValueError:
        return None
    return parts


def _origin(url: str | SplitResult) -> tuple[str, str, int | None]:
    """Return scheme, host and effective port."""
    parts = urlsplit(url) if isinstance(url, str) else url
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)


def _why_not_outside(ports: Collection[int], url: str) -> str:
    """Say in a line why a supplied URL may not be asked; empty when it may."""
    parts = _split(url)
    if parts is None:
        return "This is not a valid web address."
    if parts.scheme not in DEFAULT_PORTS:
        return "Only http and https addresses are fetched."
    if "@" in parts.netloc:
        return "An address with a user name in it is not fetched."
    if _origin(parts)[2] not in ports:
        return f"Port {parts.port} is not fetched."
    return ""


def _why_not_under(base: SplitResult, url: str) -> str:
    """Say in a line why a URL is not under the configured base; empty when it is."""
    parts = _split(url)
    if parts is None or _origin(parts) != _origin(base) or "@" in parts.netloc:
        return f"This connection goes to {base.hostname} only."
    prefix = base.path.rstrip("/") + "/"
    path = unquote(parts.path) + "/"
    if not path.startswith(prefix) or "/../" in path:
        return f"This connection goes to paths under {prefix} only."
    return ""
