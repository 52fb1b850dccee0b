"""A company's own board: its public live jobs, narrowed, and what they can be narrowed by."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from distribution.rules.boards import Wish
from ingestion.models import Job
from ingestion.rules.display import EMPLOYMENT_TYPES, REMOTE
from jobly.users.models import Company

PAGE_SIZE = 20
MOST_CHOICES = 60  # places or departments offered


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, in words, with how many jobs have it."""

    value: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the board and what it offers."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Board:
    """One page of a board. `total`: all jobs of the board, whatever the filters."""

    jobs: list[Job]
    total: int
    found: int
    filters: tuple[Filter, ...]
    has_more: bool


def public_jobs(company: Company) -> QuerySet[Job]:
    """Return what a company shows to everybody."""
    rows = Job.objects.live().filter(company=company, on_board=True)
    return rows.exclude(desk__is_public=False)


def board_of(company: Company, wish: Wish) -> Board:
    """Return a page of a company's board, newest first; seven queries whatever it holds."""
    rows = public_jobs(company)
    kept = rows.filter(_narrowing(wish))
    start = (wish.page - 1) * PAGE_SIZE
    newest = kept.select_related("employer").order_by("-first_seen_at", "-pk")
    jobs = list(newest[start : start + PAGE_SIZE + 1])
    total = rows.count()
    return Board(
        jobs=jobs[:PAGE_SIZE],
        total=total,
        found=kept.count() if wish.is_narrowed else total,
        filters=tuple(_filters(rows, wish)) if total else (),
        has_more=len(jobs) > PAGE_SIZE,
    )


def _narrowing(wish: Wish) -> Q:
    wanted = Q(title__icontains=wish.q) if wish.q else Q()
    if wish.place:
        wanted &= Q(city=wish.place) | Q(more_places__contains=[{"city": wish.place}])
    exact = {"department": wish.department, "employment_type": wish.type, "remote": wish.remote}
    return wanted & Q(**{name: value for name, value in exact.items() if value})


def _filters(rows: QuerySet[Job], wish: Wish) -> list[Filter]:
    """Offer what tells jobs of the board apart; a filter with one value is none."""
    kinds: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
        ("place", "Place", "city", {}),
        ("department", "Department", "department", {}),
        ("type", "Type", "employment_type", EMPLOYMENT_TYPES),
        ("remote", "Where one works", "remote", REMOTE),
    )
    found = []
    for name, label, column, words in kinds:
        counted = rows.exclude(**{column: ""}).values_list(column).annotate(n=Count("pk"))
        counts = list(counted.order_by("-n", column)[:MOST_CHOICES])
        choices = [
            Choice(value, words.get(value) or _worded(name, value), n)
            for value, n in sorted(counts)
        ]
        chosen = getattr(wish, name)
        if len(choices) > 1 or chosen:
            found.append(Filter(name, label, tuple(choices), chosen))
    return found


def _worded(name: str, value: str) -> str:
    """Write a place as it is, a department with a capital, or two ("IT", "HR")."""
    if name == "place":
        return value
    return value.upper() if len(value) < 3 else value.capitalize()  # noqa: PLR2004 # letters
