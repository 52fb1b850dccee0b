"""Rehearsals: publications to practice boards that misbehave by plan."""

from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.models import Company, User
from jobly.users.rules import Principal


class RehearsalQuerySet(models.QuerySet["Rehearsal"]):
    """Rehearsals, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep rehearsals of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)


class Rehearsal(models.Model):
    """Jobs sent to practice boards in place of the real ones, and what that showed.

    Its channels and distributions carry it, so that no list or figure of real ones has them:
    `objects` of both leaves them out, `everything` does not. `plan` says which fault meets which
    publication, `report` is written once at the end.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    run_id = models.UUIDField(null=True, editable=False)
    job_ids = models.JSONField(default=list)
    slugs = models.JSONField(default=list, help_text="The real channels that are rehearsed.")
    plan = models.JSONField(default=dict, help_text="Faults by external id.")
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = RehearsalQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["company", "-id"])]

    def __str__(self) -> str:
        return f"Rehearsal of {len(self.job_ids)} jobs"
