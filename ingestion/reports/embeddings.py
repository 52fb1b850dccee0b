"""Reads over vectors: by which model each job's is to be, and which are out of date."""

from django.conf import settings
from django.db.models import F, Q, QuerySet

from ingestion.models import Job
from ingestion.rules import embedding, minilm
from jobly import ai
from jobly.environment import LOCAL_MODEL


def local_model() -> str:
    """Return the model that vectors are made by on this machine."""
    return minilm.MODEL if settings.EMBEDDING_MODEL == LOCAL_MODEL else embedding.MODEL


def outside_model() -> str:
    """Return the model of the server that texts may be sent to; empty without one."""
    asks_server = settings.EMBEDDING_MODEL != LOCAL_MODEL and ai.configured_server()
    return settings.EMBEDDING_MODEL if asks_server else ""


def outdated() -> QuerySet[Job]:
    """Return jobs without a vector, with one of another model, or changed since theirs was made."""
    outside = outside_model()
    wrong = ~Q(embedding__model=local_model())
    if outside:
        may_leave = Q(company=None) | Q(company__outside_model=True)
        wrong = (may_leave & ~Q(embedding__model=outside)) | (~may_leave & wrong)
    return Job.objects.filter(wrong | Q(embedding__at__lt=F("updated_at")))
