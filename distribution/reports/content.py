"""What boards are told of a job, read off its row."""

from django.conf import settings

from distribution.rules.content import Content, content_of
from ingestion.models import Job

TOLD = ("employer", "source", "desk")  # what boards are told of a job stands there too


def site_url() -> str:
    """Return the origin that boards are told: PUBLIC_URL, else this instance's own."""
    own = settings.INSTANCE.get("url") or f"http://127.0.0.1:{settings.PORT}"
    return str(settings.PUBLIC_URL or own).rstrip("/")


def content_for(job: Job) -> Content:
    """Read what boards are told of a job whose employer, source and desk are loaded."""
    return content_of(job, page_url=site_url() + job.path)
