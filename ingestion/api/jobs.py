"""The catalogue by REST."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ingestion.actions.reprocessing import Choice, reprocess
from ingestion.filtersets import JobFilter
from ingestion.models import Job, Likeness
from ingestion.reports.books import lineage
from ingestion.reports.changes import ADDED, CHANGED, REMOVED, Place, changes
from ingestion.reports.pairs import duplicates
from ingestion.reports.reality import reality
from ingestion.rules.currencies import whole_units
from jobly.api import MAX_PAGE, CursorPages
from jobly.errors import Forbidden
from jobly.runs.actions.admission import admit
from jobly.runs.api import person, queued
from jobly.users.api import HasScope
from jobly.users.models import principal_of


class EmployerShape(serializers.Serializer[Any]):
    """The hiring organisation."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    domain = serializers.CharField()
    size = serializers.CharField(help_text="heads, as a range: 11-50")
    is_agency = serializers.BooleanField()
    logo_url = serializers.CharField()


class PlaceShape(serializers.Serializer[Any]):
    """A further place of the job."""

    city = serializers.CharField()
    region = serializers.CharField()
    country = serializers.CharField()
    lat = serializers.FloatField(allow_null=True)
    lon = serializers.FloatField(allow_null=True)


class LocationShape(serializers.Serializer[Any]):
    """Where the work is: the text as given, and what was recognised in it."""

    text = serializers.CharField(source="location_text")
    city = serializers.CharField()
    region = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2, empty when not known")
    lat = serializers.FloatField(allow_null=True)
    lon = serializers.FloatField(allow_null=True)
    more = PlaceShape(source="more_places", many=True)
    reach = serializers.CharField(help_text="of a remote job: emea, europe, worldwide …")


class SalaryShape(serializers.Serializer[Any]):
    """Pay in whole units of the currency, as schema.org gives it; null where it is open."""

    min = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    period = serializers.CharField(help_text="HOUR DAY WEEK MONTH YEAR")
    annual_min = serializers.FloatField(allow_null=True)
    annual_max = serializers.FloatField(allow_null=True)
    source = serializers.CharField(help_text="stated, or read in the text")  # type: ignore[assignment] # the field is called so
    confidence = serializers.FloatField(help_text="0 a guess, 1 all was said", allow_null=True)


class SightingShape(serializers.Serializer[Any]):
    """One source that has the job."""

    name = serializers.CharField(source="source.name")
    url = serializers.CharField()
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()


class JobSerializer(serializers.ModelSerializer[Job]):
    """One job as INTERFACE.md §3 promises it."""

    employer = EmployerShape(read_only=True)
    location = LocationShape(source="*", read_only=True)
    salary = serializers.SerializerMethodField()
    sources = SightingShape(source="seen_at", many=True, read_only=True)

    class Meta:
        model = Job
        fields: ClassVar = [
            "id", "title", "employer", "location", "remote", "employment_type", "seniority",
            "salary", "skills", "description_html", "apply_url", "posted_at", "first_seen_at",
            "last_seen_at", "expires_at", "status", "sources", "department", "occupation",
            "benefits", "education", "experience_months", "language",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(SalaryShape(allow_null=True))
    def get_salary(self, job: Job) -> dict[str, Any] | None:
        """Return the pay, None when none is stated."""
        if job.salary_min is None and job.salary_max is None:
            return None
        code = job.salary_currency
        return {
            "min": whole_units(job.salary_min, code),
            "max": whole_units(job.salary_max, code),
            "currency": code,
            "period": job.salary_period,
            "annual_min": whole_units(job.salary_annual_min, code),
            "annual_max": whole_units(job.salary_annual_max, code),
            "source": job.salary_source,
            "confidence": job.salary_confidence,
        }


class RealityShape(serializers.Serializer[Any]):
    """Facts that tell how real a posting is: what we saw ourselves, never a verdict."""

    first_seen_at = serializers.DateTimeField(help_text="under any number; no re-sync moves it")
    reposts = serializers.IntegerField(help_text="earlier postings of the same words, same source")
    copies = serializers.IntegerField(help_text="postings of the same job by other sources")
    verified_at = serializers.DateTimeField(help_text="when it was surely there")
    how = serializers.ChoiceField(choices=["listed", "checked"])


class JobDetailSerializer(JobSerializer):
    """One job, with the facts about its posting."""

    reality = serializers.SerializerMethodField()

    class Meta(JobSerializer.Meta):
        fields: ClassVar = [*JobSerializer.Meta.fields, "reality"]
        read_only_fields = fields

    @extend_schema_field(RealityShape)
    def get_reality(self, job: Job) -> dict[str, Any]:
        """Return what is known of how real it is."""
        return asdict(reality(job))


class ChangesQuery(serializers.Serializer[Any]):
    """From where on, and how many."""

    cursor = serializers.RegexField(
        r"^[0-9]{1,18}-[0-9]{1,18}$",
        default="0-0",
        error_messages={"invalid": "Not a cursor; take it from the last page."},
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=MAX_PAGE)


class ChangeShape(serializers.Serializer[Any]):
    """One change: the job as it is now, or a tombstone with its reason."""

    kind = serializers.ChoiceField(choices=[ADDED, CHANGED, REMOVED])
    id = serializers.IntegerField(source="job_id")
    at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="of what is removed: deleted, not_visible or a status")
    job = JobSerializer(allow_null=True)


class ChangesShape(serializers.Serializer[Any]):
    """A page of changes; with the same cursor later there may be more."""

    results = ChangeShape(many=True)
    cursor = serializers.CharField()
    more = serializers.BooleanField()


class ReprocessShape(serializers.Serializer[Any]):
    """Which stored collections to read again: what fits everything that is given."""

    source = serializers.CharField(required=False, help_text="its name")  # type: ignore[assignment] # the field is called so
    since = serializers.DateTimeField(required=False, help_text="collected at or after this")
    failed = serializers.BooleanField(required=False, help_text="only rows that failed")
    transformer = serializers.CharField(required=False, help_text="last read by this version")
    collection = serializers.UUIDField(required=False)
    shadow = serializers.BooleanField(default=False, help_text="compare only; for operators")


class JobPages(CursorPages):
    """The catalogue by number or by cursor."""

    newest = "search__newest"


class JobViewSet(viewsets.ReadOnlyModelViewSet[Job]):
    """The public catalogue, and the caller's own companies' jobs."""

    permission_classes = (HasScope.of(read="jobs:read", write="jobs:write", anonymous_reads=True),)
    serializer_class = JobSerializer
    filterset_class = JobFilter
    pagination_class = JobPages
    queryset = Job.objects.none()

    def get_serializer_class(self) -> type[JobSerializer]:
        """Tell more of one job than of many."""
        return JobDetailSerializer if self.action == "retrieve" else JobSerializer

    def get_queryset(self) -> QuerySet[Job]:
        """Return what the caller may see, newest first; lists show live jobs unless asked.

        Of a cluster a list shows one job, with the sources of all.
        """
        rows = Job.objects.visible_to(principal_of(self.request)).with_sources()
        if self.action == "retrieve":
            rows = rows.select_related("liveness")
        if self.action == "list":
            rows = rows.without_copies()
        if self.action == "list" and not self.request.query_params.get("status"):
            rows = rows.live()
        return rows.newest()

    @extend_schema(parameters=[OpenApiParameter("include", str, description="lineage")])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one job; `?include=lineage` tells where it came from."""
        job = self.get_object()
        body = dict(self.get_serializer(job).data)
        if "lineage" in request.query_params.get("include", "").split(","):
            pairs = Likeness.objects.visible_to(principal_of(request))
            body |= {"lineage": lineage(job), "duplicates": duplicates(job.pk, pairs)}
        return Response(body)

    @extend_schema(
        parameters=[
            OpenApiParameter("cursor", str, description="of the last page; none = from the start"),
            OpenApiParameter("limit", int, description="at most 100"),
        ],
        responses=ChangesShape,
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def changes(self, request: Request) -> Response:
        """Return what was added, changed or removed behind a cursor, each job as it is now.

        A caller upserts what is added or changed and drops what is removed; `cursor` is where to
        go on, now or later.
        """
        form = ChangesQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        xid, job_id = form.validated_data["cursor"].split("-")
        place = Place(int(xid), int(job_id))
        found, more = changes(principal_of(request), place, form.validated_data["limit"])
        last = found[-1].place if found else place
        shape = ChangesShape({"results": found, "cursor": str(last), "more": more})
        return Response(shape.data)

    @extend_schema(request=ReprocessShape, responses={202: dict[str, Any]})
    @action(detail=False, methods=["post"], filterset_class=None)
    def reprocess(self, request: Request) -> Response:
        """Read stored collections again; recruiters their companies', operators everybody's."""
        form = ReprocessShape(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        principal = principal_of(request)
        companies = None if principal.is_staff else tuple(sorted(principal.writable_ids))
        shadow = sent.pop("shadow")
        if companies == () or (shadow and companies is not None):
            raise Forbidden("Only operators may do this; nothing was started.")
        who = person(request)
        admit("ingestion.reprocess", user_id=who.pk if who else None)
        row, run = reprocess(Choice(**sent, companies=companies), shadow=shadow, actor=who)
        body = {**queued(run), "reprocessing": str(row.pk)}
        return Response(body, status=status.HTTP_202_ACCEPTED)
