"""Secrets an instance makes for itself on first use."""

import base64
import contextlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs sessions and encrypts fields; the first field key writes, all of them read."""

    secret_key: str
    field_encryption_keys: tuple[str, ...]


def secrets_for(var: Path) -> Secrets:
    """Read the secrets of the instance below `var`; make them when there are none.

    Two processes that start at once get the same secrets.
    """
    path = Path(var).expanduser().resolve() / "secrets.json"
    if not path.exists():
        _create(path)
    kept = json.loads(path.read_text())
    return Secrets(kept["SECRET_KEY"], tuple(kept["FIELD_ENCRYPTION_KEYS"]))


def save_secrets(var: Path, changed: Secrets) -> None:
    """Replace the secrets of the instance below `var` in one step."""
    path = Path(var).expanduser().resolve() / "secrets.json"
    _write(path, changed).replace(path)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    field_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    fresh = _write(path, Secrets(secrets.token_urlsafe(64), (field_key,)))
    # A link never replaces: whoever comes second keeps the first one's secrets.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def _write(path: Path, content: Secrets) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # made 0600
    with os.fdopen(handle, "w") as file:
        json.dump(
            {
                "SECRET_KEY": content.secret_key,
                "FIELD_ENCRYPTION_KEYS": list(content.field_encryption_keys),
            },
            file,
            indent=1,
        )
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
