"""Proof by REST: why a job is on a board or not, how it came to it, and where all stood once."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.actions import looking
from distribution.filtersets import DistributionFilter
from distribution.models import Distribution
from distribution.reports import history, proof
from distribution.reports.content import TOLD
from distribution.rules.proof import chain, next_due
from distribution.rules.why.telling import why
from ingestion.models import Job
from jobly.runs.actions.admission import admit
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import principal_of

from .asking import answer_with, channel_for, visible_job, writable
from .shapes import DistributionSerializer

JOB_AND_CHANNEL = [
    OpenApiParameter("job", int, required=True),
    OpenApiParameter("channel", str, required=True, description="slug or id"),
]
AT = [OpenApiParameter("at", str, description="ISO 8601; the present when left out")]


class ProofViewSet(viewsets.GenericViewSet[Distribution]):
    """What proves where jobs stand, and stood."""

    permission_classes = (HasScope.of(read="distributions:read", write="distributions:write"),)
    serializer_class = DistributionSerializer
    filterset_class = DistributionFilter
    queryset = Distribution.objects.none()

    def get_queryset(self) -> QuerySet[Distribution]:
        """Return the distributions of the caller's companies, newest first."""
        rows = Distribution.objects.visible_to(principal_of(self.request))
        return rows.with_names().order_by("-id")

    @extend_schema(parameters=JOB_AND_CHANNEL, responses={200: dict[str, Any]})
    @action(detail=False)
    def why(self, request: Request) -> Response:
        """Say in one sentence why a job is on a board or not, with what shows it."""
        number = serializers.IntegerField(min_value=1)
        job = visible_job(request, number.run_validation(request.query_params.get("job")))
        channel = channel_for(request, job, request.query_params.get("channel", ""))
        known = Job.objects.select_related(*TOLD).get(pk=job.pk)
        facts = proof.facts_of([known], [channel])[known.pk, channel.pk]
        links = [
            {
                "name": link.name,
                "state": link.state,
                "words": link.words,
                "at": link.at,
                "evidence": [one.to_dict() for one in link.evidence],
            }
            for link in chain(facts)
        ]
        row = facts.row
        about = {"job": job.pk, "channel": channel.slug}
        about |= {"distribution": row.id if row else None, "status": row.status if row else None}
        return Response({**about, **why(facts).to_dict(), "chain": links})

    @extend_schema(responses={200: dict[str, Any]})
    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        """List each move, exchange and look of a publication, and what is due next by itself."""
        row = self.get_object()
        steps = [step.to_dict() for step in history.history(row)]
        known = Distribution.objects.select_related("channel", *(f"job__{n}" for n in TOLD))
        due = next_due(proof.facts_about(known.get(pk=row.pk)))
        about = {"distribution": str(row.pk), "status": row.status, "because": row.because}
        return Response({**about, "next": due.to_dict() if due else None, "steps": steps})

    @extend_schema(request=None, responses={202: dict[str, Any]})
    @action(detail=True, methods=["post"])
    def look(self, request: Request, pk: str) -> Response:
        """Look now whether job seekers see it."""
        row = self.get_object()
        writable(request, row.company_id)
        admit("distribution.look", company_id=row.company_id)
        return answer_with(request, looking.look_now(row, actor=person(request)), {})

    @extend_schema(parameters=AT, responses={200: dict[str, Any]})
    @action(detail=False)
    def ledger(self, request: Request) -> Response:
        """Say where publications stood at a moment, from their moves; narrowed as the list is."""
        given = request.query_params.get("at")
        field = serializers.DateTimeField()
        moment = field.run_validation(given) if given else timezone.now()
        rows = history.as_of(self.filter_queryset(self.get_queryset()), moment)
        page = self.paginate_queryset(rows) or []
        found: Response = self.get_paginated_response([_then(row) for row in page])
        found.data |= {"at": moment, "by_status": history.counted(rows)}
        return found


def _then(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "job": row.job_id,
        "channel": row.channel.slug,
        "status": row.then,
        "since": row.then_at,
        "because": row.then_because,
        "now": row.status,
    }
