"""Whether jobs are still there: what checks found, and what whole walks did not meet any more."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobly.users.models import User
from jobly.users.rules import Principal

from .catalogue import Job, Sighting
from .sources import Fetch, of_companies


class LivenessQuerySet(models.QuerySet["Liveness"]):
    """Checks, narrowed."""

    def due(self) -> Self:
        """Keep jobs whose next check is due."""
        return self.filter(next_at__lte=Now())


class Liveness(models.Model):
    """What the ladder of checks knows of a job; only being gone on two days closes it.

    `verified_at` is when it was surely there; `evidence` the last answers, newest first.
    """

    class Verdict(models.TextChoices):
        """What the last check came to; uncertain is not gone."""

        ALIVE = "alive"
        GONE = "gone"
        UNCERTAIN = "uncertain"

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="liveness"
    )
    verdict = models.CharField(max_length=10, choices=Verdict)
    rung = models.CharField(max_length=16, help_text="What told: ats, http or jsonld.")
    checked_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    strikes = models.PositiveSmallIntegerField(default=0, help_text="Days it was found gone on.")
    struck_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="When we closed the job for it.")
    evidence = models.JSONField(default=list)

    objects = LivenessQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_at"], name="liveness_due")]

    def __str__(self) -> str:
        return f"job {self.job_id}: {self.verdict}"


class Missing(models.Model):
    """A sighting that whole walks of its source did not meet; gone once it is met again."""

    sighting = models.OneToOneField(
        Sighting, on_delete=models.CASCADE, primary_key=True, related_name="missing"
    )
    strikes = models.PositiveSmallIntegerField(default=1)
    first_fetch = models.ForeignKey(Fetch, on_delete=models.CASCADE, related_name="+")
    last_fetch = models.ForeignKey(Fetch, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, help_text="When we closed the job for it.")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["closed_at"], condition=~Q(closed_at=None), name="missing_and_closed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sighting_id}: {self.strikes}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Verdicts on walks, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep those of sources the principal may see."""
        return self.filter(of_companies(principal, "fetch__source__company_id"))

    def held(self) -> Self:
        """Keep those that wait for a person."""
        return self.filter(status="held")


class Absence(models.Model):
    """What a whole walk said by not meeting jobs: counted, or held for a person's word.

    A source that suddenly lost most of its jobs is more likely broken than empty.
    """

    class Status(models.TextChoices):
        """What became of it; a held one changed nothing."""

        COUNTED = "counted"
        HELD = "held", "waits for a person"
        APPROVED = "approved"
        DISMISSED = "dismissed"
        OVERTAKEN = "overtaken", "overtaken by a later walk"

    fetch = models.OneToOneField(
        Fetch, on_delete=models.CASCADE, primary_key=True, related_name="absence"
    )
    status = models.CharField(max_length=10, choices=Status)
    known = models.PositiveIntegerField(help_text="Jobs the source was known to list.")
    missing = models.PositiveIntegerField(help_text="Of them not met by this walk.")
    closed = models.PositiveIntegerField(default=0)
    back = models.PositiveIntegerField(default=0, help_text="Closed before and met again.")
    judged_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-judged_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(missing__lte=models.F("known")), name="missing_are_of_the_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fetch}: {self.missing} of {self.known} missing"
