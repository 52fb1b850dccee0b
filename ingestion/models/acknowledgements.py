"""What lets pages of a site be asked for: who answers for it, its cookies, its robots.txt."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from ingestion.rules.acknowledging import BASES
from ingestion.rules.robots import Robots, State
from jobly.crypto import EncryptedJSONField
from jobly.users.models import User
from jobly.users.rules import Principal

from .sources import Source


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    """Acknowledgements, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Show them to operators only."""
        return self if principal.is_staff else self.none()

    def valid(self) -> Self:
        """Keep those that are neither over nor withdrawn."""
        return self.filter(expires_at__gt=Now(), withdrawn_at=None)

    def without_robots(self) -> Self:
        """Keep valid ones under which robots.txt is not obeyed."""
        return self.valid().filter(respect_robots=False)


class Acknowledgement(models.Model):
    """A superuser's word that pages of a source may be collected: on what ground, until when.

    Never changed and never deleted by hand; withdrawing it ends it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="acknowledgements")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    who = models.CharField(max_length=254, help_text="The address of that person, for ever.")
    basis = models.CharField(max_length=24, choices=list(BASES.items()))
    evidence = models.TextField(help_text="Where the permission or the terms can be looked up.")
    typed = models.TextField(help_text="The sentence as it was typed.")
    text_version = models.PositiveSmallIntegerField()
    respect_robots = models.BooleanField(default=True)
    agent = models.CharField(
        max_length=200,
        blank=True,
        help_text="Another name than our own under which pages are read.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [models.Index(fields=["source", "-expires_at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="acknowledged_for_a_while"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.who}, {self.created_at:%Y-%m-%d}"


class CookieJarQuerySet(models.QuerySet["CookieJar"]):
    """Cookie jars, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Show them to operators only; what is in them nobody sees."""
        return self if principal.is_staff else self.none()


class CookieJar(models.Model):
    """The cookies one site gave the collector of one source, sealed, for a while."""

    source = models.OneToOneField(
        Source, on_delete=models.CASCADE, primary_key=True, related_name="cookie_jar"
    )
    cookies = EncryptedJSONField()
    many = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    objects = CookieJarQuerySet.as_manager()

    def __str__(self) -> str:
        return f"cookies of {self.source}"


class RobotsCopy(models.Model):
    """What an origin's robots.txt said when it was asked last; used for a day at most."""

    origin = models.CharField(max_length=300, primary_key=True)
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in State])
    status = models.PositiveSmallIntegerField(null=True)
    text = models.TextField(blank=True)
    fetched_at = models.DateTimeField(db_default=Now())
    keep_until = models.DateTimeField()

    class Meta:
        verbose_name = "copy of robots.txt"
        verbose_name_plural = "copies of robots.txt"

    def __str__(self) -> str:
        return self.origin

    @property
    def rules(self) -> Robots:
        """The copy as rules."""
        return Robots(State(self.state), self.text)
