"""Who may see and do what, as values: roles, scopes and the principal of a request."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

SCOPES = (
    "jobs:read",
    "jobs:write",
    "distributions:read",
    "distributions:write",
    "matching",
    "analytics:read",
    "analytics:write",
    "notifications",
    "runs",
)
WRITING_ROLES = frozenset({"owner", "recruiter"})
KEY_BYTES = 32  # of randomness in the secret part
PREFIX_LENGTH = 8  # characters, public, to find the row by
KEY_SHAPE = re.compile(r"jb_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: a person, a program with a key, or nobody.

    `company_ids` may be read, `writable_ids` changed. `scopes` is None for a signed-in person,
    who may do everything the roles allow.
    """

    user_id: UUID | None
    is_staff: bool
    company_ids: frozenset[UUID]
    writable_ids: frozenset[UUID]
    scopes: frozenset[str] | None

    @classmethod
    def anonymous(cls) -> "Principal":
        """Return the principal of a request that says nothing about itself."""
        return cls(
            user_id=None,
            is_staff=False,
            company_ids=frozenset(),
            writable_ids=frozenset(),
            scopes=frozenset(),
        )

    @property
    def is_known(self) -> bool:
        """Whether there is a person or a key behind the request."""
        return self.user_id is not None or bool(self.company_ids)

    def has_scope(self, scope: str) -> bool:
        """Whether a route that needs `scope` is open to this principal."""
        return self.scopes is None or scope in self.scopes

    def may_write(self, company_id: UUID | None) -> bool:
        """Whether rows of this company may be changed; the public catalogue is the staff's."""
        return self.is_staff or (company_id is not None and company_id in self.writable_ids)


@dataclass(frozen=True, slots=True)
class Holder:
    """An active person, or a usable key: a person's (`scopes`), or a company's (`company_id`)."""

    user_id: UUID
    is_staff: bool
    company_id: UUID | None
    scopes: frozenset[str] | None


def principal_of_roles(holder: Holder, roles: Mapping[UUID, str]) -> Principal:
    """Say what somebody with these roles may see and change, company by company."""
    if holder.company_id is not None:
        roles = {company: role for company, role in roles.items() if company == holder.company_id}
    as_person = holder.company_id is None
    return Principal(
        user_id=holder.user_id if as_person else None,
        is_staff=holder.is_staff and as_person,
        company_ids=frozenset(roles),
        writable_ids=frozenset(c for c, role in roles.items() if role in WRITING_ROLES),
        scopes=holder.scopes,
    )


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the words that are no scope of ours, in the order given."""
    return [scope for scope in scopes if scope not in SCOPES]


def new_key() -> tuple[str, str, str]:
    """Return a fresh key as (whole key, prefix, digest); only the last two are ever stored."""
    prefix = "".join(
        secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(PREFIX_LENGTH)
    )
    secret = secrets.token_urlsafe(KEY_BYTES)
    return f"jb_{prefix}_{secret}", prefix, digest(secret)


def digest(secret: str) -> str:
    """Hash the secret part of a key; plain SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def split_key(text: str) -> tuple[str, str] | None:
    """Split `jb_<prefix>_<secret>` into prefix and secret, or return None."""
    found = KEY_SHAPE.fullmatch(text)
    return (found[1], found[2]) if found else None
