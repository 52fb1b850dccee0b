"""Recruiters' files by REST."""

import csv
import io
from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ingestion.actions import intake
from ingestion.actions.collections import Arrival, store_upload
from ingestion.filtersets import UploadFilter
from ingestion.models import Upload
from ingestion.reports.books import reject_rows, upload_books, upload_counts
from ingestion.reports.intake import Judged, checked_pass, judged_rows, match_counts, verdict_counts
from jobly.errors import Forbidden, Rejected
from jobly.runs.actions.admission import admit
from jobly.runs.api import person
from jobly.users.api import HasScope
from jobly.users.models import Company, principal_of


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """A recruiter's file with its books and first errors."""

    company: serializers.SlugRelatedField[Company] = serializers.SlugRelatedField(
        "slug", read_only=True
    )
    file_name = serializers.CharField(source="collection.file_name", read_only=True)
    sha256 = serializers.CharField(source="collection.artifact.sha256", read_only=True)
    size = serializers.IntegerField(source="collection.artifact.size", read_only=True)
    run_url = serializers.SerializerMethodField()
    books = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields: ClassVar = [
            "id", "company", "file_name", "sha256", "size", "mode", "status", "error_code",
            "error", "created_at", "run_url", "books",
        ]  # fmt: skip
        read_only_fields = fields

    def get_run_url(self, upload: Upload) -> str | None:
        """Return where to watch it."""
        return f"/runs/{upload.run_id}/" if upload.run_id else None

    def get_books(self, upload: Upload) -> dict[str, Any]:
        """Return the counts; of a single file the first 20 errors too."""
        one = self.parent is None
        return upload_books(upload) if one else upload_counts(upload)


class NewUploadSerializer(serializers.Serializer[Any]):
    """What sending a file takes."""

    file = serializers.FileField(allow_empty_file=True)
    company = serializers.CharField(help_text="slug")
    mode = serializers.ChoiceField(choices=Upload.Mode.choices, default=Upload.Mode.SKIP)
    mapping = serializers.JSONField(required=False, help_text='{"our field": "their column"}')
    draft = serializers.BooleanField(
        default=False, help_text="Only store it: it is checked and imported when you say so."
    )


class CheckSerializer(serializers.Serializer[Any]):
    """What reading the rows of a draft takes."""

    mapping = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        allow_null=True,
        help_text='{"our field": "their column"}; without it the columns are guessed.',
    )


class ImportSerializer(serializers.Serializer[Any]):
    """What importing a checked file takes."""

    mode = serializers.ChoiceField(choices=Upload.Mode.choices, default=Upload.Mode.SKIP)


class JudgedShape(serializers.Serializer[Any]):
    """One row of a checked file with its verdict: green, amber (with warnings) or red."""

    row = serializers.IntegerField()
    verdict = serializers.CharField()
    cells = serializers.DictField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField()
    match = serializers.DictField(allow_null=True, help_text="{kind, job_id, first_row, choice}")


class RowsShape(serializers.Serializer[Any]):
    """One page of rows; `next_after` is null at the end."""

    results = JudgedShape(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    matches = serializers.DictField(child=serializers.IntegerField())
    next_after = serializers.IntegerField(allow_null=True)


class UploadViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Upload]):
    """Recruiters' files: sent here, watched as a run, with the rows that failed."""

    permission_classes = (HasScope.of(read="jobs:read", write="jobs:write"),)
    serializer_class = UploadSerializer
    filterset_class = UploadFilter
    parser_classes = (MultiPartParser,)
    queryset = Upload.objects.none()

    def get_queryset(self) -> QuerySet[Upload]:
        """Return the files of the caller's companies, newest first."""
        rows = Upload.objects.visible_to(principal_of(self.request))
        rows = rows.select_related("company", "collection__artifact")
        return rows.prefetch_related("collection__processings").order_by("-created_at")

    @extend_schema(request={"multipart/form-data": NewUploadSerializer}, responses=UploadSerializer)
    def create(self, request: Request) -> Response:
        """Take in a file: 202 while it is worked on, 400 when the file itself is refused."""
        form = NewUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        company = _writable_company(request, sent["company"])
        admit("ingestion.process", company_id=company.pk)
        known = {"mode": sent["mode"], "mapping": sent.get("mapping")}
        arrival = Arrival(sent["file"].file, sent["file"].name or "", known, held=sent["draft"])
        upload = store_upload(company, arrival, actor=person(request))
        body = dict(self.get_serializer(upload).data)
        if upload.status == Upload.Status.REFUSED:
            raise Rejected(upload.error, fields={"file": [upload.error]}, upload=str(upload.pk))
        return Response(body, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=CheckSerializer, responses={202: UploadSerializer})
    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def check(self, request: Request, pk: str) -> Response:
        """Read and judge every row of a draft; nothing is imported. 409 when it is none."""
        upload = self._writable(request)
        form = CheckSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        admit("ingestion.process", company_id=upload.company_id)
        mapping = form.validated_data.get("mapping")
        intake.check_upload(upload, mapping, actor=person(request))
        return Response(self._told(), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=ImportSerializer, responses={202: UploadSerializer})
    @action(detail=True, methods=["post"], url_path="import", parser_classes=(JSONParser,))
    def let_in(self, request: Request, pk: str) -> Response:
        """Import a checked file: its good rows, or all or nothing. 409 when it is not checked."""
        upload = self._writable(request)
        form = ImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        admit("ingestion.load", company_id=upload.company_id)
        intake.import_upload(upload, form.validated_data["mode"], actor=person(request))
        return Response(self._told(), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=UploadSerializer)
    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def discard(self, request: Request, pk: str) -> Response:
        """Put a draft away; its bytes stay. 409 when it is none."""
        intake.discard_upload(self._writable(request), actor=person(request))
        return Response(self._told())

    @extend_schema(
        parameters=[
            OpenApiParameter("show", str, description="green, amber or red; all without it"),
            OpenApiParameter("after", int, description="the row to go on behind"),
        ],
        responses=RowsShape,
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def rows(self, request: Request, pk: str) -> Response:
        """Return 50 rows of a file with their verdicts, behind a row."""
        upload = self.get_object()
        processing = checked_pass(upload)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdecimal() and len(after) < 10):  # noqa: PLR2004 # a row
            raise Rejected("after is the number of a row.", fields={"after": ["not a number"]})
        body: dict[str, Any] = {"results": [], "next_after": None}
        if processing is not None:
            show = request.query_params.get("show", "")
            found = judged_rows(upload, processing, show, int(after))
            body = {
                "results": [_shown(row) for row in found.rows],
                "next_after": found.last or None,
            }
        counts = {"counts": verdict_counts(processing), "matches": match_counts(upload)}
        return Response(body | counts)

    def _writable(self, request: Request) -> Upload:
        """Return the file, or refuse whose role only reads."""
        upload: Upload = self.get_object()
        if not principal_of(request).may_write(upload.company_id):
            raise Forbidden("Your role in this company only reads; nothing was changed.")
        return upload

    def _told(self) -> dict[str, Any]:
        return dict(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, url_path="rejects.csv")
    def rejects(self, request: Request, pk: str) -> StreamingHttpResponse:
        """Download the rows that failed, as sent, with field, code and reason beside them."""
        upload = self.get_object()
        answer = StreamingHttpResponse(_csv(reject_rows(upload)), content_type="text/csv")
        answer["Content-Disposition"] = f'attachment; filename="rejects-{upload.pk}.csv"'
        return answer


def _shown(row: Judged) -> dict[str, Any]:
    """Return the JSON shape of one row."""
    match = row.match
    known = ("kind", "job_id", "first_row", "choice")
    return {
        "row": row.row,
        "verdict": row.verdict,
        "cells": {cell.name: cell.text for cell in row.cells},
        "warnings": [text for cell in row.cells for text in cell.warnings],
        "error": row.error or next((cell.error for cell in row.cells if cell.error), ""),
        "match": {name: getattr(match, name) for name in known} if match else None,
    }


def _csv(rows: Iterator[list[str]]) -> Iterator[str]:
    """Write rows as CSV, every cell quoted."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL).writerow(row)
        yield line.getvalue()


def _writable_company(request: Request, slug: str) -> Company:
    """Return the company the caller may write to; a foreign one is as unknown as a missing one."""
    principal = principal_of(request)
    company = Company.objects.filter(slug=slug).first()
    if company is None or not (principal.is_staff or company.pk in principal.company_ids):
        raise Rejected(
            f"There is no company {slug} you may upload for; the file was not stored.",
            fields={"company": ["unknown company"]},
        )
    if not principal.may_write(company.pk):
        raise Forbidden("Your role in this company only reads; the file was not stored.")
    return company
