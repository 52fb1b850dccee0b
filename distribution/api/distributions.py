"""Jobs on boards by REST: put them there, watch, retry, take down, count."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import admitted, bulk, changes
from distribution.filtersets import DistributionFilter
from distribution.models import Channel, Distribution
from distribution.reports import figures, planning, previews
from ingestion.models import Job, Upload
from jobly.errors import Rejected
from jobly.runs.actions import start, transaction
from jobly.runs.actions.admission import admit
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import Company, principal_of

from .asking import answer_with, channel_for, company_named, or_404, run_of, visible_job, writable
from .shapes import (
    AttemptSerializer,
    BulkSerializer,
    ConfirmSerializer,
    CountedSerializer,
    CountersSerializer,
    DistributionSerializer,
    MetricsSerializer,
    MomentSerializer,
    NewDistributionSerializer,
    PreviewSerializer,
)

JOB_AND_CHANNEL = [
    OpenApiParameter("job", int, required=True),
    OpenApiParameter("channel", str, description="slug or id; without it all channels"),
]
UPLOAD = [OpenApiParameter("upload_id", str, required=True)]
PLAN_LIMIT = 5_000  # steps an answer holds


class DistributionViewSet(
    ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Distribution]
):
    """One job on one channel: its state, its attempts, its numbers."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = DistributionSerializer
    filterset_class = DistributionFilter
    queryset = Distribution.objects.none()

    def get_queryset(self) -> QuerySet[Distribution]:
        """Return the distributions of the caller's companies, newest first."""
        rows = Distribution.objects.visible_to(principal_of(self.request))
        return rows.with_names().order_by("-id")

    @extend_schema(request=NewDistributionSerializer, responses={202: DistributionSerializer})
    def create(self, request: Request) -> Response:
        """Put a job on its way to a channel, now or at a moment."""
        form = NewDistributionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        job = visible_job(request, sent["job"])
        channel = channel_for(request, job, sent["channel"])
        writable(request, channel.company_id)
        row = admitted.create_distribution(
            job, channel, actor=person(request), at=sent.get("scheduled_publish_at")
        )
        return self._told(request, row)

    def _told(self, request: Request, row: Distribution) -> Response:
        """Answer with a distribution and the run that works on it."""
        run = run_of(self.get_queryset().get(pk=row.pk))
        answer = answer_with(request, run, {})
        fresh = self.get_queryset().get(pk=row.pk)
        shape = dict(self.get_serializer(fresh).data)
        answer.data = {**shape, **answer.data, "status": fresh.status, "distribution": shape}
        return answer

    def _changed(self, row: Distribution) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)

    def _mine(self, request: Request) -> Distribution:
        """Return the distribution if the caller's role may change it."""
        row = self.get_object()
        writable(request, row.company_id)
        return row

    @extend_schema(request=None, responses={202: DistributionSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Send a failed or rejected one again."""
        row = admitted.retry_distribution(self._mine(request), actor=person(request))
        return self._told(request, row)

    @extend_schema(request=MomentSerializer)
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        """Publish it at another moment; not any more once that has begun."""
        row = self._mine(request)
        form = MomentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        at = form.validated_data["scheduled_publish_at"]
        return self._changed(changes.reschedule(row, at, actor=person(request)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Take it down from its board."""
        row = admitted.close_distribution(self._mine(request), actor=person(request))
        answer = self._changed(row)
        if row.status not in ("closed", "expired"):
            answer.status_code = status.HTTP_202_ACCEPTED
        return answer

    @extend_schema(request=None, responses={202: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, pk: str) -> Response:
        """Have it stay longer."""
        run = admitted.renew_distribution(self._mine(request), actor=person(request))
        return answer_with(request, run, {})

    @extend_schema(request=MetricsSerializer)
    @action(detail=True, methods=["get", "post", "patch"])
    def metrics(self, request: Request, pk: str) -> Response:
        """Set its counters (S1.21); asked by GET, say who counted what when, the newest first."""
        if request.method == "GET":
            return Response(CountersSerializer(self.get_object()).data)
        row = self._mine(request)
        form = MetricsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        row = changes.update_metrics(
            row,
            views=given.get("views_count"),
            clicks=given.get("clicks_count"),
            applications=given.get("applications_count"),
        )
        return self._changed(row)

    @extend_schema(responses=AttemptSerializer(many=True))
    @action(detail=True)
    def attempts(self, request: Request, pk: str) -> Response:
        """List every exchange with the board, oldest first."""
        rows = self.get_object().attempts.order_by("number")
        page: Any = self.paginate_queryset(rows)  # type: ignore[arg-type] # of another model
        return self.get_paginated_response(AttemptSerializer(page, many=True).data)

    @extend_schema(request=ConfirmSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Say that the board has it, where that could not be found out."""
        row = self._mine(request)
        form = ConfirmSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row = changes.confirm_posted(row, actor=person(request), **form.validated_data)
        return self._changed(row)

    @extend_schema(request=None, responses={202: DistributionSerializer})
    @action(detail=True, methods=["post"], url_path="post-again")
    def post_again(self, request: Request, pk: str) -> Response:
        """Say that the board has not got it: send it again under the same id."""
        row = admitted.post_again(self._mine(request), actor=person(request))
        return self._told(request, row)

    @extend_schema(request=BulkSerializer, responses={202: dict[str, Any]})
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Publish many jobs to many channels in one run (S1.11 to S1.13)."""
        company, sent = self._bulk(request)
        writable(request, company.pk)
        bulk.channels_named(company, sent["channels"])
        at = sent.get("scheduled_publish_at")
        wish = {
            "company_id": str(company.pk),
            "upload_id": str(sent["upload_id"]) if sent.get("upload_id") else None,
            "job_ids": sent.get("jobs") or [],
            "channels": sent["channels"],
            "at": at.isoformat() if at else None,
            "skip_on_error": sent["skip_on_error"],
            "stagger": dict(sent["stagger"]) if sent.get("stagger") else None,
        }
        admit("distribution.apply", company_id=company.pk)
        with transaction():
            actor = person(request)
            run = start("distribution.apply", {"wish": wish}, actor=actor, company=company)
        return answer_with(request, run, {})

    def _bulk(self, request: Request) -> tuple[Company, dict[str, Any]]:
        """Read what many jobs are asked for, and whose they are."""
        form = BulkSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent: dict[str, Any] = form.validated_data
        if sent.get("upload_id"):
            rows = Upload.objects.visible_to(principal_of(request)).select_related("company")
            upload = rows.filter(pk=sent["upload_id"]).first()
            if upload is None:
                fields = {"upload_id": ["unknown upload"]}
                raise Rejected("There is no such upload; nothing was started.", fields=fields)
            return upload.company, sent
        job = visible_job(request, sent["jobs"][0])
        return company_named(request, job.company.slug if job.company else "-"), sent

    @extend_schema(request=BulkSerializer, responses={200: dict[str, Any]})
    @action(detail=False, methods=["get", "post"])
    def plan(self, request: Request) -> Response:
        """Compare what channels should hold with what they hold; nothing is changed."""
        if request.method == "POST":
            company, sent = self._bulk(request)
        else:
            params = request.query_params
            company = company_named(request, params.get("company"))
            sent = {
                "upload_id": _upload_id(params.get("upload") or params.get("upload_id")),
                "channels": [word for word in params.get("channels", "").split(",") if word],
            }
        channels = bulk.channels_named(company, sent["channels"])
        jobs = planning.jobs_of(
            company, upload_id=sent.get("upload_id"), job_ids=sent.get("jobs") or ()
        )
        steps = [step.to_dict() for step in planning.plan(jobs, channels)]
        return Response({"plan": steps[:PLAN_LIMIT], "steps_total": len(steps)})

    @extend_schema(
        parameters=JOB_AND_CHANNEL, request=PreviewSerializer, responses={200: dict[str, Any]}
    )
    @action(detail=False, methods=["get", "post"])
    def preview(self, request: Request) -> Response:
        """Show the exact payload for a board, and what the board would object to.

        Without a channel all of the company's are shown side by side; a POST with other words says
        which of them would get something else. Nothing is saved.
        """
        sent_by_get = request.method == "GET"
        form = PreviewSerializer(data=request.query_params if sent_by_get else request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        job = visible_job(request, sent["job"])
        if sent_by_get and "channel" in sent:
            channel = channel_for(request, job, sent["channel"])
            return Response(previews.preview(job, channel, now=timezone.now()))
        return Response(self._previews(request, job, sent).to_dict())

    def _previews(self, request: Request, job: Job, sent: dict[str, Any]) -> previews.Preview:
        """Show a job on the channels named, or on all that are switched on."""
        words = sent.get("channels") or [word for word in [sent.get("channel")] if word]
        channels = [channel_for(request, job, word) for word in words]
        if not words:
            rows = Channel.objects.visible_to(principal_of(request)).usable()
            channels = list(rows.filter(company=job.company_id).order_by("slug"))
        return previews.preview_all(job, channels, now=timezone.now(), wish=sent)

    @extend_schema(parameters=UPLOAD, responses={200: dict[str, Any]})
    @action(detail=False)
    def dashboard(self, request: Request) -> Response:
        """Add up the distributions of an upload (S1.22): `metrics` by boards, `own` by us."""
        key = serializers.UUIDField()
        upload_id = key.run_validation(request.query_params.get("upload_id"))
        uploads = Upload.objects.visible_to(principal_of(request))
        upload = or_404(uploads.filter(pk=upload_id).select_related("company").first())
        rows = figures.with_own_counts(self.get_queryset().filter(upload_id=upload.pk))
        return Response(
            {
                "upload_id": str(upload.pk),
                "total_jobs": planning.jobs_of(upload.company, upload_id=upload.pk).count(),
                "distributions": CountedSerializer(rows, many=True).data,
                "metrics": figures.totals(rows),
                "own": figures.own_totals(rows),
            }
        )


def _upload_id(text: str | None) -> Any:
    """Read the id of an upload, None for none. Raises: ValidationError."""
    return serializers.UUIDField().run_validation(text) if text else None
