"""Fields of a job and their values, in words a person reads."""

from typing import Any

from django import template

from ingestion.rules.versions import label_of, value_of

register = template.Library()


@register.filter
def field_word(name: str) -> str:
    """Name a field."""
    return label_of(name)


@register.filter
def field_value(value: Any, name: str) -> str:
    """Say what a field holds; "nothing" where it is empty."""
    return value_of(name, value) or "nothing"
