"""Seal every stored secret with the first key of FIELD_ENCRYPTION_KEYS."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from jobly import crypto


class Command(BaseCommand):
    """Turn the key ring; may be stopped and run again at any time."""

    help = "Seal stored secrets with the first key; afterwards older keys may be dropped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --dry-run and --json."""
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *_: Any, **options: Any) -> None:
        """Rotate column by column and report the sums."""
        done = [
            crypto.rotate_column(model, name, dry_run=options["dry_run"])
            for model, name in crypto.encrypted_columns()
        ]
        sums = {
            word: sum(getattr(column, word) for column in done)
            for word in ("rotated", "current", "unreadable")
        }
        report = {**sums, "dry_run": options["dry_run"], "columns": [asdict(c) for c in done]}
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(" ".join(f"{word}={count}" for word, count in sums.items()))
