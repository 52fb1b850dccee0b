"""Admin of duplicates, for operators: clusters, pairs that wait for a person, how right we are."""

from contextlib import suppress
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from ingestion.actions import verdicts
from ingestion.forms.likeness import RuleForm
from ingestion.models import Cluster, Likeness, Source
from ingestion.reports.pairs import (
    ladder,
    own_rules,
    quality,
    side_by_side,
    standing_rule,
    what_if,
)
from ingestion.rules.likeness.judging import Answer
from jobly.errors import JoblyError
from jobly.users.admin.scoped import OperatorsLook, actor_of, moment, of_one_row

COLOURS = {"same": "success", "unsure": "warning", "different": "secondary"}
MOST = 50  # postings and pairs shown of a cluster
LONGEST = 19  # digits of an id
WORDS = {Answer.SAME: "the same job", Answer.DIFFERENT: "two jobs"}


class Waiting(admin.SimpleListFilter):
    """Narrow the pairs to those that wait for a person, or were judged by one."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the states."""
        return [
            ("waiting", "waits for a person"),
            ("said", "judged by a person"),
            ("merged", "merged by the rule"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the pairs in the chosen state."""
        if self.value() == "waiting":
            return queryset.to_review()  # type: ignore[attr-defined] # our QuerySet
        if self.value() == "said":
            return queryset.exclude(said="")
        return queryset.filter(answer="same", said="") if self.value() == "merged" else queryset


@admin.register(Likeness)
class LikenessAdmin(OperatorsLook):
    """Pairs of jobs that are or may be the same."""

    list_display = ("pair", "employer_name", "words", "skills_shared", "place", "rule", "state")
    list_filter = (Waiting, "rule", "place")
    search_fields = ("job_a__title", "job_b__title")
    search_help_text = "Title of either job"
    ordering = ("-jaccard", "-pk")
    show_full_result_count = False
    empty_words = "Jobs are compared when they come; what is alike stands here then."
    intro = "Pairs that are or may be one job. Open one to lay them side by side and say which."
    list_before_template = "admin/ingestion/_before_pairs.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Likeness]:
        """Fetch what a row shows, without the texts."""
        rows: QuerySet[Likeness] = super().get_queryset(request)
        return rows.select_related("job_a__employer", "job_b__employer", "said_by").defer(
            "job_a__description_html", "job_a__description_text",
            "job_b__description_html", "job_b__description_text",
        )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the page about the rule, and where its and the verdicts' buttons post to."""
        wrap = self.admin_site.admin_view
        return [
            path("quality/", wrap(self.quality), name="ingestion_likeness_quality"),
            path("review/", wrap(self.review), name="ingestion_likeness_review"),
            path("<int:pk>/say/", wrap(self.say), name="ingestion_likeness_say"),
            *super().get_urls(),
        ]

    def review(self, request: HttpRequest) -> HttpResponse:
        """Lead to the pair that waits next, the likest first; `after` was looked at."""
        self._check(request)
        waiting = Likeness.objects.all().to_review().order_by("-jaccard", "-pk")
        after = _number(request.GET.get("after", ""))
        last = Likeness.objects.filter(pk=after).first() if after else None
        row = (waiting.behind(last).first() if last else None) or waiting.first()
        if row is None or row == last:
            self.message_user(request, "No other pair waits for a person.", "SUCCESS")
            return redirect("admin:ingestion_likeness_changelist")
        undo = f"?undo={last.pk}" if last and last.said else ""
        return redirect(reverse("admin:ingestion_likeness_change", args=[row.pk]) + undo)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lay the two jobs side by side, with what differs marked, and what was said of them."""
        self._check(request)
        row = Likeness.objects.with_jobs().filter(pk=object_id).first()
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = self.page(
            request,
            title="One job or two?",
            original=row,
            beside=side_by_side(row),
            verdicts=row.verdicts.select_related("actor")[:20],
            waiting=Likeness.objects.all().to_review().count(),
            undo=_number(request.GET.get("undo", "")),
        )
        return TemplateResponse(request, "admin/ingestion/show_pair.html", context)

    def say(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Note what a person says of a pair, or take it back; then show the next one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._check(request)
        row = Likeness.objects.filter(pk=pk).first()
        said = request.POST.get("said", "")
        if row is None or said not in {"", Answer.SAME, Answer.DIFFERENT}:
            raise Http404
        try:
            if not said:
                verdicts.take_back(row, actor=actor_of(request))
                self.message_user(request, "Taken back; the rule decides again.", "SUCCESS")
                return redirect("admin:ingestion_likeness_change", pk)
            verdicts.say(row, Answer(said), actor=actor_of(request))
        except JoblyError as wrong:
            self.message_user(request, wrong.message, "ERROR")
            return redirect("admin:ingestion_likeness_change", pk)
        self.message_user(request, f"Noted: {WORDS[Answer(said)]}.", "SUCCESS")
        return redirect(f"{reverse('admin:ingestion_likeness_review')}?after={pk}")

    def quality(self, request: HttpRequest) -> HttpResponse:
        """Show how right the rule is on what persons said, and what other bars would do.

        Of all sources, or of the one that the address or the form names.
        """
        self._check(request)
        given = request.POST if request.method == "POST" else request.GET
        source = _source(given.get("source", ""))
        now = standing_rule(source)
        initial = asdict(now) | {"source": source}
        form = RuleForm(given) if "jaccard" in given else RuleForm(initial=initial)
        is_asked = form.is_bound and form.is_valid()
        if is_asked and request.method == "POST":
            run = verdicts.change_rule(form.rule(), source=source, actor=actor_of(request))
            self.message_user(request, "The new bars are in force; all pairs are judged again.")
            return redirect("run", pk=run.pk)
        other = form.rule() if is_asked else None
        context = self.page(
            request,
            title="How right the rule is",
            source=source,
            own_rules=own_rules(),
            rule=now,
            quality=quality(now, source),
            ladder=ladder(now, source),
            form=form,
            other=other,
            other_quality=quality(other, source) if other else None,
            what_if=what_if(other, source) if other else None,
        )
        return TemplateResponse(request, "admin/ingestion/likeness_quality.html", context)

    def _check(self, request: HttpRequest) -> None:
        """Raise PermissionDenied to whom these pages are not for."""
        if not self.has_view_permission(request):
            raise PermissionDenied

    @display(description="Pair", ordering="job_a__title")
    def pair(self, row: Likeness) -> str:
        """Name both jobs, once where the title is the same."""
        a, b = row.job_a.title, row.job_b.title
        return a if a == b else f"{a} / {b}"

    @display(description="Employer")
    def employer_name(self, row: Likeness) -> str:
        """Name the employers of both, once where it is the same."""
        a, b = row.job_a.employer, row.job_b.employer
        return a.name if a == b else f"{a.name} / {b.name}"

    @display(description="Shared words", ordering="jaccard")
    def words(self, row: Likeness) -> str:
        """Say the share in percent."""
        return f"{row.jaccard:.0%}"

    @display(description="Shared skills", ordering="skills")
    def skills_shared(self, row: Likeness) -> str:
        """Say the share in percent."""
        return "none named" if row.skills is None else f"{row.skills:.0%}"

    @display(description="Answer", label=COLOURS)
    def state(self, row: Likeness) -> tuple[str, str]:
        """Show what stands, and whether a person said it."""
        return row.stands, f"{row.stands}, by a person" if row.said else row.stands


@admin.register(Cluster)
class ClusterAdmin(OperatorsLook):
    """Jobs that several postings tell of."""

    list_display = ("shown", "employer", "postings", "changed")
    search_fields = ("canonical__title", "canonical__employer__name")
    search_help_text = "Title or employer"
    show_full_result_count = False
    empty_words = "Pairs that are surely one job, or that a person called one, become one."
    intro = "Jobs that were found in several postings; listings show the first one of each."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cluster]:
        """Fetch what a row shows."""
        rows: QuerySet[Cluster] = super().get_queryset(request)
        rows = rows.select_related("canonical__employer").annotate(members=Count("jobs"))
        return rows.defer("canonical__description_html", "canonical__description_text")

    @of_one_row
    def change_view(self, request: HttpRequest, cluster: Cluster) -> HttpResponse:
        """Show the postings of a cluster and the pairs that hold it together."""
        jobs = list(cluster.jobs.with_sources().order_by("is_copy", "pk")[:MOST])
        pairs = Likeness.objects.filter(job_a__in=jobs, job_b__in=jobs).with_jobs()
        context = self.page(
            request,
            title=cluster.canonical.title,
            original=cluster,
            jobs=jobs,
            pairs=pairs[:MOST],
        )
        return TemplateResponse(request, "admin/ingestion/show_cluster.html", context)

    @display(description="Job", ordering="canonical__title")
    def shown(self, cluster: Cluster) -> str:
        """Name the job that listings show."""
        return cluster.canonical.title

    @display(description="Employer")
    def employer(self, cluster: Cluster) -> str:
        """Name its employer."""
        return cluster.canonical.employer.name

    @display(description="Postings", ordering="members")
    def postings(self, cluster: Any) -> int:
        """Say how many there are."""
        count: int = cluster.members
        return count

    @display(description="Changed", ordering="updated_at")
    def changed(self, cluster: Cluster) -> Any:
        """Say when."""
        return moment(cluster.updated_at)


def _source(text: str) -> Source | None:
    """Return the public source that an address names, if it is one."""
    with suppress(ValueError):
        return Source.objects.filter(company=None, pk=UUID(text)).first()
    return None


def _number(text: str) -> int | None:
    """Return the id that an address names, if it is one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST else None
