"""Take a source out: its raw bytes, what became of them, and the jobs only it brought."""

from collections.abc import Iterable

from ingestion.models import Job, Processing, RawCollection, Sighting, Source, Upload
from jobly.artifacts.actions import discard
from jobly.artifacts.models import Artifact
from jobly.runs.actions import transaction
from jobly.users.models import Company


def purge_demo(company: Company, *, dry_run: bool) -> dict[str, int]:
    """Remove the demo sources, and the demo company's own; return how many rows there were."""
    demo = Source.objects.filter(is_demo=True) | Source.objects.filter(company=company)
    return remove_sources(demo.distinct(), dry_run=dry_run)


@transaction
def remove_sources(sources: Iterable[Source], *, dry_run: bool) -> dict[str, int]:
    """Remove sources with all they brought; jobs that other sources brought stay."""
    ids = [source.pk for source in sources]
    collections = RawCollection.objects.filter(source__in=ids)
    uploads = Upload.objects.filter(collection__in=collections)
    jobs = Job.objects.filter(source__in=ids)
    artifacts = list(Artifact.objects.filter(pk__in=collections.values("artifact")))
    counts = {
        "sources": len(ids),
        "collections": len(artifacts),
        "uploads": uploads.count(),
        "jobs": jobs.count(),
    }
    if dry_run:
        return counts
    Sighting.objects.filter(source__in=ids).delete()
    jobs.delete()
    uploads.delete()
    Processing.objects.filter(collection__in=collections).delete()
    collections.delete()
    Source.objects.filter(pk__in=ids).delete()
    for artifact in artifacts:
        discard(artifact)
        artifact.delete()
    return counts
