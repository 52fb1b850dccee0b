"""Who is at the other end of a live connection, and what they may read now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from jobly.runs.rules.streams import is_stream, may_read, stream_for, streams_of
from jobly.users.models import ApiKey, User, principals_for
from jobly.users.rules import Holder, Principal

Scope = Mapping[str, Any]
SCOPE = "runs"  # what a key needs to follow work


@dataclass(frozen=True, slots=True)
class Caller:
    """A live connection's credentials, kept so that rights can be asked for again."""

    session: str
    bearer: str
    origin: str
    host: str
    scheme: str

    @property
    def allowed_origin(self) -> str:
        """The one web origin that may read this connection's answers in a browser."""
        if settings.PUBLIC_URL:
            return str(settings.PUBLIC_URL)
        name, _, port = self.host.rpartition(":")
        if not port.isdecimal():
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


def caller_of(scope: Scope) -> Caller:
    """Read the credentials out of an ASGI scope."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    word, _, text = headers.get("authorization", "").partition(" ")
    secure = scope.get("scheme") in {"https", "wss"}
    if settings.SECURE_PROXY_SSL_HEADER:
        secure = headers.get("x-forwarded-proto") == "https"
    cookies = parse_cookie(headers.get("cookie", ""))
    return Caller(
        session=cookies.get(settings.SESSION_COOKIE_NAME, ""),
        bearer=text.strip() if word.lower() == "bearer" else "",
        origin=headers.get("origin", ""),
        host=headers.get("host", ""),
        scheme="https" if secure else "http",
    )


def may_follow(principal: Principal, stream: str) -> bool:
    """Whether somebody may read a stream."""
    return _may_follow_any(principal) and is_stream(stream) and may_read(principal, stream)


def own_stream(principal: Principal) -> str | None:
    """Name the stream one gets without asking for another; None for nobody."""
    if not _may_follow_any(principal):
        return None
    if principal.user_id is not None:
        return stream_for(None, principal.user_id)
    return next(iter(streams_of(principal)), None)


def _may_follow_any(principal: Principal) -> bool:
    return principal.is_known and principal.has_scope(SCOPE)


def principals(callers: Collection[Caller]) -> dict[Caller, Principal]:
    """Say who each of many is at this moment, by four queries for all of them.

    Who signed out, was deactivated or came with a key that was revoked is anonymous.
    """
    keys = ApiKey.objects.holders({caller.bearer for caller in callers if caller.bearer})
    people = _signed_in({caller.session for caller in callers if not caller.bearer})
    holders = {
        caller: keys.get(caller.bearer) if caller.bearer else people.get(caller.session)
        for caller in callers
    }
    found = principals_for({holder for holder in holders.values() if holder})
    nobody = Principal.anonymous()
    return {caller: found[holder] if holder else nobody for caller, holder in holders.items()}


def _signed_in(sessions: Collection[str]) -> dict[str, Holder]:
    """Return the people of these sessions, as Django's `get_user` does for one."""
    if not any(sessions):
        return {}
    rows = Session.objects.filter(session_key__in=sessions, expire_date__gt=Now())
    claims = {key: _claim(data) for key, data in rows.values_list("session_key", "session_data")}
    ids = {user_id for user_id, _ in claims.values() if user_id}
    people = {str(user.pk): user for user in User.objects.filter(pk__in=ids, is_active=True)}
    return {
        session: Holder(people[user_id].pk, people[user_id].is_staff, None, None)
        for session, (user_id, proof) in claims.items()
        if user_id in people and _is_proof(people[user_id], proof)
    }


@lru_cache(maxsize=4096)
def _claim(session_data: str) -> tuple[str, str]:
    """Return whose session it says it is and the proof of it; the text decides, so it is kept."""
    content = SessionStore().decode(session_data)
    if content.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return "", ""
    return str(content.get(SESSION_KEY, "")), str(content.get(HASH_SESSION_KEY, ""))


def _is_proof(user: User, proof: str) -> bool:
    """Whether a session was made with the password that the person has now."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(proof, known) for known in hashes)
