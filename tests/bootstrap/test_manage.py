"""What manage.py does before Django can be imported."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def checkout(tmp_path):
    """A checkout of nothing but manage.py and its lock files."""
    for name in ("manage.py", *(path.name for path in ROOT.glob("requirements*.lock"))):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


@pytest.fixture
def manage(checkout):
    """The checkout's manage.py as a module."""
    return module_at(checkout / "manage.py")


def module_at(path):
    """Import a file by its path."""
    loader = SourceFileLoader("manage_of_a_checkout", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def lay_packages(manage, *names):
    """Make `.venv` look as if these packages were installed."""
    manage.PYTHON.parent.mkdir(parents=True)
    manage.PYTHON.touch()
    for name in names:
        (manage.VENV / "lib" / "python3.11" / "site-packages" / name).mkdir(parents=True)


@pytest.mark.parametrize(
    ("stamps", "runtime", "development"),
    [
        (["requirements.lock"], True, False),
        (["requirements-dev.lock"], True, True),
        (["requirements-bench.lock"], False, False),
        ([], False, False),
    ],
    ids=["runtime", "development", "another", "interrupted"],
)
def test_the_stamp_says_which_lock_is_installed(manage, stamps, runtime, development):
    lay_packages(manage)
    manage.STAMP.write_text(" ".join(manage.stamp_of(manage.ROOT / name) for name in stamps))

    assert manage.is_current(manage.RUNTIME) is runtime
    assert manage.is_current(manage.DEVELOPMENT) is development


def test_a_lock_that_changed_is_installed_again(manage):
    lay_packages(manage)
    manage.STAMP.write_text(manage.stamp_of(manage.RUNTIME))
    manage.RUNTIME.write_text(manage.RUNTIME.read_text() + "# newer\n")

    assert not manage.is_current(manage.RUNTIME)


def test_an_environment_that_a_person_made_is_theirs(manage):
    lay_packages(manage, *manage.TELLING)

    assert manage.is_current(manage.RUNTIME)
    assert not manage.is_current(manage.DEVELOPMENT)


def test_an_environment_whose_python_is_gone_is_not_current(manage):
    lay_packages(manage, *manage.TELLING)
    manage.PYTHON.unlink()
    manage.PYTHON.symlink_to("/no/such/python")

    assert not manage.is_current(manage.RUNTIME)


@pytest.mark.parametrize(
    ("arguments", "port", "var"),
    [
        (["up", "--port", "9000", "--var", "/srv/x"], "9000", "/srv/x"),
        (["up", "--port=9000", "--var=/srv/../srv/x"], "9000", "/srv/x"),
        (["up"], None, "ROOT/var"),
        (["check", "--port", "9000"], None, "ROOT/var"),
        (["up", "--var"], None, "ROOT/var"),
    ],
)
def test_options_of_up_reach_the_settings(manage, monkeypatch, arguments, port, var):
    for name in ("PORT", "JOBLY_VAR"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)

    manage.name_instance(arguments)

    assert os.environ.get("PORT") == port
    assert os.environ["JOBLY_VAR"] == var.replace("ROOT", str(manage.ROOT))


def test_two_that_install_at_once_take_turns(manage):
    program = (
        "import importlib.util, sys, time\n"
        "spec = importlib.util.spec_from_file_location('manage', sys.argv[1])\n"
        "manage = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(manage)\n"
        "with manage.alone():\n"
        "    begin = time.time(); time.sleep(0.3); print(begin, time.time())\n"
    )
    command = [sys.executable, "-c", program, str(manage.ROOT / "manage.py")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    spans = sorted([float(word) for word in one.communicate()[0].split()] for one in both)

    assert spans[0][1] <= spans[1][0]


def test_a_failed_installation_is_one_line_and_is_tried_again(checkout):
    """No index answers, so pip fails at its first package."""
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}
    environment = {**os.environ, **away, "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [_system_python(), "-S", "manage.py", "check"],
        cwd=checkout,
        env={**environment, "PIP_FIND_LINKS": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "jobly: this step failed (1):" in done.stderr.splitlines()[-1]
    assert (checkout / ".venv" / "jobly-locks").read_text() == "installing"


def test_an_old_python_is_told_what_it_needs(checkout):
    """A stand-in for an old interpreter: the same program told that it is 3.10."""
    program = (
        "import sys, runpy; sys.version_info = (3, 10); sys.argv = ['manage.py', 'up']\n"
        "runpy.run_path('manage.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("use 3.11 or newer\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_database_that_is_away_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env={**os.environ, "JOBLY_VAR": str(tmp_path / "nothing")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "start `python3 manage.py up`" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_current_environment_costs_next_to_nothing(checkout):
    """The accept checks call manage.py hundreds of times."""
    venv_python = checkout / ".venv" / "bin" / "python"
    venv_python.parent.mkdir(parents=True)
    venv_python.write_text("#!/bin/sh\nexit 7\n")
    venv_python.chmod(0o755)
    site = checkout / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in json.loads(_telling(checkout)):
        (site / name).mkdir(parents=True)
    began = time.monotonic()
    done = subprocess.run([_system_python(), "-S", "manage.py", "check"], cwd=checkout, check=False)

    assert done.returncode == 7
    assert time.monotonic() - began < 2


def _telling(checkout):
    code = "import json, manage; print(json.dumps(manage.TELLING))"
    return subprocess.check_output([sys.executable, "-c", code], cwd=checkout)


def _system_python() -> str:
    """The interpreter below this environment, which has none of our packages."""
    return str(Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"))
