"""What publishing cost, and what it may cost."""

from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from distribution.rules import costs
from jobly.users.models import Company, User
from jobly.users.rules import Principal

from .channels import Channel
from .distributions import Distribution


class ChargeQuerySet(models.QuerySet["Charge"]):
    """Charges, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep charges of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)

    def within(self, budget: "Budget") -> Self:
        """Keep what a budget counts, whenever it was charged."""
        rows = self.filter(company_id=budget.company_id, currency=budget.currency)
        if budget.channel_id:
            rows = rows.filter(channel_id=budget.channel_id)
        return rows.filter(actor_id=budget.user_id) if budget.user_id else rows


class Charge(models.Model):
    """One amount that a publication cost, or got back; written once, never changed.

    `key` says what it is for, so that nothing is charged twice whatever is repeated.
    """

    class Kind(models.TextChoices):
        """What it was for."""

        FLAT = "flat", "for a posting"
        CREDIT = "credit", "a credit"
        CLICK = "click", "for clicks"
        APPLY = "apply", "for applications"
        REFUND = "refund", "given back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    distribution = models.ForeignKey(Distribution, on_delete=models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=8, choices=Kind)
    amount_minor = models.BigIntegerField(help_text="Below zero when it was given back.")
    currency = models.CharField(max_length=3, blank=True)
    credits = models.SmallIntegerField(default=0)
    units = models.PositiveIntegerField(default=1, help_text="Postings, clicks or applications.")
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    key = models.CharField(max_length=100, unique=True, editable=False)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["company", "currency", "at"]),
            models.Index(fields=["channel", "at"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="refund", amount_minor__lte=0, credits__lte=0)
                | (~Q(kind="refund") & Q(amount_minor__gte=0, credits__gte=0)),
                name="only_refunds_give_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {costs.in_words(self.amount_minor, self.currency)}"


class BudgetQuerySet(models.QuerySet["Budget"]):
    """Budgets, narrowed."""

    def visible_to(self, principal: Principal) -> Self:
        """Keep budgets of the principal's companies."""
        if principal.is_staff:
            return self
        return self.filter(company_id__in=principal.company_ids)


class Budget(models.Model):
    """How much a company may spend on publishing: in all or on one channel, by one or by all."""

    class Period(models.TextChoices):
        """When it begins anew; months are those of UTC."""

        MONTH = "month", "each month"
        TOTAL = "total", "in all"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(
        Channel,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: all channels together.",
    )
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="recruiter",
        help_text="Empty: whoever publishes.",
    )
    period = models.CharField(max_length=8, choices=Period, default=Period.MONTH)
    cap_minor = models.PositiveBigIntegerField("cap", help_text="In hundredths: 50000 is 500.00.")
    currency = models.CharField(max_length=3, default="EUR")
    warn_at = models.PositiveSmallIntegerField(
        "warn at",
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of the cap.",
    )
    told_for = models.CharField(max_length=8, blank=True, editable=False)
    told_level = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["company", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "channel", "user", "period", "currency"],
                nulls_distinct=False,
                name="one_budget_a_purpose",
            ),
            models.CheckConstraint(
                condition=Q(warn_at__gte=1, warn_at__lte=100), name="warns_within_its_cap"
            ),
        ]

    def __str__(self) -> str:
        where = self.channel.name if self.channel else "all channels"
        who = f" by {self.user}" if self.user else ""
        cap = costs.in_words(self.cap_minor, self.currency)
        return f"{cap} {self.get_period_display()}, {where}{who}"
