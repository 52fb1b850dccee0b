"""Publications that wait for a yes, by REST."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import approving
from distribution.models import Approval
from distribution.rules.approvals import MOST_DECIDED
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import writable


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A publication that waits, or what was said of it; `decision` is empty while it waits."""

    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    job = serializers.IntegerField(source="distribution.job_id", read_only=True)
    job_title = serializers.CharField(source="distribution.job.title", read_only=True)
    channel = serializers.CharField(source="distribution.channel.slug", read_only=True)
    asked_by = serializers.CharField(source="asked_by.email", read_only=True, default="")
    decided_by = serializers.CharField(source="decided_by.email", read_only=True, default="")

    class Meta:
        model = Approval
        fields: ClassVar = [
            "id", "company", "distribution", "job", "job_title", "channel", "asked_by", "asked_at",
            "decision", "decided_by", "decided_at", "why",
        ]  # fmt: skip
        read_only_fields = fields


class ReasonSerializer(serializers.Serializer[Any]):
    """Why somebody says yes or no."""

    why = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class DecideSerializer(ReasonSerializer):
    """Many at once."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_DECIDED)
    decision = serializers.ChoiceField(choices=["approve", "reject"])


class ApprovalViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Approval]):
    """What waits for somebody's yes; ?decision= approved, rejected, dropped or all."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = ApprovalSerializer
    queryset = Approval.objects.none()

    def get_queryset(self) -> QuerySet[Approval]:
        """Return the approvals of the caller's companies, newest first; open ones in lists."""
        rows = Approval.objects.visible_to(principal_of(self.request)).with_names().order_by("-id")
        wanted = self.request.query_params.get("decision", "")
        return rows if self.action != "list" or wanted == "all" else rows.filter(decision=wanted)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let it go."""
        return self._decide(request, approve=True)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Refuse it."""
        return self._decide(request, approve=False)

    def _decide(self, request: Request, *, approve: bool) -> Response:
        row = self.get_object()
        writable(request, row.company_id)
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        why = form.validated_data["why"]
        approving.decide(row, approve=approve, why=why, actor=person(request))
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)

    @extend_schema(request=DecideSerializer, responses={200: dict[str, Any]})
    @action(detail=False, methods=["post"])
    def decide(self, request: Request) -> Response:
        """Say yes or no to many; each has its own answer, in the order of `ids`."""
        form = DecideSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        rows = {row.pk: row for row in self.get_queryset().filter(pk__in=sent["ids"])}
        known = [rows[key] for key in sent["ids"] if key in rows]
        for row in known:
            writable(request, row.company_id)
        said = approving.decide_all(
            known, approve=sent["decision"] == "approve", why=sent["why"], actor=person(request)
        )
        errors = {one.approval.pk: one.error for one in said}
        return Response({"results": [_told(key, errors) for key in sent["ids"]]})


def _told(key: Any, errors: dict[Any, Any]) -> dict[str, Any]:
    """Say what became of one of many."""
    if key not in errors:
        unknown = {"code": "not_found", "field": "ids", "message": "There is no such approval."}
        return {"id": str(key), "success": False, "error": unknown}
    wrong = errors[key]
    told = {"code": wrong.code, "field": "", "message": wrong.message} if wrong else None
    return {"id": str(key), "success": wrong is None, "error": told}
