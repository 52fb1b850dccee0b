"""The vocabulary in use: our own lists and what was imported, built once until that changes."""

from collections.abc import Iterator
from functools import lru_cache

from django.db.models import QuerySet

from ingestion.models import Occupation, SkillTerm, Taxonomy
from ingestion.rules.taxonomies import Entry
from ingestion.rules.vocabulary import OURS, Vocabulary, vocabulary_of

#: The taxonomies there are, by id, name and time of import.
Stamp = tuple[tuple[int, str, str], ...]


def vocabulary() -> Vocabulary:
    """Return what texts are read by now; costs one query while nothing was imported since."""
    known = stamp()
    return _built(known) if known else OURS


def stamp() -> Stamp:
    """Return what the vocabulary was built from; another one tells that it has changed."""
    rows = Taxonomy.objects.order_by("pk").values_list("pk", "name", "imported_at")
    return tuple((pk, name, at.isoformat()) for pk, name, at in rows)


@lru_cache(maxsize=1)
def _built(known: Stamp) -> Vocabulary:
    ids = [pk for pk, _, _ in known]
    skills = SkillTerm.objects.filter(taxonomy__in=ids)
    occupations = Occupation.objects.filter(taxonomy__in=ids)
    return vocabulary_of(_entries(skills), _entries(occupations))


def _entries(rows: QuerySet[SkillTerm] | QuerySet[Occupation]) -> Iterator[Entry]:
    for code, name, others in rows.order_by("pk").values_list("code", "name", "others").iterator():
        yield Entry(code, name, tuple(others))
