"""The page on which a company says what it asks those who apply for a job."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from distribution.actions import screening as actions
from distribution.forms.applicants import QuestionForm
from distribution.models import Question, QuestionSet
from distribution.reports.applying import elsewhere
from ingestion.models import Job
from jobly.errors import JoblyError
from jobly.users.admin.scoped import CompanyScopedAdmin
from jobly.users.models import principal_of

from .applicant_pages import uuid_of


def questions(pages: CompanyScopedAdmin, request: HttpRequest, job_id: int) -> HttpResponse:
    """Show a job's questions; on POST do what a button says."""
    principal = principal_of(request)
    job = Job.objects.visible_to(principal).select_related("company").filter(pk=job_id).first()
    mine = principal.is_staff or (job is not None and job.company_id in principal.company_ids)
    if job is None or job.company_id is None or not mine:
        raise Http404
    form = QuestionForm()
    if request.method == "POST":
        if not principal.may_write(job.company_id):
            raise PermissionDenied
        verb = request.POST.get("verb", "")
        form = QuestionForm(request.POST if verb == "ask" else None)
        if done := _done(pages, request, job, form):
            return done
    context = pages.page(
        request,
        title=f"Questions for {job.title}",
        job=job,
        target=elsewhere(job),
        rows=list(Question.objects.filter(job=job)),
        sets=list(QuestionSet.objects.filter(company=job.company_id)),
        form=form,
        may_write=principal.may_write(job.company_id),
    )
    return TemplateResponse(request, "admin/distribution/ask_questions.html", context)


def _done(
    pages: CompanyScopedAdmin, request: HttpRequest, job: Job, form: QuestionForm
) -> HttpResponse | None:
    """Carry a button out and lead back; None when the form has to be shown again."""
    if form.is_bound and not form.is_valid():
        return None
    try:
        pages.tell(request, _carry_out(request, job, form))
    except JoblyError as wrong:
        if form.is_bound:
            form.add_error(None, wrong.message)
            return None
        pages.tell(request, wrong.message, ok=False)
    return redirect("admin:distribution_applicant_questions", job.pk)


def _carry_out(request: HttpRequest, job: Job, form: QuestionForm) -> str:
    """Do what a button says; return what to tell. Raises: JoblyError."""
    verb, sent = request.POST.get("verb", ""), request.POST
    if verb == "ask":
        actions.ask(job, form.asked())
        return "The question is asked from now on."
    if verb == "keep":
        row = actions.keep_set(job, sent.get("name", ""))
        return f"Kept as “{row.name}” for other jobs."
    return _with_set(job, verb, sent) or _with_question(job, verb, sent)


def _with_set(job: Job, verb: str, sent: QueryDict) -> str:
    """Use or forget a set of questions; "" when that was not meant. Raises: JoblyError."""
    kept = QuestionSet.objects.filter(company=job.company_id, pk=uuid_of(sent.get("set"))).first()
    if verb == "use" and kept:
        return f"{actions.ask_set(job, kept)} questions of “{kept.name}” came to this job."
    if verb == "forget" and kept:
        actions.drop_set(kept)
        return f"“{kept.name}” is forgotten; jobs keep their questions."
    return ""


def _with_question(job: Job, verb: str, sent: QueryDict) -> str:
    """Move or drop one question."""
    asked = Question.objects.filter(job=job, pk=uuid_of(sent.get("question"))).first()
    if verb == "drop" and asked:
        actions.drop(asked)
        return "It is asked no more; answers that were given stay."
    if verb == "up" and asked:
        actions.raise_up(asked)
        return "Moved up."
    return "Nothing was chosen; nothing was changed."
