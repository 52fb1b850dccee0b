"""Load a small living world, marked as demo; `--purge` removes every trace of it."""

import io
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.utils.timezone import now

from distribution.actions.channels import connect_sandbox
from distribution.actions.purging import purge_company as purge_distribution
from ingestion.actions.collections import Arrival, source_named, store_collection, store_upload
from ingestion.actions.purging import purge_demo as purge_ingestion
from ingestion.models import Job
from jobly.commands import JoblyCommand
from jobly.management.demo_jobs import acme_csv, catalogue_json
from jobly.runs.actions.execution import foreground
from jobly.runs.actions.progress import Progress
from jobly.runs.actions.purging import purge_company as purge_runs
from jobly.users.actions import make_demo_people, purge_demo_people
from jobly.users.models import Company, User

SLUG = "acme-demo"
PEOPLE = ("recruiter", "seeker", "staff")


class Command(JoblyCommand):
    """One company with its board channels, 12 jobs of its own and 60 of the catalogue."""

    help = "Load the demo world, or remove it with --purge."

    def arguments(self, parser: ArgumentParser) -> None:
        """Choose between making and removing."""
        parser.add_argument("--purge", action="store_true", help="remove all demo rows")
        parser.add_argument("--dry-run", action="store_true", help="with --purge: only count")

    def run(self, **options: Any) -> dict[str, Any]:
        """Make what is missing of the demo world, or remove it."""
        if options["purge"]:
            return purge(dry_run=options["dry_run"])
        password = demo_password()
        company = make_demo_people(SLUG, "Acme Demo", PEOPLE, password)
        connect_sandbox(company)
        if not Job.objects.filter(is_demo=True).exists():
            foreground("demo.load", {}, actor=None, company=company, body=_loader(company))
        logins = [f"{name}@demo.example" for name in PEOPLE]
        jobs = Job.objects.filter(is_demo=True).count()
        return {"company": SLUG, "jobs": jobs, "logins": logins, "password": password}

    def line(self, result: dict[str, Any]) -> str:
        """Say who can sign in with which password."""
        if "logins" not in result:
            return super().line(result)
        people = ", ".join(result["logins"])
        return f"Demo: {result['jobs']} jobs. Sign in as {people}; password {result['password']}"


def _loader(company: Company) -> Any:
    """Return the body that sends both demo files through the pipeline like any other."""

    def body(progress: Progress) -> dict[str, Any]:
        progress.tell(step="Loading the demo jobs")
        source = source_named("Demo catalogue", is_demo=True)
        feed = Arrival(io.BytesIO(catalogue_json(now())), "demo-catalogue.json")
        store_collection(source, feed, actor=None)
        actor = User.objects.get(email="recruiter@demo.example")
        sheet = Arrival(io.BytesIO(acme_csv(now())), "acme-demo.csv")
        upload = store_upload(company, sheet, actor=actor)
        return {"upload": str(upload.pk)}

    return body


def demo_password() -> str:
    """Return this installation's one demo password, made on first use and kept in its folder."""
    file = settings.VAR / "demo-password"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9))
    return str(file.read_text().strip())


def purge(*, dry_run: bool) -> dict[str, Any]:
    """Remove every demo row in the order their references allow; return the counts."""
    counts: dict[str, Any] = {"dry_run": dry_run}
    for company in Company.objects.filter(is_demo=True):
        counts |= purge_distribution(company, dry_run=dry_run)
        counts |= purge_ingestion(company, dry_run=dry_run)
        counts |= purge_runs(company, dry_run=dry_run)
    return counts | purge_demo_people(dry_run=dry_run)
