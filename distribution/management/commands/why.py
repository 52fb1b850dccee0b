"""Say why a job is on a board or not, with what shows it."""

from argparse import ArgumentParser
from typing import Any

from distribution.actions.bulk import channels_named
from distribution.errors import NotDistributable
from distribution.models import Channel
from distribution.reports.content import TOLD
from distribution.reports.proof import why_each
from ingestion.models import Job
from jobly.commands import JoblyCommand


class Command(JoblyCommand):
    """`why --job N [--channels a,b]`: one sentence a board."""

    help = "Say in one sentence why a job is on its company's boards or not, and what shows it."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the job and the boards."""
        parser.add_argument("--job", type=int, required=True, metavar="ID")
        parser.add_argument("--channels", metavar="a,b", help="slugs; all of them when left out")

    def run(self, **options: Any) -> dict[str, Any]:
        """Ask for each board."""
        job = Job.objects.select_related(*TOLD, "company").filter(pk=options["job"]).first()
        if job is None or job.company is None:
            raise NotDistributable(f"No company has a job {options['job']}; name one of its jobs.")
        slugs = [slug.strip() for slug in (options["channels"] or "").split(",") if slug.strip()]
        everywhere = Channel.objects.filter(company=job.company).order_by("slug")
        channels = channels_named(job.company, slugs) if slugs else list(everywhere)
        answers = why_each([job], channels)
        told = [
            {"channel": channel.slug, **answers[job.pk, channel.pk].to_dict()}
            for channel in channels
        ]
        return {"job": job.pk, "title": job.title, "boards": told}

    def line(self, result: dict[str, Any]) -> str:
        """Show a sentence and its evidence for each board."""
        lines = [f"{result['title']} (job {result['job']})"]
        for one in result["boards"]:
            lines.append(f"{one['channel']}: {one['sentence']} {one['next']}".rstrip())
            lines += [
                f"    {shown['kind']} {shown['id']}: {shown['text']}" for shown in one["evidence"]
            ]
        return "\n".join(lines if result["boards"] else [*lines, "Its company has no channel."])
