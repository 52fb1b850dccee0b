"""How lists of channels and distributions are narrowed: one set for the API and the admin."""

from typing import ClassVar
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet

from .models import Channel, Distribution, HookDelivery, InboundHook


def by_slug_or_id(word: str, prefix: str = "") -> Q:
    """Return the condition that a row, found by `prefix`, has this id or this slug."""
    try:
        return Q(**{f"{prefix}pk": UUID(word)})
    except ValueError:
        return Q(**{f"{prefix}slug": word})


class ChannelFilter(django_filters.FilterSet):
    """?company= by slug or id, ?kind=, ?enabled=."""

    company = django_filters.CharFilter(method="of_company", label="Company")
    kind = django_filters.ChoiceFilter(choices=Channel.Kind.choices)
    enabled = django_filters.BooleanFilter()

    class Meta:
        model = Channel
        fields: ClassVar[list[str]] = []

    def of_company(self, rows: QuerySet[Channel], _name: str, value: str) -> QuerySet[Channel]:
        """Keep channels of one company."""
        return rows.filter(by_slug_or_id(value, "company__"))


class DistributionFilter(django_filters.FilterSet):
    """?company= ?channel= by slug or id, ?status= (by comma), ?job= ?upload= ?plan= ?since=."""

    company = django_filters.CharFilter(method="of_company", label="Company")
    channel = django_filters.CharFilter(method="on_channel", label="Channel")
    status = django_filters.BaseInFilter(field_name="status", label="Status")
    job = django_filters.NumberFilter(field_name="job_id", label="Job")
    upload = django_filters.UUIDFilter(field_name="upload_id", label="Upload")
    plan = django_filters.UUIDFilter(field_name="plan_id", label="Run that planned it")
    since = django_filters.IsoDateTimeFilter(
        field_name="updated_at", lookup_expr="gte", label="Changed since"
    )

    class Meta:
        model = Distribution
        fields: ClassVar[list[str]] = []

    def of_company(
        self, rows: QuerySet[Distribution], _name: str, value: str
    ) -> QuerySet[Distribution]:
        """Keep distributions of one company."""
        return rows.filter(by_slug_or_id(value, "company__"))

    def on_channel(
        self, rows: QuerySet[Distribution], _name: str, value: str
    ) -> QuerySet[Distribution]:
        """Keep distributions on one channel."""
        return rows.filter(by_slug_or_id(value, "channel__"))


class InboundHookFilter(django_filters.FilterSet):
    """?channel= by slug or id, ?state= (several by comma), ?type=, ?distribution=, ?since=."""

    channel = django_filters.CharFilter(method="on_channel", label="Channel")
    state = django_filters.BaseInFilter(field_name="state", label="State")
    type = django_filters.CharFilter(field_name="type", label="Type")
    distribution = django_filters.UUIDFilter(field_name="distribution_id", label="Distribution")
    since = django_filters.IsoDateTimeFilter(
        field_name="received_at", lookup_expr="gte", label="Received since"
    )

    class Meta:
        model = InboundHook
        fields: ClassVar[list[str]] = []

    def on_channel(
        self, rows: QuerySet[InboundHook], _name: str, value: str
    ) -> QuerySet[InboundHook]:
        """Keep events of one channel."""
        return rows.filter(by_slug_or_id(value, "channel__"))


class HookDeliveryFilter(django_filters.FilterSet):
    """?state= (several by comma), ?type=, ?since=."""

    state = django_filters.BaseInFilter(field_name="state", label="State")
    type = django_filters.CharFilter(field_name="type", label="Type")
    since = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", label="Told since"
    )

    class Meta:
        model = HookDelivery
        fields: ClassVar[list[str]] = []
