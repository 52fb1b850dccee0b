"""`python -m jobly.sandbox --port N [--state DIR] [--host 127.0.0.1] [--delay 1.0]`."""

import argparse
import sys
from pathlib import Path

from jobly.sandbox import server


def options(argv: list[str]) -> server.Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m jobly.sandbox", description="Practice boards.")
    add_arguments(parser)
    given = parser.parse_args(argv)
    return server.Options(given.port, given.host, given.state, given.delay)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options; `manage.py sandbox` takes the same ones."""
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and names it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, help="directory that outlives a restart")
    parser.add_argument(
        "--delay", type=float, default=server.DELAY, help="seconds of review at LinkedIn and Indeed"
    )


if __name__ == "__main__":
    sys.exit(server.run(options(sys.argv[1:])))
