"""Fixtures of the tests that start real processes; a folder's conftest takes them in."""

import pytest

from .ground import Ground
from .world import World


@pytest.fixture(scope="session")
def ground():
    ground = Ground()
    yield ground
    ground.stop()


@pytest.fixture
def world(ground):
    world = World(ground)
    yield world
    world.close()
