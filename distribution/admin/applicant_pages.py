"""Pages of the admin about applicants: one to read and decide on, many to move."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from distribution.actions import applicants as actions
from distribution.actions import erasing, letters
from distribution.forms.applicants import LetterForm, MoveForm
from distribution.models import Applicant, ApplicantMove, ReplyTemplate
from distribution.reports import applicants as reports
from distribution.reports.personal import archive_of
from jobly.errors import JoblyError
from jobly.live import web_origin
from jobly.users.admin.scoped import CompanyScopedAdmin, actor_of
from jobly.users.models import principal_of

LIST = "admin:distribution_applicant_changelist"
PAGE = "admin:distribution_applicant_change"


def show(
    pages: CompanyScopedAdmin,
    request: HttpRequest,
    row: Applicant,
    letter: LetterForm | None = None,
) -> HttpResponse:
    """Show one application: who, by which way, what was answered, what was done."""
    principal = principal_of(request)
    known = reports.whole(row, timezone.now())
    files = [answer for answer in known["answers"] if answer.file]
    context = pages.page(
        request,
        title=f"{row.name} for {row.job.title}",
        **known,
        cv_link=row.cv.link_for(principal) if row.cv else "",
        links={answer.pk: answer.file.link_for(principal) for answer in files},
        may_write=pages.may_write(request, row),
        move_form=MoveForm(templates=_templates(row.company_id)),
        letter_form=letter or LetterForm(initial={"key": uuid7()}),
        templates=_templates(row.company_id),
        stars=range(1, 6),
        mine=next((one.stars for one in known["ratings"] if one.actor == request.user), 0),
    )
    return TemplateResponse(request, "admin/distribution/show_applicant.html", context)


def decide(pages: CompanyScopedAdmin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Do what a button of the page says."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    row = _mine(pages, request, pk)
    verb = request.POST.get("verb", "")
    form = LetterForm(request.POST if verb == "write" else None)
    if verb == "write" and not form.is_valid():
        return show(pages, request, row, form)
    try:
        pages.tell(request, _carry_out(request, row, verb, form))
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
    return redirect(LIST) if verb == "erase" else redirect(PAGE, row.pk)


def _carry_out(request: HttpRequest, row: Applicant, verb: str, form: LetterForm) -> str:
    """Do it; return what to tell. Raises: JoblyError."""
    actor, sent = actor_of(request), request.POST
    if verb == "move":
        return _move(request, row)
    if verb == "undo":
        taken, _ = actions.undo(row.moves.filter(pk=uuid_of(sent.get("move"))), actor=actor)
        return "The move was taken back." if taken else "That move cannot be taken back any more."
    if verb == "note":
        actions.write_note(row, sent.get("text", ""), actor=actor)
        return "Noted."
    if verb == "rate" and actor is not None:
        stars = sent.get("stars", "")
        actions.rate(row, int(stars) if stars in {"1", "2", "3", "4", "5"} else 0, actor=actor)
        return "Your stars are noted."
    if verb == "erase":
        return _erase(request, row)
    return _write(request, row, verb, form)


def _move(request: HttpRequest, row: Applicant) -> str:
    form = MoveForm(request.POST, templates=_templates(row.company_id))
    if not form.is_valid():
        return "Choose a stage; nothing was changed."
    step = form.step(actor=actor_of(request), origin=web_origin(request))
    actions.move(row, step)
    told = " The letter goes out in ten minutes, unless you undo." if step.reply else ""
    return f"Moved to {step.to}.{told}"


def _erase(request: HttpRequest, row: Applicant) -> str:
    if request.POST.get("sure") != "yes":
        return "Tick the box first: what is erased cannot be brought back. Nothing was changed."
    erasing.ask(row, why="decided", actor=actor_of(request))
    return "The application is being erased."


def _write(request: HttpRequest, row: Applicant, verb: str, form: LetterForm) -> str:
    actor = actor_of(request)
    if verb == "write":
        given = form.cleaned_data
        text = letters.Wording(given["subject"], given["body"], web_origin(request), actor=actor)
        actions.reply(row, text, key=given["key"])
        return "The letter is on its way."
    if verb == "again":
        letter = row.letters.filter(pk=uuid_of(request.POST.get("letter"))).first()
        if letter is not None and letters.send_again(letter, actor=actor):
            return "It is sent again."
    return "Nothing was chosen; nothing was changed."


def download(pages: CompanyScopedAdmin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give all that is kept of a person as a file, for whoever asks the company for it."""
    row = _mine(pages, request, pk)
    answer = HttpResponse(archive_of(row, whole=True), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="applicant-{row.pk}.zip"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def move_many(
    pages: CompanyScopedAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Ask where to, say what would become of whom, and do it when just that is confirmed.

    The page names each application, so that who applies meanwhile is not among them.
    """
    rows = list(queryset[: actions.MOST_AT_ONCE + 1])
    companies = {row.company_id for row in rows}
    if len(rows) > actions.MOST_AT_ONCE or len(companies) != 1:
        most = f"Pick up to {actions.MOST_AT_ONCE} applications of one company."
        pages.tell(request, f"{most} Nothing was changed.", ok=False)
        return None
    if not pages.may_write(request, rows[0]):
        raise PermissionDenied
    form = MoveForm(
        request.POST if "to" in request.POST else None, templates=_templates(companies.pop())
    )
    planned = None
    if form.is_valid():
        step = form.step(actor=actor_of(request), origin=web_origin(request))
        if request.POST.get("confirmed") == step.to:
            taken = actions.move_all(rows, step)
            for _, why in taken.refused[:5]:
                pages.tell(request, why, ok=False)
            return redirect("admin:distribution_applicant_moved", taken.batch)
        planned = reports.plan(rows, step.to)
    context = pages.page(
        request,
        title="Move applications",
        form=form,
        plan=planned,
        total=len(rows),
        chosen=[row.pk for row in rows],
        back=f"{reverse(LIST)}?{request.GET.urlencode()}",
    )
    return TemplateResponse(request, "admin/distribution/move_applicants.html", context)


def moved(pages: CompanyScopedAdmin, request: HttpRequest, batch: UUID) -> HttpResponse:
    """Show what was moved together; on POST take it back, while that may be."""
    visible = ApplicantMove.objects.visible_to(principal_of(request))
    moves = visible.filter(batch=batch).select_related("applicant__job", "undone_by")
    first = moves.first()
    if first is not None and not pages.may_write(request, first.applicant):
        raise PermissionDenied
    if request.method == "POST":
        taken, stay = actions.undo(moves.select_related(None), actor=actor_of(request))
        left = f" {stay} moved on since and stay." if stay else ""
        pages.tell(request, f"{taken} taken back.{left}", ok=bool(taken))
        return redirect("admin:distribution_applicant_moved", batch)
    until = reports.undo_until(moves)
    context = pages.page(
        request,
        title="Moved applications",
        moves=list(moves),
        until=until,
        may_undo=bool(until and until > timezone.now()),
        waiting_letters=moves.filter(letters__status="queued").count(),
    )
    return TemplateResponse(request, "admin/distribution/moved_applicants.html", context)


def _mine(pages: CompanyScopedAdmin, request: HttpRequest, pk: UUID) -> Applicant:
    """Return an application the person may change; a foreign one does not exist."""
    row: Applicant | None = pages.get_queryset(request).filter(pk=pk).first()
    if row is None:
        raise Http404
    if not pages.may_write(request, row):
        raise PermissionDenied
    return row


def _templates(company_id: UUID) -> QuerySet[ReplyTemplate]:
    return ReplyTemplate.objects.filter(company=company_id)


def uuid_of(text: str | None) -> UUID:
    """Read an id that a form sent; what is none fits no row."""
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)
