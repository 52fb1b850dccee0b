"""Fixtures of the tests that start real processes; a folder's conftest takes them in."""

import pytest

from .ground import Ground
from .world import World

_shared: list[Ground] = []  # every folder has fixtures of its own, and all have one ground
_users: list[object] = []


@pytest.fixture(scope="session")
def ground():
    if not _shared:
        _shared.append(Ground())
    _users.append(ground)
    yield _shared[0]
    _users.pop()
    if not _users:
        _shared.pop().stop()


@pytest.fixture
def world(ground):
    world = World(ground)
    yield world
    world.close()
