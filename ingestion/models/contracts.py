"""What each source is known to send, and what departed from it."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from jobly.users.models import User

from .pipeline import RawCollection
from .sources import Source


class Contract(models.Model):
    """The fields and types that a source's items are known to have, learned from what it sent."""

    class Tolerance(models.TextChoices):
        """What becomes of a collection that departs; one of another shape needs `accept`."""

        WARN = "warn", "Load it and tell the operators"
        QUARANTINE = "quarantine", "Set it aside until somebody decides"
        ACCEPT = "accept", "Load it and learn from it"

    source = models.OneToOneField(
        Source, on_delete=models.CASCADE, primary_key=True, related_name="contract"
    )
    tolerance = models.CharField(max_length=16, choices=Tolerance, default=Tolerance.WARN)
    known = models.JSONField(default=dict, help_text="Fields with their types, and from how many.")
    fingerprint = models.CharField(max_length=16, blank=True, help_text="Of the last collection.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering: ClassVar = ["source__name"]

    def __str__(self) -> str:
        return f"what {self.source} sends"


class ContractBreachQuerySet(models.QuerySet["ContractBreach"]):
    """Breaches, narrowed."""

    def open(self) -> Self:
        """Keep those that nobody decided on."""
        return self.filter(status="open")


class ContractBreach(models.Model):
    """One way in which a source departed from its contract: at first, and how often since.

    A refused one sets every later collection that has it aside.
    """

    class Kind(models.TextChoices):
        """How."""

        NEW_FIELD = "new_field"
        CHANGED_TYPE = "changed_type"
        MISSING_FIELD = "missing_field"
        UNKNOWN_SHAPE = "unknown_shape"

    class Status(models.TextChoices):
        """What a person said."""

        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="breaches")
    collection = models.ForeignKey(
        RawCollection, on_delete=models.CASCADE, related_name="+", help_text="The last one with it."
    )
    kind = models.CharField(max_length=16, choices=Kind)
    field = models.CharField(max_length=100, blank=True)
    expected = models.TextField(blank=True)
    got = models.TextField(blank=True)
    count = models.PositiveIntegerField(help_text="Items of the last collection that have it.")
    row = models.PositiveIntegerField(default=0, help_text="The first of them.")
    example = models.TextField(blank=True)
    waiting = ArrayField(
        models.UUIDField(), default=list, help_text="Collections set aside until it is accepted."
    )
    times = models.PositiveIntegerField(default=1, help_text="Collections that had it.")
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    seen_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ContractBreachQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-seen_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contract", "kind", "field", "got"],
                condition=models.Q(status__in=["open", "refused"]),
                name="breach_once_while_it_stands",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["collection"], name="breaches_of_a_collection")]
        verbose_name_plural = "contract breaches"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.field}".strip()
