"""One set of practice boards for all tests of this folder, empty before each."""

import pytest

from tests.sandbox.running import Boards


@pytest.fixture(scope="session")
def _boards():
    boards = Boards()
    yield boards
    assert boards.stop() == 0


@pytest.fixture
def boards(_boards, settings):
    _boards.reset()
    settings.SANDBOX_URL = _boards.url
    settings.RUN_BACKOFF_SCALE = 0.01
    return _boards
