"""What a company asks those who apply: the questions of a job, and sets for many jobs."""

from decimal import Decimal, InvalidOperation

from django.db.models import Max

from distribution.models import Question, QuestionSet
from distribution.rules.screening import MOST_CHOICES, MOST_QUESTIONS, Asked, asked_of
from ingestion.models import Job
from jobly.errors import Conflict, Rejected
from jobly.runs.actions import transaction
from jobly.users.models import Company

FEWEST = 2  # choices among which one chooses


@transaction
def ask(job: Job, asked: Asked) -> Question:
    """Put a question behind the others of a job. Raises: Rejected."""
    company, least = _checked(job, asked), _number(asked.at_least)
    there = Question.objects.filter(job=job)
    if there.count() >= MOST_QUESTIONS:
        raise Rejected(f"A job asks {MOST_QUESTIONS} questions at most; nothing was added.")
    last = there.aggregate(last=Max("position"))["last"]
    return Question.objects.create(
        company=company,
        job=job,
        position=0 if last is None else last + 1,
        kind=asked.kind,
        label=asked.label,
        help_text=asked.help_text,
        required=asked.required,
        choices=list(asked.choices),
        wanted=list(asked.wanted),
        at_least=least,
    )


def drop(question: Question) -> None:
    """Ask this no more; answers that were given stay with their applications."""
    Question.objects.filter(pk=question.pk).delete()


@transaction
def raise_up(question: Question) -> None:
    """Put a question before the one above it."""
    rows = Question.objects.select_for_update(no_key=True).filter(job=question.job_id)
    order = list(rows)
    place = next((n for n, row in enumerate(order) if row.pk == question.pk), 0)
    if place:
        order[place - 1], order[place] = order[place], order[place - 1]
    for number, row in enumerate(order):
        Question.objects.filter(pk=row.pk).update(position=number)


@transaction
def keep_set(job: Job, name: str) -> QuestionSet:
    """Keep a job's questions under a name, for other jobs. Raises: Rejected."""
    questions = [asked_by(row).to_dict() for row in Question.objects.filter(job=job)]
    if not questions or not name.strip() or job.company is None:
        raise Rejected("Give the set a name, and the job at least one question.")
    row, _ = QuestionSet.objects.update_or_create(
        company=job.company, name=name.strip()[:120], defaults={"questions": questions}
    )
    return row


def drop_set(row: QuestionSet) -> None:
    """Forget a set; jobs keep the questions they got from it."""
    QuestionSet.objects.filter(pk=row.pk).delete()


@transaction
def ask_set(job: Job, row: QuestionSet) -> int:
    """Copy a set's questions to a job; what it asks already is left out. Return how many came.

    Raises: Conflict for a set of another company; Rejected.
    """
    if row.company_id != job.company_id:
        raise Conflict("This set belongs to another company; nothing was added.")
    there = set(Question.objects.filter(job=job).values_list("label", flat=True))
    new = [asked for asked in map(asked_of, row.questions) if asked.label not in there]
    for asked in new:
        ask(job, asked)
    return len(new)


def asked_by(row: Question) -> Asked:
    """Return a question as a value."""
    return Asked(
        label=row.label,
        kind=row.kind,
        required=row.required,
        help_text=row.help_text,
        choices=tuple(row.choices),
        wanted=tuple(row.wanted),
        at_least="" if row.at_least is None else str(row.at_least),
    )


def _checked(job: Job, asked: Asked) -> Company:
    if job.company is None:
        raise Rejected("Only a company's own job asks questions.")
    if asked.kind not in Question.Kind.values:
        raise Rejected("There is no such kind of question.", fields={"kind": ["unknown"]})
    if asked.kind == Question.Kind.CHOICE and not FEWEST <= len(set(asked.choices)) <= MOST_CHOICES:
        text = f"Name {FEWEST} to {MOST_CHOICES} different choices."
        raise Rejected(text, fields={"choices": [text]})
    return job.company


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text else None
    except InvalidOperation as exc:
        raise Rejected("That is no number.", fields={"at_least": ["a number"]}) from exc
    return found if found is None or found.is_finite() else None
