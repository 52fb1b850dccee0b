"""Rules that put new jobs on their channels."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution.rules.routing import Conditions, read_conditions
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .channels import Channel


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    """Rules, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep rules of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def active(self) -> Self:
        """Keep those that are switched on, the most urgent first."""
        return self.filter(enabled=True).order_by("priority", "id")


class RoutingRule(models.Model):
    """Jobs of a company like this go to these channels, by themselves, once.

    `conditions` is what `rules.routing.Conditions` reads; of several rules that want a pair the
    one with the lowest `priority` is named. `delay` is waited before the first job of a batch goes
    out, `stagger` between each and the next.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    conditions = models.JSONField(default=dict, blank=True)
    channels = models.ManyToManyField(Channel, related_name="+")
    enabled = models.BooleanField(default=True)
    priority = models.PositiveSmallIntegerField(default=100)
    delay = models.DurationField(default=timedelta(0))
    stagger = models.DurationField(default=timedelta(0))
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["priority", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "name"], name="routing_rule_once"),
            models.CheckConstraint(
                condition=Q(delay__gte=timedelta(0), stagger__gte=timedelta(0)),
                name="routing_waits_forwards",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wanted(self) -> Conditions:
        """The conditions as values."""
        return read_conditions(self.conditions)[0]
