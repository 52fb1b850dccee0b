"""Where an instance lives."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ
import pytest

from jobly.embedded import addresses

LONGEST = 103  # bytes of a socket's path on macOS; Linux allows 107


@pytest.mark.parametrize("length", [10, 60, 78, 79, 80, 81, 100, 130, 1000])
def test_sockets_fit_whatever_the_length_of_the_folder(length):
    at = addresses(Path("/" + "v" * (length - 1)))

    for path in (at.postgres_sockets / ".s.PGSQL.5432.lock", at.valkey_socket):
        assert len(bytes(path)) <= LONGEST


def test_the_same_folder_always_has_the_same_addresses(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 40)
    monkeypatch.chdir(tmp_path)

    assert addresses(folder) == addresses(Path("long" * 40)) == addresses(folder / "x" / "..")
    assert addresses(folder).sockets != addresses(tmp_path / ("other" * 40)).sockets


@pytest.mark.parametrize("name", ["plain", "with space", "ünïcode", "100%", "a&b=c", "q?h#"])
def test_any_folder_name_survives_the_urls(name):
    at = addresses(Path("/srv") / name)

    assert environ.Env.db_url_config(at.database_url)["OPTIONS"]["host"] == str(at.postgres_sockets)
    assert parse_qs(urlsplit(at.database_url).query)["host"] == [str(at.postgres_sockets)]
    assert unquote(urlsplit(at.valkey_url).path) == str(at.valkey_socket)


def test_asking_touches_nothing(tmp_path):
    addresses(tmp_path / "new")

    assert list(tmp_path.iterdir()) == []
