"""Write employers: made and enriched by the loader, merged and parted by a person."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Now

from ingestion.errors import EmployersNotMerged
from ingestion.models import Employer, EmployerAlias, Job
from ingestion.rules.employers import employer_key
from ingestion.rules.normalise import Posting
from jobly.runs.actions import transaction
from jobly.users.models import User

MAX_NAME = 300
TOLD = ("url", "domain", "size", "logo_url")  # what a posting may tell where we know nothing yet
# in the order of the ids, so that two loaders cannot deadlock
LACKING = """
SELECT id FROM ingestion_employer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
ENRICH = """
UPDATE ingestion_employer AS e SET
    url = coalesce(nullif(e.url, ''), v.url),
    domain = coalesce(nullif(e.domain, ''), v.domain),
    size = coalesce(nullif(e.size, ''), v.size),
    logo_url = coalesce(nullif(e.logo_url, ''), v.logo_url)
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS v (id, url, domain, size, logo_url)
WHERE e.id = v.id
"""


class Hiring(NamedTuple):
    """What a stored item tells of its employer, under the names that a posting has for it."""

    employer: str
    employer_url: str
    employer_domain: str
    employer_size: str
    employer_logo: str
    is_agency: bool


@dataclass(slots=True)
class Told:
    """What postings tell of an employer; a model would cost ten times as much to make."""

    name: str
    url: str = ""
    domain: str = ""
    size: str = ""
    logo_url: str = ""
    is_agency: bool = False


def employers_for(postings: Iterable[Posting | Hiring]) -> dict[str, int]:
    """Return the employer's id for each employer key, made when new. Safe side by side.

    A name that a person said is another employer's leads there. What postings tell of an employer
    fills what is empty and replaces nothing.
    """
    told = _as_told(postings)
    aliases = dict(
        EmployerAlias.objects.filter(key__among=set(told)).values_list("key", "employer_id")
    )
    own = {key: row for key, row in told.items() if key not in aliases}
    found = _known(own)
    if new := sorted(own.keys() - found.keys()):
        # sorted, so that two loaders that insert the same names cannot deadlock
        rows = [Employer(key=key, **asdict(own[key])) for key in new]
        Employer.objects.bulk_create(rows, ignore_conflicts=True)
        found |= _known(new)
    _enrich({found[key][0]: row for key, row in own.items() if _adds(row, found[key][1])})
    return {key: pk for key, (pk, _) in found.items()} | aliases


def _known(keys: Iterable[str]) -> dict[str, tuple[int, list[str]]]:
    """Return the id of each employer that is there by its key, and what is known of it."""
    rows = Employer.objects.filter(key__among=set(keys)).values_list("key", "pk", *TOLD)
    return {key: (pk, values) for key, pk, *values in rows}


def _as_told(postings: Iterable[Posting | Hiring]) -> dict[str, Told]:
    """Return an employer a key, of what its postings tell together."""
    told: dict[str, Told] = {}
    for posting in postings:
        key = employer_key(posting.employer)
        row = told.get(key)
        if row is None:
            row = told[key] = Told(posting.employer[:MAX_NAME])
        row.url = row.url or posting.employer_url
        row.domain = row.domain or posting.employer_domain
        row.size = row.size or posting.employer_size
        row.logo_url = row.logo_url or posting.employer_logo
        row.is_agency = row.is_agency or posting.is_agency
    return told


def _adds(row: Told, values: list[str]) -> bool:
    """Say whether a posting tells something of the employer that was not known."""
    return any(getattr(row, name) and not known for name, known in zip(TOLD, values, strict=True))


def _enrich(rows: Mapping[int, Told | Employer]) -> None:
    """Fill what is empty of employers by what was told."""
    if not rows:
        return
    columns = [[getattr(row, name) for row in rows.values()] for name in TOLD]
    with connection.cursor() as cursor:
        cursor.execute(LACKING, [list(rows)])
        cursor.execute(ENRICH, [list(rows), *columns])


@transaction
def merge_employers(kept: Employer, others: Iterable[Employer], *, actor: User | None) -> int:
    """Say that other employers are the kept one: their jobs become its, and later ones too.

    Returns the number of jobs that moved. Raises: EmployersNotMerged for one with itself, and for
    one that was merged before.
    """
    rows = sorted({row.pk for row in others} - {kept.pk})
    if not rows:
        raise EmployersNotMerged("Choose at least two employers; nothing was changed.")
    locked = Employer.objects.select_for_update(no_key=True).filter(pk__in=[kept.pk, *rows])
    by_id = {row.pk: row for row in locked.order_by("pk")}
    if EmployerAlias.objects.filter(former__in=by_id.values()).exists():
        raise EmployersNotMerged("One of them is merged into another already; nothing was changed.")
    moved = 0
    for pk in rows:
        jobs = list(Job.objects.filter(employer=pk).order_by("pk").values_list("pk", flat=True))
        EmployerAlias.objects.filter(employer=pk).update(employer=kept)
        EmployerAlias.objects.create(
            key=by_id[pk].key, employer=kept, former=by_id[pk], jobs=jobs, confirmed_by=actor
        )
        moved += _move(jobs, kept)
    _enrich({kept.pk: _together([by_id[pk] for pk in rows])})
    return moved


def _together(rows: list[Employer]) -> Employer:
    """Return what several employers tell, the first that tells something."""
    told = {name: next((v for r in rows if (v := getattr(r, name))), "") for name in TOLD}
    return Employer(**told)


def _move(jobs: list[int], employer: Employer) -> int:
    """Give jobs to an employer."""
    rows = Job.objects.filter(pk__in=jobs).exclude(employer=employer)
    return rows.update(employer=employer, updated_at=Now())


@transaction
def part_employers(alias: EmployerAlias) -> int:
    """Take a merge back: the name is an employer of its own again, with the jobs that were its.

    Jobs that came under the name since then stay where they are until they are seen again. Returns
    the number of jobs that moved back.
    """
    alias = EmployerAlias.objects.select_for_update().select_related("former").get(pk=alias.pk)
    still = Job.objects.filter(pk__in=alias.jobs, employer=alias.employer_id)
    moved = _move(list(still.order_by("pk").values_list("pk", flat=True)), alias.former)
    alias.delete()
    return moved
