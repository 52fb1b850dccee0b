"""Faults: which tests the plain suite takes, and stories that are told side by side."""

from pathlib import Path

import pytest

from tests.real import checks
from tests.real.fixtures import ground  # noqa: F401 - a fixture
from tests.real.world import World

from .stage import Stage, Told, draw_for, is_story

HERE = Path(__file__).parent
STAGE = pytest.StashKey[Stage]()
LEFT_OUT = pytest.StashKey[int]()
#: tests that say nothing themselves about their row and about being quick
QUICK = {"test_clients_whose_line_is_cut_again_and_again_miss_nothing"}


def is_quick(item: pytest.Item) -> bool:
    return item.get_closest_marker("quick") is not None or item.name in QUICK


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the quick ones unless this folder was named; stories come last, then who is alone."""
    ours = [item for item in items if HERE in item.path.parents]
    named = any(_is_here(config, argument) for argument in config.args)
    left_out = [] if named else [item for item in ours if not is_quick(item)]
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    rest = [item for item in items if item not in set(ours)]
    kept = [item for item in ours if item not in set(left_out)]
    items[:] = rest + sorted(kept, key=lambda item: not is_story(item))


def _is_here(config: pytest.Config, argument: str) -> bool:
    path = Path(config.invocation_params.dir, argument.partition("::")[0]).resolve()
    return path == HERE or HERE in path.parents


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say what did not run."""
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{left_out} longer fault tests left out: manage.py faults")


@pytest.fixture(scope="session")
def stage(ground, request):  # noqa: F811 - the fixture, not the import
    """Begin to tell every story of this session."""
    stage = Stage(ground, [item for item in request.session.items if is_story(item)])
    request.config.stash[STAGE] = stage
    yield stage
    stage.close()


@pytest.fixture
def world(request):
    """A world of the test's own; a story gets the one it is told in."""
    if is_story(request.node):
        request.getfixturevalue("stage")
        yield None
        return
    world = World(request.getfixturevalue("ground"))
    yield world
    world.close()


@pytest.fixture
def draw(request):
    """Random numbers that are the same for the same seed."""
    return draw_for(request.node)


@pytest.fixture
def note():
    """What a story wants to be in the report."""
    return {}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Take what came of a story instead of calling it once more."""
    if not is_story(pyfuncitem):
        return None
    told: Told = pyfuncitem.config.stash[STAGE].told[pyfuncitem.nodeid].result()
    pyfuncitem.user_properties += [("seconds", told.seconds), ("checked", sorted(told.checked))]
    pyfuncitem.user_properties += list(told.note.items())
    if told.error is not None:
        raise told.error
    return True


@pytest.fixture(autouse=True)
def _note_checks(request):
    """Note which invariants a test that is no story looked at."""
    checked: set[str] = set()
    token = checks.CHECKED.set(checked)
    yield
    checks.CHECKED.reset(token)
    if not is_story(request.node):
        request.node.user_properties.append(("checked", sorted(checked)))
