"""A job as boards are told it: plain values, and the fingerprint that says whether they changed."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ingestion.rules.sources import Rights

REMOTE_WORDS = re.compile(r"\s*(fully\s+|100\s?%\s+)?(remote|anywhere|worldwide)\b", re.IGNORECASE)
UNSENT = ("page_url", "rights", "is_public")  # boards are not told these


@dataclass(frozen=True, slots=True)
class Content:
    """What every payload is made from. Salaries are minor units of `salary_currency`.

    `rights`: what the source that brought the job allows; `is_public`: what its company does.
    """

    job_id: int
    title: str
    description_html: str
    description_text: str
    location_text: str
    city: str
    region: str
    country: str
    remote: str
    employment_type: str
    seniority: str
    employer: str
    employer_url: str
    salary_min: int | None
    salary_max: int | None
    salary_currency: str
    salary_period: str
    apply_url: str
    reference: str
    listed_at: datetime
    expires_at: datetime | None
    page_url: str
    rights: Rights = "own"
    is_public: bool = True

    @property
    def is_remote(self) -> bool:
        """Whether the work may be done from anywhere, by field or by its place's name."""
        return self.remote == "remote" or bool(REMOTE_WORDS.match(self.location_text))

    @property
    def link(self) -> str:
        """Where to apply: the employer's own address, else our page."""
        return self.apply_url or self.page_url

    def digest(self) -> str:
        """Return 64 hex characters that change if and only if what boards are told changed."""
        values = {k: v for k, v in asdict(self).items() if k not in UNSENT}
        text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def content_of(job: Any, *, page_url: str) -> Content:
    """Read the sendable values off a catalogue job whose employer, source and desk are loaded.

    `listed_at` never lies ahead of the moment we first saw the job: LinkedIn refuses future dates.
    """
    listed = min(filter(None, (job.posted_at, job.first_seen_at)))
    return Content(
        job_id=job.pk,
        title=job.title,
        description_html=job.description_html,
        description_text=job.description_text,
        location_text=job.location_text,
        city=job.city,
        region=job.region,
        country=job.country,
        remote=job.remote,
        employment_type=job.employment_type,
        seniority=job.seniority,
        employer=job.employer.name,
        employer_url=getattr(job.employer, "url", "") or "",
        salary_min=job.salary_min,
        salary_max=job.salary_max,
        salary_currency=job.salary_currency,
        salary_period=job.salary_period,
        apply_url=job.apply_url,
        reference=job.reference,
        listed_at=listed,
        expires_at=job.expires_at,
        page_url=page_url,
        rights=job.source.figures.rights,
        is_public=getattr(getattr(job, "desk", None), "is_public", True),
    )
