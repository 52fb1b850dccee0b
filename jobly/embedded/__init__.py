"""PostgreSQL and Valkey as children of this program, and where an instance keeps its things."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jobly.embedded.keys import Secrets, secrets_for

__all__ = ["Addresses", "Secrets", "addresses", "secrets_for"]

# sun_path holds 107 bytes on Linux and 103 on macOS; the longest name is pg/.s.PGSQL.5432.lock
LONGEST_SOCKET_DIRECTORY = 103 - len("/pg/.s.PGSQL.5432.lock")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Every path and URL of one instance, all derived from its directory."""

    var: Path
    sockets: Path
    postgres_data: Path
    postgres_sockets: Path
    valkey_data: Path
    valkey_socket: Path
    logs: Path
    database_url: str
    valkey_url: str


def addresses(var: Path) -> Addresses:
    """Say where the instance below `var` lives; touches nothing and always answers the same."""
    var = Path(var).expanduser().resolve()
    sockets = var / "run"
    if len(bytes(sockets)) > LONGEST_SOCKET_DIRECTORY:
        sockets = Path("/tmp") / f"jobly-{fingerprint(var)}"  # noqa: S108 - made 0700 and checked
    return Addresses(
        var=var,
        sockets=sockets,
        postgres_data=var / "postgres",
        postgres_sockets=sockets / "pg",
        valkey_data=var / "valkey",
        valkey_socket=sockets / "valkey.sock",
        logs=var / "log",
        database_url=f"postgres://jobly@/jobly?host={quote(str(sockets / 'pg'))}",
        valkey_url=f"unix://{quote(str(sockets / 'valkey.sock'))}",
    )


def fingerprint(path: Path) -> str:
    """Name a path in sixteen characters."""
    return hashlib.sha256(bytes(path)).hexdigest()[:16]
