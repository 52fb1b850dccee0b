"""Configured boards by REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import boards, channels, connecting
from distribution.filtersets import ChannelFilter
from distribution.models import Channel
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import company_named, writable
from .shapes import ChannelSerializer, FindingShape, NewChannelSerializer


class ChannelViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Channel]):
    """The boards a company publishes to; secrets are write-only."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = ChannelSerializer
    filterset_class = ChannelFilter
    queryset = Channel.objects.none()

    def get_queryset(self) -> QuerySet[Channel]:
        """Return the channels of the caller's companies."""
        rows = Channel.objects.visible_to(principal_of(self.request))
        return rows.select_related("company").order_by("company__slug", "slug")

    @extend_schema(request=NewChannelSerializer, responses={201: ChannelSerializer})
    def create(self, request: Request) -> Response:
        """Add a board with the figures of its contract."""
        form = NewChannelSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        columns: dict[str, Any] = dict(form.validated_data)
        company = company_named(request, columns.pop("company"))
        writable(request, company.pk)
        operator = principal_of(request).is_staff
        row = channels.create_channel(company, by_operator=operator, **columns)
        row.refresh_from_db()
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change columns of a board; new credentials end its old token."""
        channel = self.get_object()
        writable(request, channel.company_id)
        form = self.get_serializer(channel, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        operator = principal_of(request).is_staff
        columns = form.validated_data
        row = channels.change_channel(
            channel, actor=person(request), by_operator=operator, **columns
        )
        return Response(self.get_serializer(row).data)

    @extend_schema(responses={200: dict[str, Any]})
    @action(detail=True)
    def health(self, request: Request, pk: str) -> Response:
        """Say how a board is: allowance left, breaker, pause."""
        return Response(boards.health(self.get_object()))

    @extend_schema(request=None, responses={200: FindingShape})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Ask the board whether it knows us; a refused channel that is accepted goes on."""
        channel = self.get_object()
        writable(request, channel.company_id)
        finding = connecting.try_channel(channel, actor=person(request))
        return Response(FindingShape(finding).data)

    @extend_schema(request=None, responses={200: dict[str, Any]})
    @action(detail=True, methods=["post"], url_path="reset-breaker")
    def reset_breaker(self, request: Request, pk: str) -> Response:
        """Let calls through again by hand."""
        channel = self.get_object()
        writable(request, channel.company_id)
        boards.reset_breaker(channel)
        channel.refresh_from_db()
        return Response(boards.health(channel))
