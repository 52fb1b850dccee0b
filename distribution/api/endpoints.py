"""Endpoints that hear of a company's facts, with the log of every telling."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import endpoints
from distribution.filtersets import HookDeliveryFilter
from distribution.models import HookDelivery, HookEndpoint, HookTry
from distribution.rules.telling import EVENTS
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import company_named, writable

UUID_SHAPE = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
EVENT_NAMES = ", ".join(EVENTS)


class EndpointSerializer(serializers.ModelSerializer[HookEndpoint]):
    """One endpoint; its secret is not among what it shows."""

    company = serializers.CharField(source="company.slug", read_only=True)
    url = serializers.URLField(max_length=500)
    events = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        max_length=100,
        help_text=f"Empty = all of: {EVENT_NAMES}",
    )
    waiting = serializers.IntegerField(read_only=True, default=0)
    dead = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = HookEndpoint
        fields: ClassVar = [
            "id", "company", "url", "description", "events", "enabled", "disabled_reason",
            "disabled_at", "failing_since", "waiting", "dead", "created_at",
        ]  # fmt: skip
        read_only_fields = ("id", "disabled_reason", "disabled_at", "failing_since", "created_at")


class NewEndpointSerializer(serializers.Serializer[Any]):
    """What a new endpoint takes."""

    company = serializers.CharField(required=False, help_text="slug; needed with several")
    url = serializers.URLField(max_length=500)
    events = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=100
    )
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)


class MadeEndpointSerializer(EndpointSerializer):
    """A new endpoint with its secret, this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(EndpointSerializer.Meta):
        fields: ClassVar = [*EndpointSerializer.Meta.fields, "secret"]


class TrySerializer(serializers.ModelSerializer[HookTry]):
    """One try and what came of it."""

    class Meta:
        model = HookTry
        fields: ClassVar = ["number", "sent_at", "ended_at", "http_status", "answer", "error", "ms"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[HookDelivery]):
    """One telling with its body and every try."""

    attempts = TrySerializer(many=True, read_only=True)

    class Meta:
        model = HookDelivery
        fields: ClassVar = [
            "id", "endpoint_id", "event_id", "type", "state", "why", "tries", "next_at", "ended_at",
            "created_at", "body", "attempts",
        ]  # fmt: skip
        read_only_fields = fields


class EndpointViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[HookEndpoint]):
    """Addresses that are told what happens, signed as Standard Webhooks are."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = EndpointSerializer
    queryset = HookEndpoint.objects.none()

    def get_queryset(self) -> QuerySet[HookEndpoint]:
        """Return the endpoints of the caller's companies, newest first."""
        rows = HookEndpoint.objects.visible_to(principal_of(self.request))
        return rows.select_related("company").with_counts().order_by("-id")

    def _mine(self, request: Request) -> HookEndpoint:
        """Return the endpoint if the caller's role may change it."""
        row = self.get_object()
        writable(request, row.company_id)
        return row

    @extend_schema(request=NewEndpointSerializer, responses={201: MadeEndpointSerializer})
    def create(self, request: Request) -> Response:
        """Add an endpoint; the answer holds its secret, which is never shown again."""
        form = NewEndpointSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(form.validated_data)
        company = company_named(request, given.pop("company", None))
        writable(request, company.pk)
        row, secret = endpoints.create_endpoint(company, **given)
        shape = self.get_serializer(self.get_queryset().get(pk=row.pk)).data
        return Response({**shape, "secret": secret}, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change its address, its events, or switch it on or off."""
        row = self._mine(request)
        form = self.get_serializer(row, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        endpoints.change_endpoint(row, **form.validated_data)
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove it with its log."""
        endpoints.remove_endpoint(self._mine(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def ping(self, request: Request, pk: str) -> Response:
        """Send it an event that says nothing."""
        row = endpoints.ping(self._mine(request))
        return Response(DeliverySerializer(row).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={201: dict[str, str]})
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """Make a new secret; for a day both sign."""
        secret = endpoints.rotate_secret(self._mine(request))
        return Response({"secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: dict[str, int]})
    @action(detail=True, methods=["post"], url_path="replay-dead")
    def replay_dead(self, request: Request, pk: str) -> Response:
        """Tell again, under their own ids, up to 1,000 events that were given up."""
        count = endpoints.replay_dead(self._mine(request))
        return Response({"replayed": count}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=DeliverySerializer(many=True))
    @action(detail=True)
    def deliveries(self, request: Request, pk: str) -> Response:
        """List what it was told, newest first, with bodies and every try."""
        rows = HookDelivery.objects.filter(endpoint=self.get_object()).order_by("-id")
        narrowed = HookDeliveryFilter(request.query_params, rows, request=request).qs
        page: Any = self.paginate_queryset(narrowed.prefetch_related("attempts"))
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(
        detail=True,
        methods=["post"],
        url_path=f"deliveries/(?P<delivery>{UUID_SHAPE})/replay",
        url_name="replay",
    )
    def replay(self, request: Request, pk: str, delivery: str) -> Response:
        """Tell one event again under its own id."""
        endpoint = self._mine(request)
        rows = HookDelivery.objects.filter(endpoint=endpoint)
        row = rows.filter(pk=UUID(delivery)).first()
        if row is None:
            raise Http404
        shape = DeliverySerializer(endpoints.replay(row)).data
        return Response(shape, status=status.HTTP_202_ACCEPTED)
