"""A program that does what people ask of Jobly, one JSON line an act: starting one costs seconds.

It serves every world of a session in turn and rings no doorbell: the workers' sweep finds its work.
"""

import io
import json
import math
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import django

django.setup()

from celery import current_app  # noqa: E402 # the apps come first
from django.conf import settings  # noqa: E402 # the apps come first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from distribution.actions import bulk, endpoints, inbound, telling  # noqa: E402
from distribution.actions.channels import connect_sandbox  # noqa: E402
from distribution.models import Channel, HookDelivery, HookEndpoint  # noqa: E402
from distribution.reports import planning  # noqa: E402
from distribution.rules import telling as telling_rules  # noqa: E402
from ingestion.actions.acknowledging import Word, acknowledge, host_of  # noqa: E402
from ingestion.actions.collections import Arrival, store_upload  # noqa: E402
from ingestion.actions.sources import add_source  # noqa: E402
from ingestion.models import Job  # noqa: E402
from ingestion.rules.acknowledging import sentence  # noqa: E402
from jobly.runs import actions as runs  # noqa: E402
from jobly.runs import clients  # noqa: E402
from jobly.runs.actions import schedules, start, transaction  # noqa: E402
from jobly.runs.models import Run, Schedule  # noqa: E402
from jobly.runs.rules.clock import parse_clock  # noqa: E402
from jobly.users.models import Company, Membership, User  # noqa: E402
from tests.make import make_company, make_key, make_member  # noqa: E402
from tests.real import kinds, postings  # noqa: E402, F401 - the kinds are to be known

SCOPES = ("jobs:read", "jobs:write", "distributions:read", "distributions:write", "runs")
QUICK = {
    "settle_window": "00:00:01",
    "poll_delay": "00:00:00.2",
    "call_timeout": "00:00:01",
    "poll_until": "01:00:00",
}
CANARY = "a-secret-that-nobody-may-tell"
KNOWN = {"client_id": "jobly-demo", "partner_id": "jobly-demo"}  # no secrets
ACTS: dict[str, Callable[..., Any]] = {}
WORLD: dict[str, str] = {}  # where we are


def act(function: Callable[..., Any]) -> Callable[..., Any]:
    ACTS[function.__name__] = function
    return function


@act
def populate() -> dict[str, str]:
    """Migrate; make one company with a recruiter, a key and the practice boards."""
    call_command("migrate", verbosity=0, interactive=False)
    company = Company.objects.create(slug="acme", name="Acme Works")
    user = make_member(company, email="recruiter@acme.example")
    _, key = make_key(user, company=company, scopes=SCOPES)
    connect_sandbox(company, is_demo=False)
    Channel.objects.exclude(kind="internal").update(**QUICK, limit_per_minute=6000)
    for row in Channel.objects.exclude(kind="internal"):
        row.credentials = dict.fromkeys(row.credentials, CANARY) | KNOWN
        row.save()
    rival = make_company("rival")
    _, foreign = make_key(make_member(rival), company=rival, scopes=SCOPES)
    people = {"company": str(company.pk), "slug": "acme", "user": str(user.pk), "key": key}
    return people | {"foreign_key": foreign, "canary": CANARY}


@act
def leave() -> None:
    """Let go of the database, so that it can be copied."""


@act
def figures(channel: str | None = None, **columns: Any) -> None:
    """Change columns of a channel, or of all but our own board."""
    rows = Channel.objects.exclude(kind="internal")
    (rows.filter(slug=channel) if channel else rows).update(**columns)


@act
def rewire(channel: str, **columns: Any) -> None:
    """Change columns of one channel, sealed ones too."""
    row = Channel.objects.get(slug=channel)
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


@act
def upload(text: str, name: str = "jobs.csv") -> str:
    """Send a recruiter's file, as the API and the admin do."""
    arrival = Arrival(io.BytesIO(text.encode()), name, {"mode": "skip"})
    return str(store_upload(_company(), arrival, actor=_user()).pk)


@act
def collect(adapter: str, base_url: str, settings: dict[str, Any]) -> str:
    """Collect from a source at an address, made when it is new; return the source."""
    quick = {"call_delay": timedelta(), "call_timeout": timedelta(seconds=5)}
    columns = {"base_url": base_url, "settings": settings, **quick}
    source = add_source(adapter, adapter, **columns)
    args = {"source_id": str(source.pk), "strategy": "scheduled"}
    with transaction():
        start("ingestion.collect", args, actor=None)
    return str(source.pk)


@act
def collect_pages(url: str, settings: dict[str, Any]) -> str:
    """Collect pages of a site that somebody answers for; return the source."""
    boss = User.objects.create_superuser("boss@example.org", "a long word to get in")
    columns = {"call_delay": timedelta(milliseconds=20), "enabled": True}
    source = add_source("pages", "pages", settings={"url": url, **settings}, **columns)
    typed = sentence(host_of(source), respect_robots=True)
    acknowledge(source, Word(typed, "own_site", "our own test site"), actor=boss)
    args = {"source_id": str(source.pk), "strategy": "scheduled"}
    with transaction():
        start("ingestion.collect", args, actor=None)
    return str(source.pk)


@act
def hook_key(channel: str) -> dict[str, str]:
    """Give a channel a secret for what its board tells; return both."""
    row = Channel.objects.get(slug=channel)
    return {"channel": str(row.pk), "secret": inbound.new_key(row)}


@act
def endpoint(url: str) -> None:
    """Have the company told what happens."""
    settings.HOOK_PRIVATE_ORIGINS = [telling_rules.origin_of(url)]
    endpoints.create_endpoint(_company(), url=url)


@act
def hooks_due() -> None:
    """Let the time until the next tries pass, and the clock look."""
    pending = HookDelivery.objects.filter(state="pending")
    resting = pending.exclude(attempts__ended_at=None).values_list("pk", flat=True)
    pending.filter(pk__in=list(resting)).update(next_at=Now())
    HookEndpoint.objects.update(resting_until=None)
    telling.sweep_tellings()


@act
def jobs(count: int) -> list[int]:
    """Make jobs that every board takes, without a file."""
    return postings.make_jobs(_company(), count)


@act
def apply(channels: list[str], job_ids: list[int] | None = None, times: int = 1) -> list[str]:
    """Ask that channels hold jobs; each time is one run."""
    wish = {
        "company_id": str(_company().pk),
        "job_ids": job_ids or [],
        "channels": channels,
        "skip_on_error": True,
    }
    with transaction():
        made = [
            start("distribution.apply", {"wish": wish}, actor=_user(), company=_company())
            for _ in range(times)
        ]
    return [str(run.pk) for run in made]


@act
def repeat(kind: str, args: dict[str, Any], times: int) -> list[str]:
    """Start the same work several times, as a fact does that is told several times."""
    with transaction():
        made = [start(kind, args, actor=_user(), company=_company()) for _ in range(times)]
    return [str(run.pk) for run in made]


@act
def ring(queues: list[str], times: int) -> None:
    """Send the hint of each queue several times as one message with one id."""
    message = uuid4().hex
    app = current_app
    with app.connection_for_write(WORLD["valkey"]) as line:
        for queue in queues * times:
            app.send_task("runs.drain", args=[queue], queue=queue, task_id=message, connection=line)


@act
def plan(channels: list[str]) -> list[dict[str, Any]]:
    """Return what is still to be done so that channels hold all jobs."""
    named = bulk.channels_named(_company(), channels)
    steps = planning.plan(planning.jobs_of(_company()), named)
    return [step.to_dict() for step in steps if step.action != "none"]


@act
def edit(job_id: int, **columns: Any) -> None:
    """Change a job behind everybody's back."""
    Job.objects.filter(pk=job_id).update(**columns)


@act
def cancel(run_ids: list[str]) -> list[str]:
    """Cancel runs, as the API and the admin do; return how each then stands."""
    return [runs.cancel(run, actor=_user()).status for run in Run.objects.filter(pk__in=run_ids)]


@act
def retry(run_id: str) -> str:
    """Do a run again that failed."""
    return str(runs.retry(Run.objects.get(pk=run_id), actor=_user()).pk)


@act
def schedule(name: str, **columns: Any) -> None:
    """Make a schedule that beat fires; `before`: it has been there since then."""
    before = columns.pop("before", None)
    row = Schedule.objects.create(name=name, **columns)
    if before:
        Schedule.objects.filter(pk=row.pk).update(created_at=before)
    schedules.tell_beat(row, parse_clock(row.clock))


@act
def sweep_boards() -> str:
    """Do what the clock does every minute."""
    with transaction():
        return str(start("distribution.sweep_due", {}, actor=None).pk)


def _company() -> Company:
    return Company.objects.get(slug="acme")


def _user() -> User:
    return Membership.objects.select_related("user").get(company=_company()).user


def _enter(world: dict[str, str]) -> None:
    """Work on this world's database from now on; all worlds share one storage."""
    connection.close()
    WORLD.update(world)
    connection.settings_dict |= {"NAME": world["database"], "HOST": world["sockets"]}
    settings.SANDBOX_URL = world["sandbox"]


def main() -> None:
    """Answer until the input ends."""
    clients._silent_until = math.inf
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["world"]:
                _enter(asked["world"])
            answer = {"result": ACTS[asked["act"]](**asked["args"])}
        except Exception:  # noqa: BLE001 - whatever it is, the test shall read it
            answer = {"error": traceback.format_exc()}
        finally:
            connection.close()
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
