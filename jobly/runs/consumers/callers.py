"""Who is at the other end of a live connection, and whether they may stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from jobly.runs.rules.streams import may_read, stream_for, streams_of
from jobly.users.models import ApiKey, User, principal_for
from jobly.users.rules import Principal

Scope = Mapping[str, Any]
SCOPE = "runs"  # what a key needs to follow work


@dataclass(frozen=True, slots=True)
class Caller:
    """A live connection's credentials, kept so that rights can be asked for again."""

    cookie: str
    bearer: str
    origin: str
    host: str
    scheme: str

    def principal(self) -> Principal:
        """Say who this is now; anonymous once signed out, deactivated or revoked."""
        close_old_connections()
        if self.bearer:
            key = ApiKey.objects.for_text(self.bearer)
            return principal_for(key.user, key=key) if key else Principal.anonymous()
        request = HttpRequest()
        session_key = parse_cookie(self.cookie).get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore(session_key)
        user = get_user(request)
        return principal_for(user) if isinstance(user, User) else Principal.anonymous()

    @property
    def allowed_origin(self) -> str:
        """The one web origin that may read this connection's answers in a browser."""
        if settings.PUBLIC_URL:
            return str(settings.PUBLIC_URL)
        name, _, port = self.host.rpartition(":")
        if not port.isdigit():
            return f"{self.scheme}://{self.host}"
        return f"{self.scheme}://{name}:{int(port) - 1}"

    @property
    def comes_from_us(self) -> bool:
        """Whether a browser opened this from our own pages, or a program with a key did."""
        if self.origin:
            same = {self.allowed_origin, f"{self.scheme}://{self.host}"}
            return self.origin in same and self.known_host
        return bool(self.bearer) and self.known_host

    @property
    def known_host(self) -> bool:
        """Whether the Host header is one of ours."""
        name = urlsplit(f"//{self.host}").hostname or ""
        hosts = [host.strip("[]") for host in settings.ALLOWED_HOSTS]
        return name in hosts or "*" in hosts

    def may_follow(self, stream: str) -> bool:
        """Whether this caller may read the stream at this moment."""
        principal = self.principal()
        return principal.is_known and principal.has_scope(SCOPE) and may_read(principal, stream)

    def own_stream(self) -> str | None:
        """Name the stream one gets without asking for another; None for nobody."""
        principal = self.principal()
        if not principal.is_known or not principal.has_scope(SCOPE):
            return None
        if principal.user_id is not None:
            return stream_for(None, principal.user_id)
        return next(iter(streams_of(principal)), None)


may_follow = sync_to_async(Caller.may_follow, thread_sensitive=False)
own_stream = sync_to_async(Caller.own_stream, thread_sensitive=False)


def caller_of(scope: Scope) -> Caller:
    """Read the credentials out of an ASGI scope."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    word, _, text = headers.get("authorization", "").partition(" ")
    secure = scope.get("scheme") in {"https", "wss"}
    if settings.SECURE_PROXY_SSL_HEADER:
        secure = headers.get("x-forwarded-proto") == "https"
    return Caller(
        cookie=headers.get("cookie", ""),
        bearer=text.strip() if word.lower() == "bearer" else "",
        origin=headers.get("origin", ""),
        host=headers.get("host", ""),
        scheme="https" if secure else "http",
    )
