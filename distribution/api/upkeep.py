"""Upkeep by REST: take off the calendar, list anew, take down everywhere, see what is late."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import bulk, planned, stays
from distribution.filtersets import DistributionFilter
from distribution.models import Distribution
from distribution.reports import overdue
from jobly.runs.actions import start, transaction
from jobly.runs.actions.admission import admit
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import answer_with, company_named, visible_job, writable
from .shapes import BULK_LIMIT, MOST_NUMBER, DistributionSerializer

MOST_NAMED = 100  # publications in an answer


class CloseEverywhereSerializer(serializers.Serializer[Any]):
    """Which jobs are to go, from which boards (all when left out), and why."""

    jobs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MOST_NUMBER),
        min_length=1,
        max_length=BULK_LIMIT,
    )
    channels = serializers.ListField(
        child=serializers.CharField(), required=False, max_length=50, default=list
    )
    why = serializers.CharField(max_length=200)


class UpkeepViewSet(viewsets.GenericViewSet[Distribution]):
    """What happens to publications after they were asked for."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = DistributionSerializer
    filterset_class = DistributionFilter
    queryset = Distribution.objects.none()

    def get_queryset(self) -> QuerySet[Distribution]:
        """Return the distributions of the caller's companies, newest first."""
        rows = Distribution.objects.visible_to(principal_of(self.request))
        return rows.with_names().order_by("-id")

    def _mine(self, request: Request) -> Distribution:
        row = self.get_object()
        writable(request, row.company_id)
        return row

    @extend_schema(request=None, responses={200: DistributionSerializer})
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Take a publication that has not begun off the calendar."""
        row = planned.unschedule(self._mine(request), actor=person(request))
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)

    @extend_schema(request=None, responses={202: DistributionSerializer})
    @action(detail=True, methods=["post"])
    def relist(self, request: Request, pk: str) -> Response:
        """List a job anew: taken down if it stands, then published under a new id."""
        row = self._mine(request)
        admit("distribution.publish", company_id=row.company_id)
        stays.relist(row, actor=person(request))
        shown = self.get_serializer(self.get_queryset().get(pk=row.pk)).data
        return Response(shown, status=202)

    @extend_schema(request=CloseEverywhereSerializer, responses={202: dict[str, Any]})
    @action(detail=False, methods=["post"], url_path="close-everywhere")
    def close_everywhere(self, request: Request) -> Response:
        """Take jobs down from all their boards, or from some, with the reason."""
        form = CloseEverywhereSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        job = visible_job(request, sent["jobs"][0])
        company = company_named(request, job.company.slug if job.company else "-")
        writable(request, company.pk)
        bulk.channels_named(company, sent["channels"])
        admit("distribution.close_everywhere", company_id=company.pk)
        args = {"job_ids": sent["jobs"], "why": sent["why"], "channels": sent["channels"]}
        with transaction():
            run = start(
                "distribution.close_everywhere", args, actor=person(request), company=company
            )
        return answer_with(request, run, {})

    @extend_schema(responses={200: dict[str, Any]})
    @action(detail=False)
    def overdue(self, request: Request) -> Response:
        """Count what waits longer than it should, and name the first ones."""
        rows = self.filter_queryset(self.get_queryset())
        delays = overdue.delays(rows)
        late = overdue.overdue(rows)[:MOST_NAMED]
        return Response(
            {
                "delays": [
                    {"code": delay.code, "message": delay.text, "count": delay.count}
                    for delay in delays
                ],
                "distributions": self.get_serializer(late, many=True).data,
            }
        )
