"""The links of publications: their addresses, what they belong to and where they lead."""

from datetime import datetime

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse

from distribution.models import Distribution, KnownHost
from distribution.reports.attribution import SHAPE
from distribution.reports.content import TOLD, site_url
from distribution.rules.landing import (
    APPLICATION_SITES,
    NOWHERE,
    Landing,
    is_listed,
    landing,
    plain_host,
)
from distribution.rules.payloads import Naming, Op
from ingestion.models import Job
from jobly.users.rules import Principal


def link_of(token: str) -> str:
    """Return the link that boards are given for a publication: it counts and leads on."""
    return site_url() + reverse("go", args=[token])


def naming_for(row: Distribution, op: Op, now: datetime) -> Naming:
    """Return what an exchange about a publication adds to the job's content."""
    return Naming(op, row.external_id, now, link=link_of(row.token), via=row.token)


def publication_of(token: str) -> Distribution | None:
    """Return the publication whose links carry this token."""
    rows = Distribution.objects.select_related("company", "channel", *(f"job__{n}" for n in TOLD))
    return rows.filter(token=token).first()


def job_behind(pk: int, token: str) -> Job | None:
    """Return a job for whoever holds the link of a publication of it, on our board or not.

    Internal jobs are not shown by their links.
    """
    if not SHAPE.fullmatch(token):
        return None
    rows = Distribution.objects.filter(token=token, job=pk, job__status=Job.Status.LIVE)
    rows = rows.exclude(job__desk__is_public=False)
    row = rows.select_related("job__employer", "job__company").first()
    return row.job if row else None


def way_on(row: Distribution, principal: Principal) -> Landing:
    """Say where a link leads: where one applies, or the job's page when it has ended.

    An internal job's outer address is shown to members of its company only.
    """
    job = row.job
    desk = getattr(job, "desk", None)
    hidden = desk is not None and not desk.is_public and job.company_id not in principal.company_ids
    if job.status != Job.Status.LIVE or (hidden and not principal.is_staff):
        return Landing("straight", job.path)
    found = landing(job.apply_url, known=_known(job), own=site_url()) if job.apply_url else NOWHERE
    if found.way == "ask" and is_listed(found.host, _said_by(row)):
        return Landing("straight", found.url, found.host)
    return found if found.way != "nowhere" else Landing("straight", apply_path(job, row.token))


def apply_path(job: Job, token: str) -> str:
    """Return our own page where one applies, told where the reader came from."""
    query = QueryDict(mutable=True)
    query["via"] = token
    try:
        page = reverse("apply", kwargs={"pk": job.pk, "slug": job.slug})
    except NoReverseMatch:
        page = job.path
    return f"{page}?{query.urlencode()}"


def _known(job: Job) -> frozenset[str]:
    """Name the sites a reader expects behind a job: its employer's, and where it was posted."""
    given = (job.employer.domain, job.employer.url, job.url)
    return APPLICATION_SITES | {plain_host(text) for text in given if text} - {""}


def _said_by(row: Distribution) -> list[str]:
    """Name the sites that the company itself said it applies by."""
    return list(KnownHost.objects.filter(company=row.company_id).values_list("host", flat=True))
