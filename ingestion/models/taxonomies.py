"""Taxonomies that an operator imported: occupations and skills with their names."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Taxonomy(models.Model):
    """A list of occupations or skills of somebody else's, as it was imported last."""

    name = models.CharField(max_length=40, unique=True)
    holds = models.CharField(max_length=12, help_text="occupations or skills")
    version = models.CharField(max_length=40, blank=True)
    attribution = models.TextField(help_text="Whom to name for it, and by which licence.")
    rows = models.PositiveIntegerField(default=0)
    imported_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "taxonomies"

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Named(models.Model):
    """What occupations and skill terms share: a code, a name and other names in one taxonomy."""

    id = models.BigAutoField(primary_key=True)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=200)
    name = models.CharField(max_length=120)
    others = ArrayField(models.TextField(), default=list)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Occupation(Named):
    """An occupation of a taxonomy."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["taxonomy", "code"], name="occupation_code")
        ]


class SkillTerm(Named):
    """A skill of a taxonomy."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["taxonomy", "code"], name="skill_term_code")
        ]
