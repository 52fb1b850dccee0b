import signal
import subprocess
import sys

import requests

from tests.sandbox.running import ROOT


def test_the_command_runs_the_boards(tmp_path):
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[-1]
        said = requests.get(f"{url}/live", timeout=5)
        process.send_signal(signal.SIGTERM)

    assert said.json() == {"posts": []}
    assert process.returncode == 0
    assert (tmp_path / "sandbox.sqlite3").exists()
