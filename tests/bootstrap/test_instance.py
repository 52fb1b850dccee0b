"""What an instance tells about itself."""

import os
import signal
import subprocess
import sys

import pytest

from jobly.embedded.instance import UP_PID, AlreadyRunning, instance_lock, is_orphan


@pytest.fixture
def child(monkeypatch):
    """A process in the place of `up`."""
    with subprocess.Popen(["sleep", "60"]) as child:
        monkeypatch.setenv(UP_PID, str(child.pid))
        yield child
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("again", range(20))
def test_a_killed_up_is_noticed_as_soon_as_kill_returns(child, again):
    assert not is_orphan()
    os.kill(child.pid, signal.SIGKILL)
    assert is_orphan()
    child.wait()
    assert is_orphan()


def test_a_process_that_nobody_supervises_is_no_orphan(monkeypatch):
    monkeypatch.delenv(UP_PID, raising=False)

    assert not is_orphan()


def test_the_lock_names_its_holder_and_is_free_after_it(tmp_path):
    with (
        instance_lock(tmp_path, "http://here/"),
        pytest.raises(AlreadyRunning, match=f"already running: {os.getpid()} http://here/"),
        instance_lock(tmp_path, "http://there/"),
    ):
        pass

    with instance_lock(tmp_path, "http://there/"):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()} http://there/"
