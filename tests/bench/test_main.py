"""The benches, where the peers they measure against are not installed."""

import os
import subprocess
import sys

from jobly.management.commands.bench import DEFAULT_ROWS


def test_the_benches_are_there_without_their_peers():
    asked = subprocess.run(
        [sys.executable, "-m", "jobly.bench", "--help"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "jobly.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert asked.returncode == 0, asked.stderr
    assert "{" + ",".join(sorted(DEFAULT_ROWS)) + "}" in asked.stdout
