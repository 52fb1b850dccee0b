"""One sandbox for all tests of this folder, empty before each."""

from collections.abc import Iterator

import pytest

from tests.sandbox.running import Boards, Glassdoor, Indeed, LinkedIn


@pytest.fixture(scope="session")
def _boards() -> Iterator[Boards]:
    boards = Boards()
    yield boards
    assert boards.stop() == 0


@pytest.fixture
def boards(_boards: Boards) -> Boards:
    _boards.reset()
    return _boards


@pytest.fixture
def linkedin(boards: Boards) -> LinkedIn:
    return LinkedIn(boards)


@pytest.fixture
def indeed(boards: Boards) -> Indeed:
    return Indeed(boards)


@pytest.fixture
def glassdoor(boards: Boards) -> Glassdoor:
    return Glassdoor(boards)
