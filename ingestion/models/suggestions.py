"""What was suggested for jobs, by which provider, on what grounds, and what people decided."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobly.users.rules import Principal

from .catalogue import Job
from .sources import of_companies


class EnrichmentQuerySet(models.QuerySet["Enrichment"]):
    """Looks at jobs, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep looks at jobs of the principal's companies."""
        return self.filter(of_companies(principal, "job__company_id"))


class Enrichment(models.Model):
    """One look at one job by a provider: who looked, by which words, what it cost.

    `fell_back` says why the offline provider stood in for the outside model; `basis` is the hash of
    the text it looked at.
    """

    OFFLINE: ClassVar = "offline"  # the provider that is our own rules

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="enrichments")
    run_id = models.UUIDField()
    provider = models.CharField(max_length=100, help_text="offline, or the model server's host.")
    model = models.CharField(max_length=100)
    prompt_version = models.CharField(max_length=32)
    request_id = models.CharField(max_length=100, blank=True)
    fell_back = models.CharField(max_length=300, blank=True)
    basis = models.CharField(max_length=64)
    dropped = models.PositiveSmallIntegerField(default=0, help_text="Suggestions without grounds.")
    tokens = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EnrichmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "run_id"], name="one_look_a_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["run_id"], name="looks_of_a_run")]

    def __str__(self) -> str:
        return f"{self.job} · {self.provider}"

    @property
    def is_basic(self) -> bool:
        """Whether our own rules looked, not a model."""
        return bool(self.provider == self.OFFLINE)


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    """Suggestions, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep suggestions for jobs of the principal's companies."""
        return self.filter(of_companies(principal, "job__company_id"))

    def open(self) -> Self:
        """Keep those that nobody decided on."""
        return self.filter(status=Suggestion.Status.OPEN)

    def safe(self) -> Self:
        """Keep those that may be accepted unread: grounds in the text, nothing stated replaced."""
        return self.filter(is_safe=True)


class Suggestion(models.Model):
    """A better value for one field of a job, beside the one it had, with the words that prove it.

    `original` and `value` map columns of the job to JSON values.
    """

    class Status(models.TextChoices):
        """What became of it; superseded = a later look took its place."""

        OPEN = "open"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        SUPERSEDED = "superseded"

    id = models.BigAutoField(primary_key=True)
    enrichment = models.ForeignKey(Enrichment, on_delete=models.CASCADE, related_name="suggestions")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="suggestions")
    field = models.CharField(max_length=32)
    original = models.JSONField()
    value = models.JSONField()
    evidence = models.TextField(blank=True, help_text="The posting's own words for it.")
    confidence = models.FloatField(null=True, help_text="The provider's own, of 0 to 1.")
    is_safe = models.BooleanField(default=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "field"], condition=Q(status="open"), name="one_open_a_field"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "superseded"], decided_at=None)
                | Q(status__in=["accepted", "rejected"], decided_at__isnull=False),
                name="decided_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.job_id}"
