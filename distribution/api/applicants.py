"""Applicants by REST: who applied, how far they are, moving them, notes and stars."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import applicants as actions
from distribution.filtersets import by_slug_or_id
from distribution.models import Answer, Applicant, ApplicantMove, ReplyTemplate
from distribution.rules.stages import BY_RECRUITERS
from jobly.errors import Rejected
from jobly.live import web_origin
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import writable


class AnswerShape(serializers.ModelSerializer[Answer]):
    """An answer to a question, as it was asked."""

    class Meta:
        model = Answer
        fields: ClassVar = ["label", "kind", "value", "flagged"]


class MoveShape(serializers.ModelSerializer[ApplicantMove]):
    """One step."""

    class Meta:
        model = ApplicantMove
        fields: ClassVar = ["id", "was", "became", "at", "reason", "batch"]


class ApplicantSerializer(serializers.ModelSerializer[Applicant]):
    """One application; an erased one has its id and stage only."""

    company: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    job_title = serializers.CharField(source="job.title", read_only=True)
    channel = serializers.SerializerMethodField()
    looks_like_another = serializers.SerializerMethodField()

    class Meta:
        model = Applicant
        fields: ClassVar = [
            "id", "company", "job", "job_title", "distribution", "channel", "known", "name",
            "email", "phone", "stage", "stage_at", "rating", "flags", "looks_like_another",
            "heard_at", "created_at", "erased_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_channel(self, row: Applicant) -> str | None:
        """Name the channel it came by, if that is known."""
        return row.distribution.channel.slug if row.distribution else None

    def get_looks_like_another(self, row: Applicant) -> bool:
        """Whether another application of the company may be the same person's."""
        return bool(getattr(row, "has_twin", False))


class WholeApplicantSerializer(ApplicantSerializer):
    """One application with its answers and steps."""

    answers = AnswerShape(many=True, read_only=True)
    moves = MoveShape(many=True, read_only=True)

    class Meta(ApplicantSerializer.Meta):
        fields: ClassVar = [*ApplicantSerializer.Meta.fields, "cover", "answers", "moves"]
        read_only_fields = fields


class NewMoveSerializer(serializers.Serializer[Any]):
    """Where an application goes; with `reply`, the id of a template, the person is told."""

    to = serializers.ChoiceField(choices=sorted(BY_RECRUITERS))
    reason = serializers.CharField(required=False, max_length=500, default="")
    reply = serializers.UUIDField(required=False, allow_null=True, default=None)


class NewNoteSerializer(serializers.Serializer[Any]):
    """A note for colleagues."""

    text = serializers.CharField(max_length=4000)


class StarsSerializer(serializers.Serializer[Any]):
    """The caller's own stars."""

    stars = serializers.IntegerField(min_value=1, max_value=5)


class ApplicantFilter(django_filters.FilterSet):
    """?company= by slug or id, ?job=, ?stage= (several by comma), ?channel=, ?known=, ?since=."""

    company = django_filters.CharFilter(method="of_company", label="Company")
    job = django_filters.NumberFilter(field_name="job_id", label="Job")
    stage = django_filters.BaseInFilter(field_name="stage", label="Stage")
    channel = django_filters.CharFilter(method="by_channel", label="Channel")
    known = django_filters.ChoiceFilter(choices=Applicant.Known.choices)
    since = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", label="Applied since"
    )

    class Meta:
        model = Applicant
        fields: ClassVar[list[str]] = []

    def of_company(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Keep applicants of one company."""
        return rows.filter(by_slug_or_id(value, "company__"))

    def by_channel(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Keep those who came by one channel."""
        return rows.filter(by_slug_or_id(value, "distribution__channel__"))


class ApplicantViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Applicant]):
    """Applications to the caller's companies.

    What changes something answers with ids and stages, never with what is known of a person.
    """

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = ApplicantSerializer
    filterset_class = ApplicantFilter
    queryset = Applicant.objects.none()

    def get_queryset(self) -> QuerySet[Applicant]:
        """Return the applicants of the caller's companies, newest first."""
        rows = Applicant.objects.visible_to(principal_of(self.request)).with_names().with_twins()
        if self.action == "retrieve":
            rows = rows.prefetch_related("answers", "moves")
        return rows.order_by("-id")

    def get_serializer_class(self) -> type[ApplicantSerializer]:
        """Show answers and steps of a single one."""
        return WholeApplicantSerializer if self.action == "retrieve" else ApplicantSerializer

    def _mine(self, request: Request) -> Applicant:
        """Return the application if the caller's role may change it."""
        row = self.get_object()
        writable(request, row.company_id)
        return row

    @extend_schema(request=NewMoveSerializer, responses=MoveShape)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Bring it to another stage."""
        row = self._mine(request)
        form = NewMoveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        reply = None
        if sent["reply"]:
            templates = ReplyTemplate.objects.filter(company=row.company_id)
            reply = templates.filter(pk=sent["reply"]).first()
            if reply is None:
                fields = {"reply": ["unknown template"]}
                raise Rejected("There is no such template; nothing was changed.", fields=fields)
        step = actions.Step(sent["to"], person(request), sent["reason"], reply, web_origin(request))
        return Response(MoveShape(actions.move(row, step)).data)

    @extend_schema(request=None, responses={200: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take the newest move back, for ten minutes."""
        row = self._mine(request)
        newest = row.moves.filter(pk__in=row.moves.order_by("-id").values("pk")[:1])
        taken, stay = actions.undo(newest, actor=person(request))
        return Response({"taken_back": taken, "stayed": stay})

    @extend_schema(request=NewNoteSerializer, responses={201: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Add to its journal."""
        row = self._mine(request)
        form = NewNoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        note = actions.write_note(row, form.validated_data["text"], actor=person(request))
        return Response({"id": str(note.pk)}, status=status.HTTP_201_CREATED)

    @extend_schema(request=StarsSerializer, responses={200: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def rating(self, request: Request, pk: str) -> Response:
        """Give it the caller's stars, 1 to 5."""
        row = self._mine(request)
        form = StarsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        actor = person(request)
        if actor is None:
            raise Rejected("Stars are a person's; sign in, or use a key of a person.")
        rated = actions.rate(row, form.validated_data["stars"], actor=actor)
        return Response({"rating": rated.rating})
