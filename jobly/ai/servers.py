"""The model server an operator configured, and the door through which it is spoken to."""

import logging
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from django.conf import settings

from jobly import http
from jobly.errors import JoblyError

if TYPE_CHECKING:
    import httpx2
    import openai

MAX_BYTES = 4 << 20  # of an answer: some dozens of embeddings of 3,072 numbers
UNSENT = frozenset({"connection", "host", "transfer-encoding", "accept-encoding", "user-agent"})


@dataclass(frozen=True, slots=True)
class Server:
    """One model server: `timeout` is the deadline of a whole call, in seconds."""

    base_url: str
    key: str = field(repr=False)
    timeout: float = 30.0

    @property
    def host(self) -> str:
        """What people know it by."""
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def breaker(self) -> str:
        """Name its breaker: one for an address and a key."""
        return f"ai:{sha256(f'{self.base_url} {self.key}'.encode()).hexdigest()[:16]}"


def configured_server() -> Server | None:
    """Return the server the settings name; None without a key, when our own rules do the work."""
    if not settings.OPENAI_API_KEY:
        return None
    return Server(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)


class Line:
    """One call to a server by the library, through our own way out.

    The library speaks over a transport that has no deadline for a whole call and no bound on an
    answer; `jobly.http` has both, and keeps to the configured address.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answer: requests.Response | None = None
        self.failure: requests.RequestException | None = None

    def problem(self) -> JoblyError | None:
        """Say what kind of failure the exchange was; None for an answer to be read."""
        outcome = self.failure if self.answer is None else self.answer
        if outcome is None:
            return None
        # a 5xx says that nothing was answered; any other loss may have been worked on, and billed
        idempotent = self.answer is not None
        return http.classify(outcome, idempotent=idempotent, service=self.server.host)

    def client(self) -> "openai.OpenAI":
        """Return the library's client on this line; it never tries twice by itself."""
        import httpx2  # noqa: PLC0415 # a second to import, and most processes never ask
        import openai  # noqa: PLC0415

        for name in ("openai", "httpx2", "httpcore2"):  # at debug they log what is sent
            logging.getLogger(name).setLevel(logging.WARNING)
        line = self

        class Transport(httpx2.BaseTransport):
            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                return line.exchange(request)

        return openai.OpenAI(
            api_key=self.server.key,
            base_url=self.server.base_url,
            max_retries=0,
            timeout=self.server.timeout,
            http_client=httpx2.Client(transport=Transport(), trust_env=False),
        )

    def exchange(self, request: "httpx2.Request") -> "httpx2.Response":
        """Send what the library prepared, by our session."""
        import httpx2  # noqa: PLC0415

        server = self.server
        with http.configured(
            server.base_url, timeout=server.timeout, max_bytes=MAX_BYTES
        ) as session:
            headers = {k: v for k, v in request.headers.items() if k.lower() not in UNSENT}
            try:
                self.answer = session.request(
                    request.method, str(request.url), data=request.read(), headers=headers
                )
            except requests.RequestException as failure:
                self.failure = failure
                raise
        kept = {"content-type": self.answer.headers.get("Content-Type", "")}
        return httpx2.Response(
            self.answer.status_code, headers=kept, content=self.answer.content, request=request
        )


def why_unreachable(server: Server) -> str:
    """Ask a server for the list of its models; say in a line why that fails, "" when it does not.

    Servers that keep no such list (404) are there all the same.
    """
    with http.configured(server.base_url, timeout=5.0, max_bytes=MAX_BYTES) as session:
        session.headers["Authorization"] = f"Bearer {server.key}"
        try:
            answer = session.get("/models")
        except requests.RequestException as failure:
            problem = http.classify(failure, idempotent=True, service=server.host)
        else:
            if answer.status_code == requests.codes.not_found:
                return ""
            problem = http.classify(answer, idempotent=True, service=server.host)
    return problem.message if problem else ""
