"""Admin of approvals: what waits for a yes, who said what, and which channels wait at all."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

from distribution.actions import approving, holding
from distribution.forms.approvals import WORDS, DecisionForm, NeedsForm
from distribution.models import Approval
from distribution.reports.approvals import needs_of
from distribution.rules.approvals import MOST_DECIDED
from jobly.users.admin.scoped import (
    CompanyFilter,
    ReadOnlyAdmin,
    actor_of,
    moment,
    of_one_row,
    scoped_choices,
)
from jobly.users.models import Company, principal_of

COLOURS = {"waits": "warning", "approved": "success", "rejected": "danger", "dropped": "secondary"}


class DecisionFilter(admin.SimpleListFilter):
    """Narrow approvals to those that wait, which is what one comes for, or to a decision."""

    title = "decision"
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the decisions; without a choice those that wait are shown."""
        return [("all", "All"), *((word, label) for word, label in Approval.Decision.choices)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        """Keep what waits, or what is asked for."""
        value = self.value()
        if value == "all":
            return queryset
        return queryset.filter(decision=value or "")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Publications that wait for a yes."""

    list_display = ("job_title", "on", "state", "asked", "decided", "why", "company")
    list_filter = (DecisionFilter, CompanyFilter)
    list_select_related = ("distribution__job", "distribution__channel", "asked_by", "decided_by")
    search_fields = ("distribution__job__title",)
    search_help_text = "Title of the job"
    ordering = ("-id",)
    intro = "What waits for somebody's yes: nothing of it is sent before. An owner decides."
    empty_words = "Nothing waits for approval."
    more = (("Which channels wait", "admin:distribution_approval_needs"),)
    actions = ("approve_selected", "decide_selected")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which one decides, and says what waits."""
        pages = {"decide": self.decide, "needs": self.needs}
        own = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"distribution_approval_{name}")
            for name, view in pages.items()
        ]
        return [*own, *super().get_urls()]

    @of_one_row
    def change_view(self, request: HttpRequest, row: Approval) -> HttpResponse:
        """Lead to the page that decides on this one."""
        return redirect(f"{reverse('admin:distribution_approval_decide')}?id={row.pk}")

    def decide(self, request: HttpRequest) -> HttpResponse:
        """Show some approvals with what would be sent; on POST say yes or no to all of them."""
        rows = list(self._chosen(request))
        if not rows:
            raise Http404("There is no such approval.")
        form = DecisionForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            self._tell_all(request, rows, **form.cleaned_data)
            return redirect("admin:distribution_approval_changelist")
        actor = actor_of(request)
        waiting = [row for row in rows if not row.decision]
        context = self.page(
            request,
            title="Decide on publications",
            rows=rows,
            waiting=waiting,
            form=form,
            may_not=approving.may_not(waiting[0], actor) if waiting else "",
        )
        return TemplateResponse(request, "admin/distribution/decide_approvals.html", context)

    def _chosen(self, request: HttpRequest) -> QuerySet[Approval]:
        keys = [key for word in request.GET.getlist("id") if (key := _uuid(word))]
        mine = self.get_queryset(request).filter(pk__in=keys[:MOST_DECIDED])
        return Approval.objects.with_names().filter(pk__in=mine.values("pk"))

    def _tell_all(
        self, request: HttpRequest, rows: list[Approval], *, approve: bool, why: str
    ) -> None:
        said = approving.decide_all(rows, approve=approve, why=why, actor=actor_of(request))
        wrong = [one for one in said if one.error]
        done = len(said) - len(wrong)
        if done:
            self.tell(request, f"{done} {'approved and on the way' if approve else 'rejected'}.")
        for one in wrong[:5]:
            title = one.approval.distribution.job.title
            self.tell(request, f"{title}: {one.error.message if one.error else ''}", ok=False)
        if len(wrong) > 5:  # noqa: PLR2004 # named five
            self.tell(request, f"… and {len(wrong) - 5} more like this.", ok=False)

    def needs(self, request: HttpRequest) -> HttpResponse:
        """Say which channels of a company wait for a yes; owners change it."""
        choices = scoped_choices(Company, request)
        companies = choices.order_by("name") if choices is not None else Company.objects.none()
        key = _uuid(request.GET.get("company", ""))
        company = companies.filter(pk=key).first() if key else companies.first()
        if company is None:
            raise Http404("There is no such company.")
        refused = approving.whoever(company.pk, None, actor_of(request))
        if request.method == "POST" and refused:
            raise PermissionDenied
        form = NeedsForm(
            request.POST if request.method == "POST" else None, needs=needs_of(company)
        )
        if form.is_valid():
            for need, word in form.chosen():
                needed, actor = WORDS[word], actor_of(request)
                holding.set_needed(company, need.channel, needed=needed, actor=actor)
            self.tell(request, "Saved. What waits already goes on waiting.")
            return redirect(f"{request.path}?company={company.pk}")
        several = principal_of(request).is_staff or companies.count() > 1
        context = self.page(
            request,
            title="Which channels wait for a yes",
            company=company,
            companies=companies[:200] if several else [],
            form=form,
            refused=refused,
        )
        return TemplateResponse(request, "admin/distribution/approval_needs.html", context)

    @admin.action(description="Approve the selected", permissions=["work"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Approval]) -> None:
        """Say yes to each."""
        rows = list(Approval.objects.with_names().filter(pk__in=queryset.values("pk")))
        self._tell_all(request, rows, approve=True, why="")

    @admin.action(description="Decide on the selected, with a reason", permissions=["work"])
    def decide_selected(self, request: HttpRequest, queryset: QuerySet[Approval]) -> HttpResponse:
        """Lead to the page that takes a reason."""
        keys = [str(key) for key in queryset.values_list("pk", flat=True)[:MOST_DECIDED]]
        query = urlencode({"id": keys}, doseq=True)
        return redirect(f"{reverse('admin:distribution_approval_decide')}?{query}")

    @display(description="Job", ordering="distribution__job__title")
    def job_title(self, row: Approval) -> str:
        """Name the job."""
        return row.distribution.job.title

    @display(description="Channel", ordering="distribution__channel__name")
    def on(self, row: Approval) -> str:
        """Name the board."""
        return str(row.distribution.channel)

    @display(description="Decision", label=COLOURS)
    def state(self, row: Approval) -> str:
        """Show the decision as a badge."""
        return row.decision or "waits"

    @display(description="Asked", ordering="id")
    def asked(self, row: Approval) -> SafeString | str:
        """Say when it was asked for."""
        return moment(row.asked_at)

    @display(description="Decided by")
    def decided(self, row: Approval) -> str:
        """Say who decided."""
        return str(row.decided_by) if row.decided_by else "–"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
