"""Collecting by REST: start it, and see how the stages stand."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingestion.actions.collecting import request_collection
from ingestion.actions.ingesting import request_ingestion, sources_of
from ingestion.actions.sources import search_of
from ingestion.models import Fetch, Source
from ingestion.reports.collecting import estimate, processing_status
from jobly.errors import Forbidden, Rejected
from jobly.runs.actions.admission import admit
from jobly.runs.api import person, queued
from jobly.runs.reports.schedules import database_time
from jobly.users.api import HasScope
from jobly.users.models import principal_of


class CollectShape(serializers.Serializer[Any]):
    """What to collect: a source by name or id, all its search set or one query of it."""

    source = serializers.CharField()  # type: ignore[assignment] # the field is called so
    query = serializers.CharField(default="", allow_blank=True, max_length=200)
    location = serializers.CharField(default="", allow_blank=True, max_length=200)
    country = serializers.RegexField(r"^[A-Za-z]{2}$", default="", allow_blank=True)
    pages = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    strategy = serializers.ChoiceField(
        choices=Fetch.Strategy.choices, default=Fetch.Strategy.ON_DEMAND
    )
    estimate = serializers.BooleanField(default=False, help_text="only say what it would take")


class Collect(APIView):
    """Collect from a source."""

    permission_classes = (HasScope.of(read="jobs:read", write="jobs:write"),)

    @extend_schema(
        operation_id="jobs_collect",
        request=CollectShape,
        responses={200: dict[str, Any], 202: dict[str, Any]},
    )
    def post(self, request: Request) -> Response:
        """Start a walk: 202 with where to follow it; with `estimate` 200 with what it would take.

        Operators collect from every source, recruiters from their companies'.
        """
        form = CollectShape(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        source = _writable_source(request, sent["source"])
        words = (sent["query"], sent["location"], sent["country"])
        search = search_of(source, *words) if any(words) else None
        pages = sent.get("pages")
        if sent["estimate"]:
            searches = [search] if search else list(source.searches.enabled())
            found = estimate(source, searches, pages=pages, now=database_time())
            return Response(
                {"calls": found.calls, "quota_left": found.quota_left, "cost": found.cost}
            )
        who = person(request)
        admit("ingestion.collect", company_id=source.company_id, user_id=who.pk if who else None)
        how = {"strategy": sent["strategy"], "pages": pages, "search": search}
        run = request_collection(source, actor=who, **how)
        return Response(queued(run), status=status.HTTP_202_ACCEPTED)


class IngestShape(serializers.Serializer[Any]):
    """Which sources to collect from; without names all that the caller may use."""

    sources = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=100
    )


class Ingest(APIView):
    """Collect from many sources and load what they have."""

    permission_classes = (HasScope.of(read="jobs:read", write="jobs:write"),)

    @extend_schema(operation_id="jobs_ingest", request=IngestShape, responses={202: dict[str, Any]})
    def post(self, request: Request) -> Response:
        """Start it: 202 with where to follow it; its result counts `jobs_new` and `jobs_updated`.

        Operators collect from every source that is switched on, recruiters from their companies'.
        """
        form = IngestShape(data=request.data)
        form.is_valid(raise_exception=True)
        names = form.validated_data.get("sources", ())
        sources = sources_of(principal_of(request), names)
        missing = sorted(set(names) - {source.name for source in sources})
        if missing or not sources:
            why = f"no source of yours that can be asked: {', '.join(missing)[:200] or 'none'}"
            raise Rejected(f"There is {why}; nothing was asked.", fields={"sources": [why]})
        who = person(request)
        admit("ingestion.collect", user_id=who.pk if who else None)
        run = request_ingestion(sources, actor=who)
        return Response(queued(run), status=status.HTTP_202_ACCEPTED)


class ProcessingStatus(APIView):
    """How the stages stand."""

    permission_classes = (HasScope.of(read="jobs:read", write="jobs:write"),)

    @extend_schema(
        operation_id="jobs_processing_status",
        parameters=[OpenApiParameter("source", str, description="name or id; none = all of yours")],
        responses=dict[str, Any],
    )
    def get(self, request: Request) -> Response:
        """Count what each stage has waiting, under way, done and failed."""
        rows = Source.objects.visible_to(principal_of(request))
        if word := request.query_params.get("source", ""):
            rows = rows.filter(**_by_name_or_id(word))
        return Response(processing_status(rows.order_by().values("pk")))


def _writable_source(request: Request, word: str) -> Source:
    """Return the source the caller may use; a foreign one is as unknown as a missing one."""
    principal = principal_of(request)
    rows = Source.objects.visible_to(principal).select_related("company")
    found = list(rows.filter(**_by_name_or_id(word))[:2])
    if len(found) != 1:
        why = "several have this name; send its id" if found else "unknown source"
        raise Rejected(f"{word[:80]}: {why}; nothing was asked.", fields={"source": [why]})
    company = found[0].company_id
    if not principal.is_staff and (company is None or not principal.may_write(company)):
        raise Forbidden("Your role in this company only reads; nothing was asked.")
    return found[0]


def _by_name_or_id(word: str) -> dict[str, Any]:
    try:
        return {"pk": UUID(word)}
    except ValueError:
        return {"name": word.replace("\0", "")}
