"""Who asks for what: the caller's companies, channels and jobs; foreign ones do not exist."""

import time
from typing import Any

from django.http import Http404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.errors import NotDistributable
from distribution.filtersets import by_slug_or_id
from distribution.models import Channel, Distribution
from ingestion.models import Job
from jobly.errors import Forbidden, Rejected
from jobly.runs.actions.outbox import depth
from jobly.runs.api import queued
from jobly.runs.models import Run
from jobly.users.models import Company, principal_of

LONGEST_WAIT = 30.0  # seconds, INTERFACE §3
WAIT_STEP = 0.1  # seconds


def writable(request: Request, company_id: Any) -> None:
    """Let a caller through whose role may change rows of a company. Raises: Forbidden."""
    if not principal_of(request).may_write(company_id):
        raise Forbidden("Your role in this company only reads; nothing was changed.")


def company_named(request: Request, slug: str | None) -> Company:
    """Return the caller's company, by slug or because there is only one. Raises: Rejected."""
    principal = principal_of(request)
    rows = Company.objects.order_by("slug")
    if not principal.is_staff:
        rows = rows.filter(pk__in=principal.company_ids)
    found = list(rows.filter(slug=slug) if slug else rows[:2])
    if len(found) != 1:
        fields = {"company": ["unknown company" if slug else "name one of yours"]}
        raise Rejected("There is no such company of yours; nothing was changed.", fields=fields)
    return found[0]


def visible_job(request: Request, job_id: int) -> Job:
    """Return a job that the caller sees. Raises: NotDistributable, without telling why."""
    rows = Job.objects.visible_to(principal_of(request)).select_related("employer", "company")
    job = rows.filter(pk=job_id).first()
    if job is None:
        raise NotDistributable("There is no such job.", fields={"job": ["unknown job"]})
    return job


def channel_for(request: Request, job: Job, word: str) -> Channel:
    """Return a channel of the job's company by slug or id. Raises: NotDistributable."""
    rows = Channel.objects.visible_to(principal_of(request)).filter(company=job.company)
    channel = rows.select_related("company").filter(by_slug_or_id(word)).first()
    if channel is None:
        message = f"The job's company has no channel {word}."
        raise NotDistributable(message, fields={"channel": ["unknown channel"]})
    return channel


def answer_with(request: Request, run: Run | None, body: dict[str, Any]) -> Response:
    """Answer 202 with where to follow a run, or 200 when `?wait=` saw its end."""
    if run is None:
        return Response(body)
    if _waited(request, run):
        return Response({**body, **_ended(run)})
    return Response({**body, **queued(run)}, status=status.HTTP_202_ACCEPTED)


def _ended(run: Run) -> dict[str, Any]:
    return {**queued(run), "message": run.error or "Done.", "result": run.result}


def _waited(request: Request, run: Run) -> bool:
    """Wait for a run as long as asked; whether it has ended.

    Under an Idempotency-Key it starts only when its answer is kept: there is nothing to wait for.
    """
    text = request.query_params.get("wait", "0")
    try:
        seconds = min(max(float(text), 0.0), LONGEST_WAIT)
    except ValueError as exc:
        raise Rejected("wait is a number of seconds.", fields={"wait": ["number"]}) from exc
    end = time.monotonic() + seconds
    while not depth() and seconds and not run.is_finished and time.monotonic() < end:
        time.sleep(WAIT_STEP)
        run.refresh_from_db()
    return run.is_finished


def run_of(row: Distribution) -> Run | None:
    """Return the run of a distribution's present publication."""
    return Run.objects.filter(pk=row.run_id).first() if row.run_id else None


def or_404(found: Any) -> Any:
    """Return a row, or answer 404 when there is none."""
    if found is None:
        raise Http404
    return found
