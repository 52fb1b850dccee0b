"""What a job's text means as a vector, by which model."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import VectorField

from .catalogue import Job


class EmbeddingQuerySet(models.QuerySet["JobEmbedding"]):
    """Embeddings, narrowed."""

    def by(self, model: str, dimensions: int) -> Self:
        """Keep those of one model: vectors of two models cannot be compared."""
        return self.filter(model=model, dimensions=dimensions)


class JobEmbedding(models.Model):
    """The vector of one job: of unit length, by a model, of the text with this hash.

    The column takes any number of dimensions: it is searched exactly, without an index, which for
    256 of them costs no more than an approximate one that has to be kept.
    """

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="embedding"
    )
    model = models.CharField(max_length=100)
    dimensions = models.PositiveSmallIntegerField()
    content_hash = models.CharField(max_length=64)
    vector = VectorField()
    at = models.DateTimeField(db_default=Now())

    objects = EmbeddingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(dimensions__gt=0), name="embedding_has_dimensions"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} by {self.model}"
