"""Companies with channels on the practice boards, and jobs that every board takes."""

from datetime import timedelta
from itertools import count

from distribution.actions.changes import create_distribution
from distribution.actions.channels import create_channel
from distribution.models import Channel
from distribution.rules.channels import (
    MORE_SANDBOX_CHANNELS,
    SANDBOX_CHANNELS,
    SANDBOX_FIGURES,
    UNCALLED,
)
from ingestion.models import Employer
from tests.make import make_company, make_job

numbers = count(1)
TEXT = "<p>Joins pipes by TIG and by hand, reads drawings and teaches apprentices.</p>" * 2
# the boards of a test answer within a blink
QUICK = {
    **SANDBOX_FIGURES,
    "settle_window": timedelta(seconds=1),
    "poll_delay": timedelta(seconds=0.1),
    "call_timeout": timedelta(seconds=1),
}


def make_posting(company, **overrides):
    """Make a company's job that every board takes."""
    number = next(numbers)
    employer, _ = Employer.objects.get_or_create(key="acme", defaults={"name": "Acme"})
    fields = {
        "company": company,
        "employer": employer,
        "description_html": TEXT,
        "salary_min": 50_000_000,
        "salary_max": 60_000_000,
        "salary_currency": "NOK",
        "salary_period": "YEAR",
        "reference": f"A-{number}",
    } | overrides
    title = fields.pop("title", f"Welder {number}")
    return make_job(title, searchable=False, **fields)


def make_channel(company=None, slug="linkedin", **overrides):
    """Make one channel on the practice boards."""
    known = dict({**SANDBOX_CHANNELS, **MORE_SANDBOX_CHANNELS}[slug])
    figures = {} if known["kind"] in UNCALLED else QUICK
    channel = create_channel(
        company or make_company(), slug=slug, **{**figures, **known, **overrides}
    )
    return Channel.objects.get(pk=channel.pk)


def make_distribution(job=None, channel=None, **options):
    """Put a job on its way."""
    channel = channel or make_channel()
    job = job or make_posting(channel.company)
    return create_distribution(job, channel, actor=None, **options)
