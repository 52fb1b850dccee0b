"""What the list of runs can be narrowed to; each filter is one field of a `Selection`."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from jobly.runs.actions.kinds import kinds
from jobly.runs.models import Run
from jobly.runs.rules.selection import NOT, SPANS, STANDINGS, UNFINISHED, Selection
from jobly.runs.rules.words import in_words
from jobly.users.admin.scoped import CompanyFilter
from jobly.users.models import principal_of

MOST_CODES = 20
BESIDES = f"{NOT}distribution.publish"  # publications that failed have a list of their own


class Narrow(admin.SimpleListFilter):
    """One field of a selection as a filter of the list."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """Keep what the field means."""
        rows: Any = queryset
        wanted = Selection.of({str(self.parameter_name): self.value() or ""})
        narrowed: QuerySet[Run] = rows.selected(wanted, now=timezone.now())
        return narrowed

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the values there are."""
        raise NotImplementedError

    def has_output(self) -> bool:
        """Whether there is a choice, or a link has made one."""
        return super().has_output() or self.value() is not None


class StatusFilter(Narrow):
    """By status."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the five, and the two that have not ended together."""
        return [(UNFINISHED, "Not ended"), *((s.value, s.label) for s in Run.Status)]


class StandingFilter(Narrow):
    """By what catches the eye."""

    title = "what stands out"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name what may be wrong."""
        return list(STANDINGS.items())


class SinceFilter(Narrow):
    """By age."""

    title = "asked for"
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name spans; a link from elsewhere may name a time."""
        return [(key, words) for key, (words, _) in SPANS.items()]


class KindFilter(Narrow):
    """By kind of work, in people's words."""

    title = "work"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name every kind there is; asking the table would read all of it."""
        known = sorted(((name, in_words(name)) for name in kinds()), key=lambda pair: pair[1])
        return [(BESIDES, "Everything but publications"), *known]


class QueueFilter(Narrow):
    """By the line it waits in."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name every queue that some kind of work goes to."""
        return [(name, name) for name in sorted({kind.queue for kind in kinds().values()})]


class ErrorFilter(Narrow):
    """By what went wrong."""

    title = "error"
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the codes of failures there are, the most frequent first."""
        rows = Run.objects.visible_to(principal_of(request)).filter(status="failed").order_by()
        codes = rows.exclude(error_code="").values_list("error_code").annotate(n=Count("pk"))
        return [(code, f"{code} ({n:,})") for code, n in codes.order_by("-n")[:MOST_CODES]]


class WhoseFilter(CompanyFilter):
    """By company."""

    def has_output(self) -> bool:
        """Whether there is a choice, or one was made."""
        return super().has_output() or self.value() is not None


FILTERS = (
    StatusFilter,
    StandingFilter,
    KindFilter,
    ErrorFilter,
    SinceFilter,
    QueueFilter,
    WhoseFilter,
)
