"""What every management command shares: one JSON object or one line of numbers, and exit codes."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from .errors import JoblyError


class JoblyCommand(BaseCommand):
    """A command of INTERFACE.md §2: `--json` on stdout, exit 0 ended, 1 refused, 2 wrong usage.

    Subclasses define `arguments` and `run`; `run` returns the JSON object.
    """

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add `--json` to the command's own arguments."""
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
        self.arguments(parser)

    def arguments(self, parser: ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, **options: Any) -> dict[str, Any]:
        """Do the work and return what happened."""
        raise CommandError("This command does nothing.")

    def line(self, result: dict[str, Any]) -> str:
        """Say the result in one line for people."""
        return "  ".join(f"{k}={v}" for k, v in result.items() if not isinstance(v, list | dict))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and turn a refusal into one line and exit code 1."""
        try:
            result = self.run(**options)
        except JoblyError as wrong:
            sys.stderr.write(f"{wrong.message}\n")
            sys.exit(1)
        except KeyboardInterrupt:
            sys.stderr.write("Stopped. What was done is kept; run the command again to go on.\n")
            sys.exit(1)
        if options["json"]:
            self.stdout.write(json.dumps(result, default=str))
        else:
            self.stdout.write(self.line(result))
