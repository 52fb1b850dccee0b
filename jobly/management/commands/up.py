"""Run the whole of Jobly on this machine: servers, migrations, demo, web, worker, clock, boards."""

import argparse
import json
import signal
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http import HTTPStatus
from os import getpid
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from distribution.actions.practice import practice_hooks
from jobly.embedded import addresses, services
from jobly.embedded.instance import (
    HOST,
    AlreadyRunning,
    Instance,
    claim_ports,
    instance_lock,
    is_listening,
    sandbox_port,
)
from jobly.embedded.services import Layout
from jobly.embedded.supervisor import Supervisor
from jobly.errors import Unavailable
from jobly.runs.actions.schedules import ensure_schedules

READY_SECONDS = 120.0
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
AGAIN_SECONDS = 0.5


class Stopped(BaseException):
    """Somebody asked `up` to end."""


class Command(BaseCommand):
    """Start everything, print the address and the demo logins, run until stopped."""

    help = "Run Jobly: servers, migrations, demo, web, live streams, worker, clock, sandbox."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the options; manage.py has put --port and --var where the settings look."""
        parser.add_argument("--port", type=int, help="pages, admin, API; streams on the next one")
        parser.add_argument("--var", help="folder for everything it stores")
        parser.add_argument("--no-demo", action="store_true", help="load no demo data")

    def handle(self, *_: Any, no_demo: bool, **__: Any) -> None:
        """Hold the instance's lock, run, and stop cleanly on Ctrl-C and SIGTERM."""
        url = f"http://{HOST}:{settings.PORT}/"
        for number in ENDINGS:
            signal.signal(number, _stop)
        try:
            with instance_lock(settings.VAR, url), Supervisor(self.say) as supervisor:
                try:
                    self.start(supervisor, demo=not no_demo)
                    supervisor.watch(until=lambda: False)
                except BaseException as wrong:
                    if not is_stop(wrong):
                        raise
                    _calm_down()
                    self.say("stopping")
        except AlreadyRunning as other:
            self.stderr.write(other.message)
            sys.exit(2)
        except Stopped:
            _calm_down()
        self.say("stopped")

    def start(self, supervisor: Supervisor, *, demo: bool) -> None:
        """Bring everything up in order; each step says one line."""
        layout = self.lay_out()
        self.start_servers(supervisor, layout)
        self.say("migrating the database")
        call_command("migrate", verbosity=0, interactive=False)
        ensure_schedules()
        self.say("starting live streams, worker, clock and sandbox boards")
        for service in (services.sandbox, services.live, services.worker, services.beat):
            supervisor.add(service(layout))
        if demo:
            self.say("loading the demo")
            call_command("demo")
        self.say("starting pages, admin and API")
        supervisor.add(services.web(layout))
        self.await_ready(supervisor, layout)
        if demo:
            self.connect_hooks(layout)
        self.say(f"Jobly runs at http://{HOST}:{layout.port}/ and logs to {layout.at.logs}")
        self.say("Ctrl-C or SIGTERM ends it")

    def lay_out(self) -> Layout:
        """Choose the ports and write where the instance can be found."""
        port, live = settings.PORT, settings.PORT + 1
        claim_ports(port, live)
        boards = sandbox_port(settings.VAR)
        url = settings.ENV["SANDBOX_URL"] or f"http://{HOST}:{boards}"
        Instance(getpid(), port, live, url, datetime.now(UTC).isoformat()).write(settings.VAR)
        # The settings were read before the port was chosen; the demo points its channels there.
        settings.SANDBOX_URL = url.rstrip("/")
        return Layout(
            at=addresses(settings.VAR),
            port=port,
            live=live,
            sandbox=boards,
            queues=("default", "etl", "boards", "interactive"),
            worker_processes=settings.WORKER_PROCESSES,
        )

    def start_servers(self, supervisor: Supervisor, layout: Layout) -> None:
        """Start PostgreSQL and Valkey, but not where the environment names others."""
        for name, service in (("DATABASE_URL", services.postgres), ("VALKEY_URL", services.valkey)):
            if settings.ENV[name]:
                self.say(f"using the server that {name} names")
                continue
            one = service(layout.at)
            self.say(f"starting {one.name}")
            supervisor.add(one)

    def await_ready(self, supervisor: Supervisor, layout: Layout) -> None:
        """Wait until the web answers 200 on /readyz and the live server listens."""
        url = f"http://{HOST}:{layout.port}/readyz"
        if not supervisor.watch(
            until=lambda: _answers(url) and is_listening(layout.live), seconds=READY_SECONDS
        ):
            raise Unavailable(f"{url} does not answer 200: see {layout.at.logs}")

    def connect_hooks(self, layout: Layout) -> None:
        """Have the practice boards tell the demo's channels what becomes of their postings."""
        told = {"webhooks": {"boards": practice_hooks(f"http://{HOST}:{layout.port}")}}
        request = urllib.request.Request(  # noqa: S310 - the boards of this instance
            f"{settings.SANDBOX_URL}/faults",
            json.dumps(told).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - see above
                pass
        except OSError as exc:
            self.say(f"the practice boards send no webhooks: {exc}")

    def say(self, line: str) -> None:
        """Report a step."""
        self.stdout.write(line)
        self.stdout.flush()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def _stop(number: int, _frame: object) -> NoReturn:
    """Raise `Stopped` wherever the program is, again and again until `_calm_down`.

    Once is not enough: what is raised in a finaliser is printed and forgotten.
    """
    for each in ENDINGS:
        signal.signal(each, signal.SIG_IGN)  # the way out is not interrupted by a second one
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    raise Stopped(number)


def is_stop(wrong: BaseException | None) -> bool:
    """Whether an error is a stop, or what a stop led to: one in the middle of a commit is another.

    What Django does to leave a transaction fails then, and that is raised instead.
    """
    while wrong is not None and not isinstance(wrong, Stopped):
        wrong = wrong.__context__
    return wrong is not None


def _calm_down() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
