"""How runs are narrowed, in the API and on pages."""

from typing import ClassVar

import django_filters

from .models import Run


class RunFilter(django_filters.FilterSet):
    """Runs by type, status, company slug, family and age."""

    type = django_filters.CharFilter(field_name="kind")
    company = django_filters.CharFilter(field_name="company__slug")
    parent = django_filters.UUIDFilter(field_name="parent_id")
    root = django_filters.UUIDFilter(field_name="root_id")
    created_since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Run
        fields: ClassVar = ["status", "queue"]
