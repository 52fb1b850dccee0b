"""Rules that put new jobs on channels, by REST."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import routing
from distribution.actions.bulk import channels_named
from distribution.models import RoutingRule
from distribution.reports.routing import try_rule
from distribution.rules.staggering import LONGEST_WAIT
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import Company, principal_of

from .asking import company_named, writable


class RoutingRuleSerializer(serializers.ModelSerializer[RoutingRule]):
    """Jobs like `conditions` go to `channels`, by themselves, once."""

    company = serializers.CharField(source="company.slug", read_only=True)
    channels: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True, many=True
    )

    class Meta:
        model = RoutingRule
        fields: ClassVar = [
            "id", "company", "name", "conditions", "channels", "enabled", "priority", "delay",
            "stagger", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class RuleSerializer(serializers.Serializer[Any]):
    """What a rule takes; all but the name may be left out."""

    company = serializers.CharField(required=False, help_text="slug")
    name = serializers.CharField(max_length=100)
    conditions = serializers.DictField(required=False)
    channels = serializers.ListField(child=serializers.CharField(), max_length=50)
    enabled = serializers.BooleanField(required=False)
    priority = serializers.IntegerField(min_value=0, max_value=32767, required=False)
    delay = serializers.DurationField(required=False)
    stagger = serializers.DurationField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Wait forwards only, and not for ever."""
        wrong: dict[str, Any] = {
            name: f"Between nothing and {LONGEST_WAIT.days} days."
            for name in ("delay", "stagger")
            if name in attrs and not timedelta(0) <= attrs[name] <= LONGEST_WAIT
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


class RoutingRuleViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[RoutingRule]):
    """Rules of the caller's companies."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = RoutingRuleSerializer
    queryset = RoutingRule.objects.none()

    def get_queryset(self) -> QuerySet[RoutingRule]:
        """Return the rules, the most urgent first."""
        rows = RoutingRule.objects.visible_to(principal_of(self.request))
        named = rows.select_related("company").prefetch_related("channels")
        return named.order_by("company__slug", "priority", "id")

    @extend_schema(request=RuleSerializer, responses={201: RoutingRuleSerializer})
    def create(self, request: Request) -> Response:
        """Make a rule."""
        form = RuleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        company = company_named(request, given.pop("company", None))
        writable(request, company.pk)
        row = self._written(request, company, given)
        return Response(self._shape(row), status=status.HTTP_201_CREATED)

    @extend_schema(request=RuleSerializer, responses={200: RoutingRuleSerializer})
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a rule; what is left out stays."""
        rule = self.get_object()
        writable(request, rule.company_id)
        form = RuleSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        given = {name: value for name, value in form.validated_data.items() if name != "company"}
        return Response(self._shape(self._written(request, rule.company, given, rule)))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Forget a rule; what it put on channels stays there."""
        rule = self.get_object()
        writable(request, rule.company_id)
        routing.drop_rule(rule)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={200: dict[str, Any]})
    @action(detail=True, url_path="try", url_name="try")
    def dry_run(self, request: Request, pk: str) -> Response:
        """Say what the rule would do with the open jobs that are there; nothing is sent."""
        trial = try_rule(self.get_object(), now=timezone.now())
        refused = [
            {"job": one.job.pk, "channel": one.channel.slug, "message": one.refused}
            for one in trial.refused
        ]
        told = {"jobs": trial.jobs, "met": trial.met, "pairs": trial.pairs, "there": trial.there}
        names = [job.pk for job in trial.names]
        return Response({**told, "first_jobs": names, "refused": refused})

    def _written(
        self,
        request: Request,
        company: Company,
        given: dict[str, Any],
        rule: RoutingRule | None = None,
    ) -> RoutingRule:
        if "channels" in given:
            given["channels"] = channels_named(company, given["channels"])
        return routing.write_rule(company, given, actor=person(request), rule=rule)

    def _shape(self, row: RoutingRule) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=row.pk)).data
