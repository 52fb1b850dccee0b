"""One PostgreSQL for the folder, one world for each test."""

from tests.real.fixtures import ground, world  # noqa: F401 - fixtures
