"""Admin of applicants: the list, its filters, and what is done with many at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.models import Applicant, Channel, Letter
from distribution.reports import applicants as reports
from distribution.rules.sheets import sheet
from distribution.rules.stages import OPEN
from ingestion.models import Job
from jobly import limits
from jobly.users.admin.scoped import CompanyFilter, ReadOnlyAdmin, of_one_row
from jobly.users.models import principal_of

from . import applicant_pages as pages
from .question_pages import questions

STAGE_COLOURS = {
    "new": "info",
    "screen": "primary",
    "interview": "primary",
    "offer": "warning",
    "hired": "success",
    "rejected": "danger",
    "withdrawn": "secondary",
}
DAYS = (3, 7, 14, 30)
UNKNOWN = "unknown"
EXPORTS = 20  # an hour and person
MOST_EXPORTED = 50_000  # rows


class JobFilter(admin.SimpleListFilter):
    """Narrow applicants to one job; the choices are the newest jobs somebody applied for."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the jobs."""
        mine = Applicant.objects.visible_to(principal_of(request)).order_by().values("job")
        rows = Job.objects.filter(pk__in=mine).order_by("-pk").values_list("pk", "title")
        return [(str(key), title[:60]) for key, title in rows[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those of the job."""
        value = self.value()
        if value is None:
            return queryset
        is_number = value.isdecimal() and len(value) < 19  # noqa: PLR2004 # digits of a bigint
        return queryset.filter(job=int(value)) if is_number else queryset.none()


class SourceFilter(admin.SimpleListFilter):
    """Narrow applicants to those who came by one channel."""

    title = "came by"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the channels, and not knowing."""
        rows = Channel.objects.visible_to(principal_of(request)).order_by("slug")
        named = [(str(key), name) for key, name in rows.values_list("pk", "name")[:200]]
        return [*named, (UNKNOWN, "not known")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those who came by it."""
        value = self.value()
        if value is None:
            return queryset
        if value == UNKNOWN:
            return queryset.filter(distribution=None)
        known = value in dict(self.lookup_choices)
        return queryset.filter(distribution__channel=UUID(value)) if known else queryset.none()


class WaitingFilter(admin.SimpleListFilter):
    """Narrow to applications nobody moved, to people nobody wrote to, to letters in doubt."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name some spans."""
        waits = [(str(days), f"for more than {days} days") for days in DAYS]
        said = [("silent", "heard nothing for 14 days"), ("letter", "a letter may be missing")]
        return [*waits, *said]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep open ones for which that is so; a missing letter counts to the end."""
        value = self.value()
        if value == "letter":
            lost = Letter.objects.filter(applicant=OuterRef("pk"), status__in=Letter.LOST)
            return queryset.filter(Exists(lost))
        waiting = queryset.filter(stage__in=OPEN)
        if value == "silent":
            heard = waiting.annotate(heard=Coalesce(F("heard_at"), F("created_at")))
            return heard.filter(heard__lt=Now() - timedelta(days=14))
        if value in {str(days) for days in DAYS}:
            return waiting.filter(stage_at__lt=Now() - timedelta(days=int(value)))
        return queryset


class RatingFilter(admin.SimpleListFilter):
    """Narrow to how many stars an application has."""

    title = "rating"
    parameter_name = "rating"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the steps."""
        return [("4", "4 and more"), ("3", "3 and more"), ("none", "not rated")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those."""
        value = self.value()
        if value == "none":
            return queryset.filter(rating=None)
        return queryset.filter(rating__gte=int(value)) if value in {"3", "4"} else queryset


@admin.register(Applicant)
class ApplicantAdmin(ReadOnlyAdmin):
    """People who applied, per job and over all."""

    list_display = ("person", "for_job", "state", "source", "waits", "stars", "look", "company")
    list_filter = ("stage", JobFilter, SourceFilter, WaitingFilter, RatingFilter, CompanyFilter)
    search_fields = ("name",)
    search_help_text = "Beginning of a name or an e-mail address"
    ordering = ("-id",)
    actions = ("move_selected", "export_selected")
    intro = "Who applied, for what, and by which board they came. Open one to read and decide."
    empty_words = (
        "Nobody has applied yet. Jobs without an address of their own take applications here:"
        " open a job and press “Questions” to say what you want to know."
    )
    more = (
        ("Reply templates", "admin:distribution_replytemplate_changelist"),
        ("Terms and confirmation", "admin:distribution_applicationterms_changelist"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Applicant]:
        """Leave erased ones out, and fetch what the list shows."""
        kept = super().get_queryset(request).filter(erased_at=None)
        rows = Applicant.objects.filter(pk__in=kept.values("pk")).with_names().with_twins()
        return rows.order_by("-id").defer("job__description_html", "job__description_text")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find people by the beginnings of words of their name or address."""
        return reports.found(queryset, search_term), False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which people are moved and questions are set."""
        known: dict[str, Any] = {
            "<uuid:pk>/decide/": (pages.decide, "decide"),
            "<uuid:pk>/data/": (pages.download, "data"),
            "moved/<uuid:batch>/": (pages.moved, "moved"),
            "questions/<int:job_id>/": (questions, "questions"),
        }
        return [
            *(self._page(route, view, name) for route, (view, name) in known.items()),
            *super().get_urls(),
        ]

    def _page(self, route: str, view: Any, name: str) -> URLPattern:
        def shown(request: HttpRequest, **known: Any) -> HttpResponse:
            answer: HttpResponse = view(self, request, **known)
            return answer

        guarded = self.admin_site.admin_view(shown)
        return path(route, guarded, name=f"distribution_applicant_{name}")

    @of_one_row
    def change_view(self, request: HttpRequest, row: Applicant) -> HttpResponse:
        """Show one application, and what to do with it."""
        return pages.show(self, request, row)

    @display(description="Name", ordering="name")
    def person(self, row: Applicant) -> SafeString:
        """Name the person; say where another application looks like the same one's."""
        twin = " · applied twice?" if getattr(row, "has_twin", False) else ""
        return format_html("{}<br><small>{}{}</small>", row.name, row.email, twin)

    @display(description="Job", ordering="job__title")
    def for_job(self, row: Applicant) -> str:
        """Name the job."""
        return row.job.title

    @display(description="Stage", label=STAGE_COLOURS, ordering="stage")
    def state(self, row: Applicant) -> str:
        """Show the stage as a badge."""
        return row.stage

    @display(description="Came by")
    def source(self, row: Applicant) -> str:
        """Name the channel, and how sure that is."""
        found = reports.came_by(row)
        return f"{found} (matched)" if row.known == Applicant.Known.MATCHED else found

    @display(description="Waiting", ordering="stage_at")
    def waits(self, row: Applicant) -> str:
        """Say for how many days nothing happened."""
        days = reports.waiting_days(row, timezone.now())
        if days is None:
            return "–"
        return f"{days} day{'' if days == 1 else 's'}" if days else "since today"

    @display(description="Rating", ordering="rating")
    def stars(self, row: Applicant) -> str:
        """Show the mean of the stars."""
        return f"★ {row.rating:.1f}" if row.rating else "–"

    @display(description="To look at", ordering="flags")
    def look(self, row: Applicant) -> str:
        """Count the answers that are other than hoped for."""
        return f"{row.flags} answer{'' if row.flags == 1 else 's'}" if row.flags else "–"

    @admin.action(description="Move the selected to a stage…", permissions=["work"])
    def move_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask where to, show what would change, then do it."""
        return pages.move_many(self, request, queryset)

    @admin.action(description="Export the selected as CSV")
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Give a table that no spreadsheet program takes for formulas."""
        key = f"applicants-export:{request.user.pk}"
        if not limits.hit(key, limit=EXPORTS, window=timedelta(hours=1)):
            self.tell(request, f"{EXPORTS} exports an hour; try again later.", ok=False)
            return None
        rows = reports.table(queryset.order_by("-id")[:MOST_EXPORTED], timezone.now())
        answer = HttpResponse(sheet(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="applicants.csv"'
        answer["Cache-Control"] = "private, no-store"
        return answer
