"""What can go wrong, by kind: the one table that views, commands and runs decide by."""

from datetime import datetime, timedelta
from typing import Any, ClassVar


class JoblyError(Exception):
    """Carry a message for people, a stable code for programs and the HTTP status it maps to.

    `context` holds small JSON values (ids, limits); `fields` maps a field name to its messages.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, fields: dict[str, list[str]] | None = None, **context: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}
        self.context = context


class Rejected(JoblyError):
    """The input can never work: fix it. A run fails."""

    code = "rejected"
    status = 400


class Forbidden(Rejected):
    """The caller is known and may not do this."""

    code = "permission_denied"
    status = 403


class Conflict(JoblyError):
    """The row moved on: reload and decide again. A run fails."""

    code = "conflict"
    status = 409


class Unavailable(JoblyError):
    """Surely not accepted and worth another try later. A run retries by its policy.

    `retry_after` is a lower bound for the next try.
    """

    code = "unavailable"
    status = 503

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, **context: Any
    ) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after


class Deferred(Unavailable):
    """Not now, by our own rule (rate limit, open breaker, parked channel). Uses no attempt."""

    code = "deferred"

    def __init__(self, message: str, *, until: datetime, **context: Any) -> None:
        super().__init__(message, **context)
        self.until = until


class Unknown(Unavailable):
    """The request may have been accepted: reconcile before anything is sent again."""

    code = "unknown_outcome"


class AuthExpired(Unavailable):
    """The token was refused: refresh once under a lock, then go on. Uses no attempt."""

    code = "auth_expired"


class TooMany(Unavailable):
    """The caller asks too often or too much is queued; `retry_after` says when to come back."""

    code = "too_many_requests"
    status = 429
