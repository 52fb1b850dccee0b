"""How pages say what a job is; whatever came from outside is made safe here once more."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ingestion.models import Job, Sighting
from ingestion.rules import display
from ingestion.rules.html import sanitise

register = template.Library()
TINTS = 6


@register.filter
def safe_description(job: Job) -> SafeString:
    """Return the description as HTML that can do nothing, however it came into the table."""
    return mark_safe(sanitise(job.description_html))  # noqa: S308 # nh3's allow-list, just now


@register.filter
def pay(job: Job) -> str:
    """Say what the job pays, "" when it does not tell."""
    return display.pay(job.salary_min, job.salary_max, job.salary_currency, job.salary_period)


@register.filter
def annual_pay(job: Job) -> str:
    """Say what that makes a year, "" when it is told by the year."""
    if job.salary_period in {"YEAR", ""}:
        return ""
    low, high = job.salary_annual_min, job.salary_annual_max
    return display.pay(low, high, job.salary_currency, "YEAR")


@register.filter
def place(job: Job) -> str:
    """Say where the work is, as the source puts it."""
    found = job.location_text or ", ".join(filter(None, (job.city, job.region, job.country)))
    return found if found or job.remote != "remote" else "Anywhere"


@register.filter
def remote_word(job: Job) -> str:
    """Say whether one works at home."""
    return display.REMOTE.get(job.remote, "")


@register.filter
def employment_word(job: Job) -> str:
    """Say the kind of employment."""
    return display.EMPLOYMENT_TYPES.get(job.employment_type, "")


@register.filter
def level_word(job: Job) -> str:
    """Say the level."""
    return display.SENIORITIES.get(job.seniority, "")


@register.filter
def education_word(job: Job) -> str:
    """Say which degree is asked for at least."""
    return display.EDUCATION.get(job.education, "")


@register.filter
def experience_word(job: Job) -> str:
    """Say how much experience is asked for."""
    return display.experience(job.experience_months)


@register.filter
def other_places(job: Job) -> str:
    """Name the further cities of a job, or its countries where no city is said."""
    names = [place["city"] or place["country"] for place in job.more_places]
    return ", ".join(dict.fromkeys(filter(None, names)))


@register.filter
def tint(job: Job) -> int:
    """Return which of the monogram's tints the employer has, always the same."""
    return job.employer_id % TINTS


@register.filter
def source_names(job: Job) -> list[str]:
    """Return the names of the sources that have the job, the first to show it first."""
    return [sighting.source.name for sighting in sightings_by_source(job)]


@register.filter
def sightings_by_source(job: Job) -> list[Sighting]:
    """Return one sighting a source, of the job or a copy, the first to show it first."""
    latest: dict[object, Sighting] = {}
    for sighting in sorted(job.seen_at, key=lambda seen: seen.last_seen_at):
        latest[sighting.source_id] = sighting
    return sorted(latest.values(), key=lambda seen: (seen.first_seen_at, seen.pk))


@register.filter
def outward(url: str) -> str:
    """Return a link a page may offer, "" for any other."""
    return display.outward(url)


@register.filter
def host(url: str) -> str:
    """Return the name of the site a link leads to."""
    return display.host_of(url)


@register.simple_tag
def json_ld(script: str, nonce: str) -> SafeString:
    """Write a script element of linked data; `script` comes from `jsonld.as_script`."""
    safe = mark_safe(script)  # noqa: S308 # as_script escapes <, > and &
    return format_html('<script type="application/ld+json" nonce="{}">{}</script>', nonce, safe)
