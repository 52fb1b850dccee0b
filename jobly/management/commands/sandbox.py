"""`manage.py sandbox`: run the practice boards in the foreground."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobly.sandbox import server
from jobly.sandbox.__main__ import add_arguments


class Command(BaseCommand):
    """Run the boards to practise on; needs no database."""

    help = "Run the sandbox boards until SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        add_arguments(parser)

    def handle(self, *_args: Any, **given: Any) -> None:
        """Serve, and leave with the server's exit code."""
        options = server.Options(given["port"], given["host"], given["state"], given["delay"])
        sys.exit(server.run(options))
