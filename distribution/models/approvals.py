"""Who has to say yes before a job goes out, and what they said."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .channels import Channel
from .distributions import Distribution


class ApprovalSetting(models.Model):
    """Whether publications wait for a yes: of a whole company, or of one of its channels.

    A channel's own word goes before its company's (`channel` null); without either nothing waits.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, null=True, related_name="+")
    is_needed = models.BooleanField()
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "channel"], nulls_distinct=False, name="one_approval_setting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel or self.company}: {'needed' if self.is_needed else 'not needed'}"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep approvals of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def open(self) -> Self:
        """Keep those nobody decided."""
        return self.filter(decision="")

    def with_names(self) -> Self:
        """Fetch what a list shows in one query."""
        return self.select_related(
            "company", "distribution__job", "distribution__channel", "asked_by", "decided_by"
        )


class Approval(models.Model):
    """A publication that waits for somebody's yes, and what became of it.

    While it is open its distribution stays `pending` and nothing is sent.
    """

    class Decision(models.TextChoices):
        """What was said; empty while nobody did. `dropped`: it was closed without an answer."""

        APPROVED = "approved"
        REJECTED = "rejected"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    distribution = models.ForeignKey(
        Distribution, on_delete=models.CASCADE, related_name="approvals"
    )
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, editable=False)
    why = models.TextField(blank=True)
    content_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Fingerprint of the words that the yes is for.",
    )

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["distribution"], condition=Q(decision=""), name="one_open_approval"
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at=None)
                | Q(decision__in=["approved", "rejected", "dropped"], decided_at__isnull=False),
                name="decision_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-id"], condition=Q(decision=""), name="to_approve")
        ]

    def __str__(self) -> str:
        return f"Approval of {self.distribution_id}"
