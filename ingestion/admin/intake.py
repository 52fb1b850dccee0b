"""Pages of a draft: what its columns hold, what was found of each row, what is to be imported."""

from typing import Any, Protocol
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ingestion.actions import intake as actions
from ingestion.actions import lookalikes
from ingestion.errors import FileRefused
from ingestion.forms.uploads import ChoiceForAllForm, ChoicesForm, ColumnsForm, ImportForm
from ingestion.models import RowMatch, Upload
from ingestion.reports import intake as reports
from ingestion.reports.postings import CELLS
from ingestion.rules.mapping import mapping_of
from jobly.artifacts.errors import ArtifactGone
from jobly.errors import JoblyError
from jobly.runs.actions.admission import admit
from jobly.users.admin.scoped import actor_of

Status = Upload.Status
MOST_ROW = 10**9
SHOWN = ("", reports.GREEN, reports.AMBER, reports.RED)


class Pages(Protocol):
    """The admin of uploads, as these pages use it."""

    def mine(self, request: HttpRequest, pk: UUID) -> Upload:
        """Return a file the person may see."""

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        """Whether the person may change it."""

    def page(self, request: HttpRequest, **shown: Any) -> dict[str, Any]:
        """Return what every page shows."""

    def moving(self, request: HttpRequest, upload: Upload) -> dict[str, Any]:
        """Return the runs of a file and where their events come from."""

    def tell(self, request: HttpRequest, text: str, *, ok: bool = True) -> None:
        """Show one line about what happened."""


def step_of(upload: Upload) -> str:
    """Return the name of the page where a draft goes on; "" for a file that is none any more."""
    pages = {Status.DRAFT: "columns", Status.CHECKING: "rows", Status.CHECKED: "rows"}
    return pages.get(Status(upload.status), "")


def to_step(upload: Upload, name: str = "") -> HttpResponse:
    """Lead to a page of a file; without a name to where it goes on."""
    name = name or step_of(upload) or "change"
    return redirect(f"admin:ingestion_upload_{name}", upload.pk)


def columns(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what each column was taken for, with samples; take a person's choice and check rows."""
    upload = _writable(pages, request, pk)
    if upload.status not in (Status.DRAFT, Status.CHECKED):
        return to_step(upload)
    try:
        found = reports.columns_of(upload)
    except (FileRefused, ArtifactGone) as wrong:
        pages.tell(request, wrong.message, ok=False)
        return to_step(upload, "change")
    names = [column.name for column in found.columns]
    sent = request.POST if request.method == "POST" else None
    form = ColumnsForm(sent, columns=names, fields=found.fields)
    if form.is_valid():
        answer = _check(request, upload, found, form)
        if answer is not None:
            return answer
    context = pages.page(
        request,
        title=f"Columns of {upload}",
        original=upload,
        form=form,
        found=found,
        rows=list(zip(found.columns, form, strict=True)),
        step=2,
    )
    return TemplateResponse(request, "admin/ingestion/choose_columns.html", context)


def _check(
    request: HttpRequest, upload: Upload, found: reports.Columns, form: ColumnsForm
) -> HttpResponse | None:
    """Start the check of all rows; None where it cannot start, and the form says why."""
    chosen: dict[str, str] | None = mapping_of(form.chosen)
    if not found.is_table and not form.has_changed() and found.origin == "guessed":
        chosen = None  # recognised as a whole: better than any choice of columns
    try:
        admit("ingestion.process", company_id=upload.company_id)
        actions.check_upload(upload, chosen, actor=actor_of(request))
        if chosen is not None and form.has_changed():
            names = [column.name for column in found.columns]
            actions.remember_mapping(upload, names, chosen, actor=actor_of(request))
    except JoblyError as wrong:
        form.add_error(None, wrong.message)
        return None
    return to_step(upload, "rows")


def rows(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the verdict on every row, page by page, and what can be done with the file."""
    upload = pages.mine(request, pk)
    if step_of(upload) != "rows":
        return to_step(upload)
    processing = reports.checked_pass(upload)
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    shown = None
    if processing is not None:
        shown = reports.judged_rows(upload, processing, show, _number(request, "after"))
    matches = reports.match_counts(upload)
    context = pages.page(
        request,
        title=f"Rows of {upload}",
        original=upload,
        processing=processing,
        cells=_filled(shown),
        shown=shown,
        show=show,
        counts=reports.verdict_counts(processing),
        matches=[(kind, RowMatch.Kind(kind).label, n) for kind, n in matches.items() if n],
        form=ImportForm(),
        may_write=pages.may_write(request, upload),
        is_checked=upload.status == Status.CHECKED,
        rejects_url=reverse("api:uploads-rejects", args=[upload.pk]),
        step=3,
        **pages.moving(request, upload),
    )
    return TemplateResponse(request, "admin/ingestion/check_rows.html", context)


def _filled(shown: reports.Shown | None) -> list[str]:
    """Name the columns in which any row shown has something."""
    cells = [cell for row in (shown.rows if shown else ()) for cell in row.cells]
    filled = {cell.name for cell in cells if cell.text or cell.warnings or cell.error}
    return [name for name in CELLS if name in filled]


def likes(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show rows beside what they are like, and take what a person wants with each."""
    upload = pages.mine(request, pk)
    processing = reports.checked_pass(upload)
    if upload.status != Status.CHECKED or processing is None:
        return to_step(upload)
    kinds: tuple[str, ...] = tuple(RowMatch.Kind.values)
    counts = reports.match_counts(upload)
    first = next((kind for kind in kinds if counts[kind]), kinds[0])
    kind = request.GET.get("kind", "")
    kind = kind if kind in kinds else first
    after = _number(request, "after")
    wrong: JoblyError | None = None
    if request.method == "POST":
        upload = _writable(pages, request, pk)
        wrong = _keep_choices(pages, request, upload)
        if wrong is None:
            return redirect(f"{request.path}?kind={kind}&after={after}")
    shown = reports.pairs(upload, processing, kind, after)
    context = pages.page(
        request,
        title=f"Look-alikes in {upload}",
        original=upload,
        kinds=[(name, RowMatch.Kind(name).label, counts[name]) for name in kinds],
        kind=kind,
        shown=[(pair, *_asked(pair, request, wrong)) for pair in shown.rows],
        last=shown.last,
        after=after,
        wrong=wrong,
        may_write=pages.may_write(request, upload),
        step=3,
    )
    return TemplateResponse(request, "admin/ingestion/choose_rows.html", context)


def _asked(
    pair: reports.Pair, request: HttpRequest, wrong: JoblyError | None
) -> tuple[list[tuple[str, str]], str, str, list[str]]:
    """Return what may be chosen for a pair, what is chosen, why, and what is wrong with it.

    What was typed stays in the form when it was refused.
    """
    match, choices = pair.match, RowMatch.Choice
    default = {
        RowMatch.Kind.REPEATED: "Leave it out: it is there once",
        RowMatch.Kind.KNOWN: "Nothing to do: it is there",
        RowMatch.Kind.CHANGED: "Update that job",
        RowMatch.Kind.ALIKE: "Import it as a job of its own",
    }[RowMatch.Kind(match.kind)]
    offered = [("", default)]
    if match.kind in (RowMatch.Kind.CHANGED, RowMatch.Kind.ALIKE):
        offered.append((choices.SKIP.value, str(choices.SKIP.label)))
    if match.job_id and match.kind != RowMatch.Kind.CHANGED:
        offered.append((choices.UPDATE.value, str(choices.UPDATE.label)))
    offered.append((choices.SEPARATE.value, str(choices.SEPARATE.label)))
    if wrong is None:
        return offered, match.choice, match.why, []
    typed = ChoicesForm(request.POST).rows().get(match.row, (match.choice, match.why))
    return offered, *typed, wrong.fields.get(str(match.row), [])


def _keep_choices(pages: Pages, request: HttpRequest, upload: Upload) -> JoblyError | None:
    """Keep the choices of one page, or one for all rows of a kind; return why not."""
    actor = actor_of(request)
    try:
        if "all" in request.POST:
            form = ChoiceForAllForm(request.POST)
            if not form.is_valid():
                return JoblyError("Choose what is to become of these rows; nothing was changed.")
            sent = form.cleaned_data
            count = lookalikes.choose_all(
                upload, sent["kind"], sent["choice"], sent["why"], actor=actor
            )
        else:
            chosen = ChoicesForm(request.POST).rows()
            count = lookalikes.choose_rows(upload, chosen, actor=actor)
    except JoblyError as wrong:
        return wrong
    pages.tell(request, f"{count:,} row{'' if count == 1 else 's'} decided.")
    return None


def let_in(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Import a checked file; lead to the page that shows what became of it."""
    upload = _posted(pages, request, pk)
    form = ImportForm(request.POST)
    try:
        if not form.is_valid():
            raise JoblyError("Choose what to import; nothing was imported.")
        admit("ingestion.load", company_id=upload.company_id)
        actions.import_upload(upload, form.cleaned_data["mode"], actor=actor_of(request))
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
        return to_step(pages.mine(request, pk))
    return to_step(upload, "change")


def put_away(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Discard a draft; its bytes stay."""
    upload = _posted(pages, request, pk)
    try:
        actions.discard_upload(upload, actor=actor_of(request))
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
    return to_step(upload, "change")


def take_up(pages: Pages, request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go back to the columns: with a discarded draft, or one that is being checked."""
    upload = _posted(pages, request, pk)
    try:
        upload = actions.resume_upload(upload, actor=actor_of(request))
    except JoblyError as wrong:
        pages.tell(request, wrong.message, ok=False)
        return to_step(upload)
    return to_step(upload)


def _posted(pages: Pages, request: HttpRequest, pk: UUID) -> Upload:
    """Return a file that a form of its page changes; a bare link changes nothing."""
    if request.method != "POST":
        raise Http404
    return _writable(pages, request, pk)


def _writable(pages: Pages, request: HttpRequest, pk: UUID) -> Upload:
    upload = pages.mine(request, pk)
    if not pages.may_write(request, upload):
        raise PermissionDenied
    return upload


def _number(request: HttpRequest, name: str) -> int:
    """Read the number of a row out of the address; 0 for what is none."""
    given = request.GET.get(name, "")
    return min(int(given), MOST_ROW) if given.isascii() and given.isdecimal() else 0
