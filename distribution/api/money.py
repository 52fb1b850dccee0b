"""What publishing cost and may cost, by REST; read only."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers, viewsets
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from distribution.models import Budget, Charge
from distribution.reports.costs import standings_of
from jobly.users.api import HasScope
from jobly.users.models import principal_of


class BudgetSerializer(serializers.ModelSerializer[Budget]):
    """How much may be spent, and how much was; amounts in minor units of the currency."""

    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    channel: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    recruiter = serializers.SerializerMethodField()
    spent_minor = serializers.SerializerMethodField()
    left_minor = serializers.SerializerMethodField()

    class Meta:
        model = Budget
        fields: ClassVar = [
            "id", "company", "channel", "recruiter", "period", "cap_minor", "currency", "warn_at",
            "spent_minor", "left_minor", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_recruiter(self, row: Budget) -> str | None:
        """Return whose spending it counts, None for everybody's."""
        return row.user.email if row.user else None

    def get_spent_minor(self, row: Budget) -> int:
        """Return what was spent in the present period."""
        known: dict[Any, int] = getattr(self.context.get("view"), "spent", {})
        return known[row.pk] if row.pk in known else standings_of([row])[0].spent_minor

    def get_left_minor(self, row: Budget) -> int:
        """Return what may still be spent."""
        return max(0, row.cap_minor - self.get_spent_minor(row))


class ChargeSerializer(serializers.ModelSerializer[Charge]):
    """One amount that a publication cost, or got back."""

    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    channel: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    job = serializers.IntegerField(source="distribution.job_id", read_only=True)

    class Meta:
        model = Charge
        fields: ClassVar = [
            "id", "company", "channel", "distribution", "job", "kind", "amount_minor", "currency",
            "credits", "units", "at",
        ]  # fmt: skip
        read_only_fields = fields


class BudgetViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Budget]):
    """Budgets of the caller's companies with what is left of them."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = BudgetSerializer
    queryset = Budget.objects.none()
    spent: dict[Any, int]

    def get_queryset(self) -> QuerySet[Budget]:
        """Return what the caller sees."""
        rows = Budget.objects.visible_to(principal_of(self.request))
        return rows.select_related("company", "channel", "user").order_by("-id")

    def paginate_queryset(self, queryset: Any) -> Any:
        """Count what a page of budgets has spent, in one query."""
        page = super().paginate_queryset(queryset)
        self.spent = {one.budget.pk: one.spent_minor for one in standings_of(page or [])}
        return page


class ChargeViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Charge]):
    """What publications cost, newest first."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = ChargeSerializer
    filterset_fields: ClassVar = {"distribution": ["exact"], "kind": ["exact"], "at": ["gte", "lt"]}
    queryset = Charge.objects.none()

    def get_queryset(self) -> QuerySet[Charge]:
        """Return what the caller sees."""
        rows = Charge.objects.visible_to(principal_of(self.request))
        return rows.select_related("company", "channel", "distribution").order_by("-id")
