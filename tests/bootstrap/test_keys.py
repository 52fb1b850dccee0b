"""Secrets an instance makes for itself."""

from concurrent.futures import ThreadPoolExecutor

from cryptography.fernet import Fernet

from jobly.embedded import Secrets, secrets_for
from jobly.embedded.keys import save_secrets


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path):
    made = secrets_for(tmp_path / "var")

    assert secrets_for(tmp_path / "var") == made
    assert len(made.secret_key) >= 64
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secrets.json"]


def test_whoever_starts_at_the_same_time_gets_the_same_secrets(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: secrets_for(tmp_path / "var"), range(64)))

    assert len(made) == 1


def test_the_field_key_encrypts(tmp_path):
    (key,) = secrets_for(tmp_path).field_encryption_keys

    assert Fernet(key).decrypt(Fernet(key).encrypt(b"secret")) == b"secret"


def test_rotated_keys_stay_private(tmp_path):
    old = secrets_for(tmp_path)
    new = Secrets(old.secret_key, (Fernet.generate_key().decode(), *old.field_encryption_keys))

    save_secrets(tmp_path, new)

    assert secrets_for(tmp_path) == new
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
