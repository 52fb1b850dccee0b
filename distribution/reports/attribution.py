"""Where an application came from: by its link, matched with an earlier visit, or not known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.crypto import salted_hmac

from distribution.models import Applicant, Click, Distribution
from distribution.rules.clicks import MATCHED_FOR, days_before, network_of
from ingestion.models import Job

DIGEST = 32  # hex digits kept: nobody is told from a billion others by more


@dataclass(frozen=True, slots=True)
class Origin:
    """The publication an application is credited to, and how we know."""

    distribution: Distribution | None
    known: str


SHAPE = re.compile(r"[A-Za-z0-9_-]{8,32}")  # of a token; what else a link carries says nothing
UNKNOWN = Origin(None, Applicant.Known.UNKNOWN)


def visitor_on(day: date, *, address: str, agent: str) -> str:
    """Return what tells one visitor from another on one day; the address cannot be read from it."""
    seen = f"{network_of(address)}\n{agent}"
    salted = salted_hmac(f"distribution.click:{day}", seen, algorithm="sha256")
    return salted.hexdigest()[:DIGEST]


def visitors_before(now: datetime, *, address: str, agent: str) -> list[str]:
    """Return what one visitor was known by on each day that may explain an application.

    Nothing may be asked for who asked not to be followed: leave them out.
    """
    return [visitor_on(day, address=address, agent=agent) for day in days_before(now.date())]


def came_by(
    job: Job, *, token: str = "", email_key: str = "", visitors: Sequence[str] = (), now: datetime
) -> Origin:
    """Say which publication an application for a job is credited to.

    By the token it came with, when that is of this job; else matched: the last link of this job
    that the same visitor followed within 30 days, else the channel by which an application of the
    same e-mail address to the same company came within 30 days, when the job is there too.
    """
    if SHAPE.fullmatch(token) and (
        row := Distribution.objects.filter(token=token, job=job).first()
    ):
        return Origin(row, Applicant.Known.TOKEN)
    matched = _visited(job, visitors, now) or _wrote_before(job, email_key, now)
    return Origin(matched, Applicant.Known.MATCHED) if matched else UNKNOWN


def _visited(job: Job, visitors: Sequence[str], now: datetime) -> Distribution | None:
    if not visitors:
        return None
    rows = Click.objects.filter(visitor__in=visitors, distribution__job=job)
    rows = rows.filter(at__gte=now - MATCHED_FOR)
    click = rows.select_related("distribution").order_by("-at").first()
    return click.distribution if click else None


def _wrote_before(job: Job, email_key: str, now: datetime) -> Distribution | None:
    if not email_key or job.company_id is None:
        return None
    rows = Applicant.objects.filter(
        company_id=job.company_id,
        email_key=email_key,
        known=Applicant.Known.TOKEN,
        created_at__gte=now - MATCHED_FOR,
    )
    channels = rows.order_by("-created_at").values_list("distribution__channel", flat=True)[:1]
    here = Distribution.objects.filter(job=job, channel__in=list(channels))
    return here.order_by("-id").first()
