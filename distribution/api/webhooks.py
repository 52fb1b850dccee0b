"""What boards tell us: the door for them, and what came in for the company."""

import base64
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from distribution.actions import inbound
from distribution.errors import HookTooLarge
from distribution.filtersets import InboundHookFilter
from distribution.models import Channel, HookKey, InboundHook
from distribution.rules.inbound import MAX_BYTES
from jobly.api import PerCaller
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import writable

HEADERS = [
    OpenApiParameter(name, str, location="header")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
]


class PerBoard(PerCaller):
    """Boards tell of every posting: ten times what others may ask."""

    anonymous_per_minute = 6000


class Webhook(APIView):
    """Where a board tells what became of postings, signed as Standard Webhooks are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (PerBoard,)

    @extend_schema(
        parameters=[*HEADERS, OpenApiParameter("company", str, description="slug")],
        request=dict[str, Any],
        responses={202: dict[str, Any], 200: dict[str, Any]},
    )
    def post(self, request: Request, channel: str) -> Response:
        """Keep an event: 202 when it is new, 200 when its id was kept before.

        `channel` is the id of a channel, or its slug where only one has it, or with `?company=`.
        """
        row = _channel(channel, request.query_params.get("company", ""))
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook, fresh = inbound.receive(row, headers, _body(request))
        code = status.HTTP_202_ACCEPTED if fresh else status.HTTP_200_OK
        return Response({"id": hook.pk, "state": hook.state, "repeated": not fresh}, status=code)


def _channel(word: str, company: str) -> Channel:
    """Return the channel an address names. Raises: Http404, the same for all that is wrong."""
    rows = Channel.objects.select_related("company")
    try:
        found = rows.filter(pk=UUID(word))
    except ValueError:
        found = rows.filter(slug=word)
        found = found.filter(company__slug=company) if company else found
    only = list(found[:2])
    if len(only) != 1:
        raise Http404
    return only[0]


def _body(request: Request) -> bytes:
    """Read the bytes as they came. Raises: HookTooLarge."""
    raw = request._request  # noqa: SLF001 # the way DRF has to Django's own request
    length = raw.headers.get("Content-Length", "0")
    too_long = length.isdecimal() and int(length) > MAX_BYTES
    body: bytes = b"" if too_long else raw.read(MAX_BYTES + 1)
    if too_long or len(body) > MAX_BYTES:
        raise HookTooLarge(f"An event has at most {MAX_BYTES} bytes; nothing was kept.")
    return body


class NewKeySerializer(serializers.Serializer[Any]):
    """What a new secret of a channel takes."""

    scheme = serializers.ChoiceField(HookKey.Scheme.choices, required=False)
    secret = serializers.CharField(
        required=False, min_length=16, max_length=200, help_text="the sender's own; else a new one"
    )


class HookSecret(APIView):
    """The secret a channel's events are signed with: written and shown once, never read."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)

    @extend_schema(request=NewKeySerializer, responses={201: dict[str, str]})
    def post(self, request: Request, pk: UUID) -> Response:
        """Make or take a new secret; the one before stays valid for a day."""
        channel = Channel.objects.visible_to(principal_of(request)).filter(pk=pk).first()
        if channel is None:
            raise Http404
        writable(request, channel.company_id)
        form = NewKeySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        text = inbound.new_key(channel, **form.validated_data)
        url = request.build_absolute_uri(reverse("api:webhook", args=[channel.pk]))
        return Response({"secret": text, "url": url}, status=status.HTTP_201_CREATED)


class InboundHookSerializer(serializers.ModelSerializer[InboundHook]):
    """One event as it was taken in."""

    channel = serializers.CharField(source="channel.slug", read_only=True)
    company = serializers.CharField(source="channel.company.slug", read_only=True)

    class Meta:
        model = InboundHook
        fields: ClassVar = [
            "id", "company", "channel", "channel_id", "event_id", "type", "topic", "state", "why",
            "signed_at", "received_at", "settled_at", "repeats", "version", "distribution_id",
        ]  # fmt: skip
        read_only_fields = fields


class WholeHookSerializer(InboundHookSerializer):
    """One event with its bytes."""

    body = serializers.SerializerMethodField()
    body_base64 = serializers.SerializerMethodField()

    class Meta(InboundHookSerializer.Meta):
        fields: ClassVar = [*InboundHookSerializer.Meta.fields, "headers", "body", "body_base64"]
        read_only_fields = fields

    def get_body(self, row: InboundHook) -> str:
        """Return the text of the body."""
        return bytes(row.body).decode("utf-8", "replace")

    def get_body_base64(self, row: InboundHook) -> str:
        """Return the very bytes."""
        return base64.b64encode(bytes(row.body)).decode()


class InboundHookViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[InboundHook]):
    """Events that boards sent: kept as they came, with what was done about each."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = InboundHookSerializer
    filterset_class = InboundHookFilter
    queryset = InboundHook.objects.none()

    def get_queryset(self) -> QuerySet[InboundHook]:
        """Return the events of the caller's channels, newest first."""
        rows = InboundHook.objects.visible_to(principal_of(self.request))
        rows = rows.select_related("channel__company").order_by("-id")
        return rows if self.action == "retrieve" else rows.without_body()

    @extend_schema(responses=WholeHookSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show one event with its bytes."""
        return Response(WholeHookSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={202: InboundHookSerializer})
    @action(detail=True, methods=["post"], url_path="apply-again")
    def apply_again(self, request: Request, pk: str) -> Response:
        """Apply a kept event once more; what is newer than it stays as it is."""
        hook = self.get_object()
        writable(request, hook.channel.company_id)
        row = inbound.apply_again(hook)
        shape = self.get_serializer(self.get_queryset().get(pk=row.pk)).data
        return Response(shape, status=status.HTTP_202_ACCEPTED)
