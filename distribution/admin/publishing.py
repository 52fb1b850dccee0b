"""Put jobs on their way: see what each channel would take of them, and choose channels."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name

from distribution.actions import rehearsing
from distribution.errors import NoRehearsal
from distribution.forms.publishing import PublishForm
from distribution.models import Channel, Distribution
from distribution.reports.costs import estimate, together
from distribution.reports.planning import jobs_of
from distribution.reports.readiness import readiness
from ingestion.models import Job, Upload
from jobly.errors import TooMany
from jobly.runs.actions import start
from jobly.runs.actions.admission import admit
from jobly.users.admin.scoped import CompanyScopedAdmin, actor_of
from jobly.users.models import Company, principal_of

MOST_CHOSEN = 500  # jobs picked by hand; an upload may hold more
MOST_SHOWN = 100  # jobs with a row of their own in the plan
MOST_CHECKED = 500  # jobs whose content is checked for the page


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose jobs are to be published: those of an upload, or those picked."""

    company: Company
    upload: Upload | None
    job_ids: tuple[int, ...]

    def jobs(self) -> QuerySet[Job]:
        """Return the jobs."""
        key: UUID | None = self.upload.pk if self.upload else None
        return jobs_of(self.company, upload_id=key, job_ids=self.job_ids)


def publish(request: HttpRequest) -> HttpResponse:
    """Show what each channel would take of some jobs; on POST start the publication."""
    wish = wish_of(request)
    if not principal_of(request).may_write(wish.company.pk):
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else None
    form = PublishForm(sent, company=wish.company)
    if sent is not None and form.is_valid():
        begin = _rehearse if "rehearse" in sent else _start
        try:
            return begin(request, wish, {**form.cleaned_data, "stagger": form.stagger()})
        except (TooMany, NoRehearsal) as wrong:
            form.add_error(None, wrong.message)
    jobs = wish.jobs()
    some = list(jobs[:MOST_CHECKED])
    channels = list(Channel.objects.usable().filter(company=wish.company).order_by("slug"))
    offers = readiness(some, channels)
    costs = estimate(some, channels, actor_id=request.user.pk)
    context = {
        **admin.site.each_context(request),
        "opts": Distribution._meta,  # noqa: SLF001 # Django's documented API
        "title": "Publish jobs",
        "wish": wish,
        "form": form,
        "total": jobs.count(),
        "checked": len(some),
        "offers": list(zip(offers, costs, strict=True)),
        "cost": together(costs),
        "company_zone": wish.company.time_zone,
        "would_send": any(offer.would_send for offer in offers),
        "zone": get_current_timezone_name(),
        "chosen": [*request.POST.getlist("channels"), *request.GET.getlist("channels")],
        "rows": [
            (job, [(offer.channel.slug, offer.cells[job.pk]) for offer in offers])
            for job in some[:MOST_SHOWN]
        ],
    }
    return TemplateResponse(request, "admin/distribution/publish_jobs.html", context)


def _start(request: HttpRequest, wish: Wish, chosen: dict[str, Any]) -> HttpResponseRedirect:
    """Start the run that carries the wish out, and lead to its live page. Raises: TooMany."""
    at = chosen["at"]
    known = {
        "company_id": str(wish.company.pk),
        "upload_id": str(wish.upload.pk) if wish.upload else None,
        "job_ids": list(wish.job_ids),
        "channels": [row.slug for row in chosen["channels"]],
        "at": at.isoformat() if at else None,
        "skip_on_error": True,
        "stagger": chosen["stagger"],
    }
    actor = actor_of(request)
    admit("distribution.apply", company_id=wish.company.pk)
    run = start("distribution.apply", {"wish": known}, actor=actor, company=wish.company)
    return redirect("run", pk=run.pk)


def _rehearse(request: HttpRequest, wish: Wish, chosen: dict[str, Any]) -> HttpResponseRedirect:
    """Rehearse the wish on practice boards, and lead to its page. Raises: TooMany, NoRehearsal."""
    admit(rehearsing.REHEARSE, company_id=wish.company.pk)
    keys = list(wish.jobs().values_list("pk", flat=True))
    row = rehearsing.start_rehearsal(
        wish.company, keys, list(chosen["channels"]), actor=actor_of(request)
    )
    return redirect("admin:distribution_rehearsal_change", row.pk)


def wish_of(request: HttpRequest) -> Wish:
    """Read whose jobs are meant; what the person may not see does not exist."""
    principal = principal_of(request)
    if given := request.GET.get("upload"):
        uploads = Upload.objects.visible_to(principal).select_related("company", "collection")
        upload = uploads.filter(pk=_uuid(given)).first()
        if upload is None:
            raise Http404("There is no such file.")
        return Wish(upload.company, upload, ())
    numbers = [word for word in request.GET.getlist("job") if word.isdecimal() and len(word) < 19]  # noqa: PLR2004 # digits of a bigint
    jobs = Job.objects.visible_to(principal).filter(pk__in=numbers[:MOST_CHOSEN])
    if not principal.is_staff:
        jobs = jobs.filter(company__in=principal.company_ids)
    found = dict(jobs.exclude(company=None).values_list("pk", "company"))
    companies = set(found.values())
    if len(companies) != 1:
        raise Http404("Choose jobs of one company.")
    return Wish(Company.objects.get(pk=companies.pop()), None, tuple(sorted(found)))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise Http404("There is no such file.") from exc


def standing_on(rows: QuerySet[Job]) -> QuerySet[Job]:
    """Fetch beside each job where it stands, in the same query."""
    found = Distribution.objects.standing().filter(job=OuterRef("pk")).order_by("channel__slug")
    shown = found.values(seen=JSONObject(channel=F("channel__slug"), status=F("status")))
    return rows.annotate(standing=ArraySubquery(shown))


@admin.display(description="Channels")
def channels_of(job: Job) -> SafeString | str:
    """Show a badge for each channel the job is on, or on its way to."""
    standing = getattr(job, "standing", None) or []
    url = reverse("admin:distribution_distribution_changelist")
    badges = [(seen["status"].replace("_", "-"), _word(seen)) for seen in standing]
    shown = format_html_join(" ", '<span class="badge badge--{}">{}</span>', badges)
    link = '<a class="jb-badges" href="{}?job__id__exact={}">{}</a>'
    return format_html(link, url, job.pk, shown) if badges else "none yet"


def _word(seen: dict[str, str]) -> str:
    return f"{seen['channel']}: {seen['status'].replace('_', ' ')}"


@admin.action(description="Publish the selected jobs on…", permissions=["work"])
def publish_selected(
    model_admin: CompanyScopedAdmin, request: HttpRequest, queryset: QuerySet[Job]
) -> HttpResponse | None:
    """Lead to the page where channels are chosen."""
    owned = queryset.exclude(company=None).order_by("pk")
    found = dict(owned.values_list("pk", "company")[: MOST_CHOSEN + 1])
    if len(found) > MOST_CHOSEN:
        text = f"Pick {MOST_CHOSEN} jobs at most, or publish a whole file from its page."
        model_admin.tell(request, text, ok=False)
        return None
    if len(set(found.values())) != 1:
        text = "Pick jobs of one company; the public catalogue belongs to none."
        model_admin.tell(request, text, ok=False)
        return None
    query = urlencode({"job": list(found)}, doseq=True)
    return redirect(f"{reverse('admin:distribution_distribution_publish')}?{query}")


# ingestion knows nothing of boards; its list of jobs gets their column and action from here
jobs: Any = admin.site.get_model_admin(Job)
jobs.show_beside(standing_on, column=channels_of, action=publish_selected)
