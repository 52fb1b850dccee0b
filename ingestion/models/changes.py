"""What happened to jobs, kept by triggers on their table: for who follows, and for the search.

Nobody writes these rows by hand, so no writer of jobs can forget them.
"""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from jobly.users.rules import Principal


class JobChangeQuerySet(models.QuerySet["JobChange"]):
    """Changes, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep jobs the principal may see or may have seen."""
        if principal.is_staff:
            return self
        return self.filter(Q(public_xid__isnull=False) | Q(company_id__in=principal.company_ids))

    def settled(self) -> Self:
        """Keep changes that no transaction under way can still get in front of."""
        horizon = RawSQL("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", ())
        return self.filter(xid__lt=horizon)

    def behind(self, xid: int, job_id: int) -> Self:
        """Keep what follows a place in the order, oldest first."""
        later = Q(xid__gt=xid) | Q(xid=xid, job_id__gt=job_id)
        return self.filter(later, xid__gte=xid).order_by("xid", "job_id")


class JobChange(models.Model):
    """The last change of a job: by which transaction; a deleted job leaves its row behind.

    One row a job: who reads from an older place meets each job once, as it is now.
    """

    job_id = models.BigIntegerField(primary_key=True)
    xid = models.BigIntegerField(help_text="The transaction that changed it last.")
    added_xid = models.BigIntegerField()
    public_xid = models.BigIntegerField(null=True, help_text="Since when everybody may see it.")
    company_id = models.UUIDField(null=True)
    deleted = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    objects = JobChangeQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["xid", "job_id"], name="changes_in_order")]

    def __str__(self) -> str:
        return f"job {self.job_id} by {self.xid}"


class Unindexed(models.Model):
    """A job whose search entry is behind its columns."""

    job_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"job {self.job_id}"
