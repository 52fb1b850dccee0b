"""Clicks on the links of publications, and what they come to a day."""

from typing import ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.models import Company
from jobly.users.rules import Principal

from .distributions import Distribution


class ClickQuerySet(models.QuerySet["Click"]):
    """Clicks, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep clicks on publications of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)


class Click(models.Model):
    """Somebody followed the link of a publication: once a visitor and day (UTC).

    `visitor` is a keyed digest under the day's salt; null for whoever asked not to be followed.
    Rows go after `rules.clicks.KEPT`; what they came to stays in `ClickDay`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="clicks")
    on = models.DateField()
    at = models.DateTimeField(db_default=Now())
    visitor = models.CharField(max_length=32, null=True)  # noqa: DJ001 # null are never the same

    objects = ClickQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["distribution", "on", "visitor"], name="click_once_a_visitor_and_day"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["visitor"], condition=~Q(visitor=None), name="clicks_of_visitor"),
            BrinIndex(fields=["on"], name="clicks_by_day"),
        ]

    def __str__(self) -> str:
        return f"click at {self.at:%Y-%m-%d %H:%M}"


class ClickDayQuerySet(models.QuerySet["ClickDay"]):
    """Days of clicks, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep days of publications of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def with_clicks(self) -> Self:
        """Add `clicks`: those of known visitors and of those who asked not to be followed."""
        return self.annotate(clicks=F("people") + F("unseen"))


class ClickDay(models.Model):
    """What the clicks on one publication came to on one day (UTC); kept for good.

    `people`: visitors told apart; `unseen`: clicks by those who asked not to be followed, which
    cannot be told apart; `machines`: crawlers, previews and prefetches, counted as nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    distribution = models.ForeignKey(
        Distribution, on_delete=models.CASCADE, related_name="click_days"
    )
    on = models.DateField("day")
    people = models.PositiveIntegerField(default=0, db_default=0)
    unseen = models.PositiveIntegerField(default=0, db_default=0)
    machines = models.PositiveIntegerField(default=0, db_default=0)

    objects = ClickDayQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-on", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "on"], name="one_sum_a_day"),
        ]
        indexes: ClassVar = [models.Index(fields=["company", "on"], name="click_days_of_company")]

    def __str__(self) -> str:
        return f"{self.on}: {self.people + self.unseen} clicks"


class KnownHostQuerySet(models.QuerySet["KnownHost"]):
    """Known hosts, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep hosts of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)


class KnownHost(models.Model):
    """A site that a company's apply links lead to straight away, without a page in between."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    host = models.CharField(
        max_length=253, help_text="jobs.example.com; what lies below it is meant too."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = KnownHostQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["host"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "host"], name="host_once_a_company"),
        ]

    def __str__(self) -> str:
        return self.host
