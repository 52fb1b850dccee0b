"""What was taken down and does not come back: digests only, nothing of the content."""

from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now

from jobly.users.models import User
from jobly.users.rules import Principal

from .sources import Source


class TakedownQuerySet(models.QuerySet["Takedown"]):
    """Takedowns, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Show them to operators only."""
        return self if principal.is_staff else self.none()


class Takedown(models.Model):
    """One source was taken out: by whom, why, and how much there was."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, related_name="+")
    source_name = models.CharField(max_length=200)
    why = models.TextField()
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    counts = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    objects = TakedownQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.source_name}, {self.at:%Y-%m-%d}"


class Withheld(models.Model):
    """A digest that is not taken in again: of bytes, of an entry, of an address or of a content."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    takedown = models.ForeignKey(Takedown, on_delete=models.CASCADE, related_name="withheld")

    class Meta:
        verbose_name_plural = "withheld"

    def __str__(self) -> str:
        return self.digest[:12]
