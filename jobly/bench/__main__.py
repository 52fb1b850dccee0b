"""Run one bench inside servers that are already there; `manage.py bench` starts them."""

import argparse
import json
import sys

import django

django.setup()

from jobly.bench import (  # noqa: E402 # needs loaded apps
    distributing,
    fanout,
    feeds,
    likeness,
    loading,
    pipeline,
    queues,
    running,
    skills,
)

BENCHES = {
    "dedup": likeness.bench,
    "distribute": distributing.bench,
    "fanout": fanout.bench,
    "feed": feeds.bench,
    "import": loading.bench,
    "pipeline": pipeline.bench,
    "queues": queues.bench,
    "runs": running.bench,
    "skills": skills.bench,
}


def main() -> None:
    """Read the name and the size, print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    chosen = parser.parse_args()
    report = BENCHES[chosen.name](chosen.rows, chosen.repeats)
    sys.stdout.write(json.dumps(report.as_json()))


main()
