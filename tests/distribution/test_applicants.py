"""Recruiters read applications, decide on them, take it back, and write to people."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from distribution.actions import applicants as actions
from distribution.actions import screening
from distribution.actions.applicants import Step
from distribution.errors import ApplicantMoved
from distribution.models import (
    Applicant,
    ApplicantMove,
    ApplicationTerms,
    Letter,
    Question,
    QuestionSet,
    ReplyTemplate,
)
from distribution.rules.screening import email_key, name_key, phone_key, worth_a_look
from distribution.rules.sheets import safe, sheet
from ingestion.models import Job
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.admin.world import signed_in
from tests.make import make_company, make_key, make_member

from .applications import ORIGIN, PDF, applicant, ask, open_job
from .make import make_channel, make_distribution

pytestmark = pytest.mark.django_db
LIST = "/admin/distribution/applicant/"


@pytest.fixture
def company():
    return make_company(name="Fjord Works")


@pytest.fixture
def job(company):
    return open_job(company, title="Welder")


@pytest.fixture
def recruiter(company):
    return make_member(company)


@pytest.fixture
def browser(recruiter):
    return signed_in(recruiter)


def page_of(row):
    return f"{LIST}{row.pk}/change/"


def decide(browser, row, verb, **sent):
    return browser.post(f"{LIST}{row.pk}/decide/", {"verb": verb, **sent}, follow=True)


def text_of(response):
    return response.content.decode()


# the list


def test_what_an_applicant_took_back_no_recruiter_undoes(company, job):
    row = applicant(job)
    _, key = make_key(make_member(company, "owner"), scopes=["distributions:write"])
    api = Client(headers={"authorization": f"Bearer {key}"})
    undo = f"/api/v1/applicants/{row.pk}/undo/"
    actions.move(row, Step("screen", None))
    assert api.post(undo).json() == {"taken_back": 1, "stayed": 0}
    row.refresh_from_db()
    assert row.stage == "new"
    actions.withdraw(row)
    assert api.post(undo).json() == {"taken_back": 0, "stayed": 0}
    browser = signed_in(make_member(company, "owner"))
    sent = {"verb": "undo", "move": str(row.moves.last().pk)}
    browser.post(f"{LIST}{row.pk}/decide/", sent)
    row.refresh_from_db()
    assert row.stage == "withdrawn"


def test_the_list_says_who_came_by_which_board_and_how_long_they_wait(browser, job):
    ours = make_distribution(job, make_channel(job.company, name="Sandbox LinkedIn"))
    row = applicant(job, via=ours.token)
    Applicant.objects.filter(pk=row.pk).update(stage_at=timezone.now() - timedelta(days=8))
    shown = text_of(browser.get(LIST))
    for word in ("Jane Doe", "jane.doe@example.org", "Welder", "Sandbox LinkedIn", "8 days"):
        assert word in shown


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_costs_the_same_for_one_and_twenty(
    browser, job, count, django_assert_max_num_queries
):
    channel = make_channel(job.company)
    made = make_distribution(job, channel)
    for number in range(count):
        applicant(job, via=made.token, email=f"p{number}@example.org")
    with django_assert_max_num_queries(22):
        assert text_of(browser.get(LIST)).count("@example.org") >= count


def test_filters_keep_what_they_say(browser, job):
    other = open_job(job.company, title="Baker")
    ours = make_distribution(job, make_channel(job.company))
    ann = applicant(job, via=ours.token, name="Ann", email="ann@example.org")
    bob = applicant(other, name="Bob", email="bob@example.org")
    past = timezone.now() - timedelta(days=20)
    Applicant.objects.filter(pk=ann.pk).update(
        stage="interview", rating=Decimal("4.5"), stage_at=past, heard_at=past, created_at=past
    )
    Letter.objects.filter(applicant=bob).update(status="uncertain")
    for query, found in {
        f"job={job.pk}": {"Ann"},
        f"job={other.pk}": {"Bob"},
        "job=x": set(),
        f"source={ours.channel_id}": {"Ann"},
        "source=unknown": {"Bob"},
        "waiting=14": {"Ann"},
        "waiting=30": set(),
        "waiting=silent": {"Ann"},
        "waiting=letter": {"Bob"},
        "rating=4": {"Ann"},
        "rating=none": {"Bob"},
        "stage__exact=new": {"Bob"},
        "q=bo": {"Bob"},
        "q=ANN%40exa": {"Ann"},
        "q=%27%26%7C%21%3A*%28": set(),
    }.items():
        rows = browser.get(f"{LIST}?{query}").context["cl"].result_list
        assert {row.name for row in rows} == found, query
    assert bob.known == "unknown"


def test_people_are_found_through_an_index(db):
    query = Applicant.objects.found_by("'jane':*").explain(settings="on")
    assert "to_tsvector('simple'" in query


def test_the_same_person_is_pointed_out_and_never_merged(browser, job):
    other = open_job(job.company, title="Baker")
    first = applicant(job, phone="+47 912 34 567")
    same_mail = applicant(other, email="Jane.Doe+jobs@Example.org", name="J. Doe", cv=None)
    same_phone = applicant(other, email="x@example.org", phone="0047 91234567", cv=None)
    same_cv = applicant(other, email="y@example.org", name="DOE, Jané")
    nobody = applicant(other, email="z@example.org", name="Jane Doe", cv=PDF + b"\n%%EOF")
    abroad = applicant(open_job(make_company()))
    shown = text_of(browser.get(page_of(first)))
    assert "It may be the same person as in 3 other applications" in shown
    for row in (same_mail, same_phone, same_cv):
        assert page_of(row) in shown
    for row in (nobody, abroad):
        assert page_of(row) not in shown
    assert text_of(browser.get(LIST)).count("applied twice?") == 4
    assert Applicant.objects.count() == 6


def test_a_table_of_applicants_holds_no_formula(browser, job):
    row = applicant(job, name='=HYPERLINK("http://evil","x")', phone="+47 912 34 567")
    answer = browser.post(LIST, {"action": "export_selected", "_selected_action": [row.pk]})
    head, line = csv.reader(io.StringIO(text_of(answer)))
    assert head[:3] == ["name", "e-mail", "phone"]
    assert line[0].startswith("'=HYPERLINK")
    assert line[2].startswith("'+47")


# one application


def test_the_page_shows_answers_and_the_cv_to_the_company_only(browser, job):
    question = ask(job, "May you work in Norway?", "yes_no", wanted=["yes"])
    row = applicant(job, cover="<script>alert(1)</script>")
    row.answers.create(
        question=question, kind="yes_no", label=question.label, value="no", flagged=1
    )
    shown = text_of(browser.get(page_of(row)))
    assert "May you work in Norway?" in shown
    assert "look at this" in shown
    assert "<script>alert(1)" not in shown
    link = re.search(r'href="(/files/[^"]+)"', shown)[1]
    file = browser.get(link)
    assert b"".join(file) == PDF
    assert file["Content-Disposition"].startswith("attachment")
    assert file["X-Content-Type-Options"] == "nosniff"
    assert Client().get(link).status_code == 404
    assert signed_in(make_member(make_company())).get(link).status_code == 404


def test_a_viewer_reads_and_changes_nothing(company, job):
    row = applicant(job)
    viewer = signed_in(make_member(company, "viewer"))
    shown = text_of(viewer.get(page_of(row)))
    assert "Jane Doe" in shown
    assert "Add a note" not in shown
    assert viewer.post(f"{LIST}{row.pk}/decide/", {"verb": "note", "text": "x"}).status_code == 403
    assert viewer.get(f"{LIST}{row.pk}/data/").status_code == 403
    assert not row.notes.exists()


def test_notes_are_a_journal_and_stars_are_each_ones_own(browser, company, job, recruiter):
    row = applicant(job)
    decide(browser, row, "note", text="Good hands.")
    decide(browser, row, "rate", stars="5")
    decide(browser, row, "rate", stars="4")
    decide(signed_in(make_member(company)), row, "rate", stars="1")
    refused = decide(browser, row, "rate", stars="6")
    assert "1 to 5 stars" in text_of(refused)
    row.refresh_from_db()
    assert row.rating == Decimal("2.50")
    assert [(note.text, note.actor) for note in row.notes.all()] == [("Good hands.", recruiter)]


def test_a_move_is_told_and_can_be_taken_back_before_the_letter_goes(browser, company, job):
    words = {"subject": "{job}", "body": "Dear {name}, {company} says no: {link}"}
    template = ReplyTemplate.objects.create(company=company, name="No", **words)
    row = applicant(job)
    mail.outbox.clear()

    decide(browser, row, "move", to="rejected", reason="too few years", reply=template.pk)
    letter = Letter.objects.exclude(key__endswith="confirm").get()
    assert letter.body.startswith("Dear Jane Doe, Fjord Works says no: http://testserver/appl")
    drain()
    assert mail.outbox == []
    made = row.moves.get()
    shown = decide(browser, row, "undo", move=made.pk)
    assert "taken back" in text_of(shown)
    row.refresh_from_db()
    letter.refresh_from_db()
    assert (row.stage, letter.status) == ("new", "cancelled")
    hurry(letter)
    assert mail.outbox == []

    decide(browser, row, "move", to="rejected", reply=template.pk)
    hurry(Letter.objects.order_by("-id").first())
    assert [one.subject for one in mail.outbox] == ["Welder"]
    steps = [(move.was, move.became) for move in row.moves.all()]
    assert steps == [("new", "rejected"), ("rejected", "new"), ("new", "rejected")]
    told = Event.objects.filter(type="distribution.applicant_moved").order_by("seq")
    assert [(one.data["became"], one.data["undone"]) for one in told] == [
        *(("rejected", False), ("new", True), ("rejected", False)),
    ]


def test_a_letter_that_may_have_left_is_not_sent_again_but_on_a_persons_word(browser, job):
    row = applicant(job)
    mail.outbox.clear()
    letter = row.letters.get()
    # as if we had died over it: written down as going out, and nothing after
    row.letters.update(status="sending", sent_at=None)
    with transaction():
        start("distribution.send_letter", {"letter_id": str(letter.pk)}, actor=None, key="again")
    drain()
    letter.refresh_from_db()
    assert (letter.status, len(mail.outbox)) == ("uncertain", 0)
    assert "may have arrived or not" in letter.error
    shown = text_of(browser.get(f"{LIST}{row.pk}/change/", follow=True))
    assert "may have arrived or not" in shown
    assert "Send again" in shown
    assert "not certain that it left" in text_of(Client().get(f"/applications/{row.secret}/"))

    said = {"verb": "again", "letter": letter.pk}
    url = reverse("admin:distribution_applicant_decide", args=[row.pk])
    for _ in range(2):
        browser.post(url, said)
        drain()
    letter.refresh_from_db()
    assert (letter.status, len(mail.outbox)) == ("sent", 1)
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{letter.pk}@")


def hurry(letter):
    """Have a letter sent as if its time had come."""
    Run.objects.filter(kind="distribution.send_letter", status="queued").update(
        available_at=letter.created_at
    )
    drain()


def test_what_moved_on_or_is_old_stays(job, recruiter):
    row = applicant(job)
    first = actions.move(row, Step("screen", recruiter))
    actions.move(row, Step("interview", recruiter))
    assert actions.undo(row.moves.filter(pk=first.pk), actor=recruiter) == (0, 1)
    ApplicantMove.objects.update(at=timezone.now() - timedelta(minutes=11))
    newest = row.moves.last()
    assert actions.undo(row.moves.filter(pk=newest.pk), actor=recruiter) == (0, 0)
    with pytest.raises(ApplicantMoved):
        actions.move(row, Step("interview", recruiter))
    stale = Applicant.objects.get(pk=row.pk)
    actions.move(row, Step("offer", recruiter))
    with pytest.raises(ApplicantMoved):
        actions.move(stale, Step("rejected", recruiter))
    actions.withdraw(row)
    with pytest.raises(ApplicantMoved):
        actions.move(row, Step("screen", recruiter))


def test_who_applies_after_the_look_at_all_is_not_moved_with_them(browser, job):
    row = applicant(job, email="seen@example.org")
    sent = {"action": "move_selected", "_selected_action": [row.pk], "select_across": "1"}
    planned = text_of(browser.post(f"{LIST}?stage__exact=new", sent | {"to": "rejected"}))
    late = applicant(job, email="late@example.org")
    keys = re.findall(r'name="_selected_action" value="([^"]+)"', planned)
    across = re.search(r'name="select_across" value="(.)"', planned)[1]
    press = re.search(r'name="confirmed" value="([^"]+)"', planned)[1]
    sent |= {"_selected_action": keys, "select_across": across, "confirmed": press}
    other = browser.post(f"{LIST}?stage__exact=new", sent | {"to": "hired"})
    assert "Nothing has been changed yet" in text_of(other), "another stage is looked at anew"
    browser.post(f"{LIST}?stage__exact=new", sent | {"to": "rejected"})
    for one, stage in ((row, "rejected"), (late, "new")):
        one.refresh_from_db()
        assert one.stage == stage


def test_many_are_moved_after_a_look_and_taken_back_together(browser, job):
    rows = [applicant(job, email=f"p{number}@example.org") for number in range(3)]
    actions.withdraw(rows[2])
    sent = {"action": "move_selected", "_selected_action": [row.pk for row in rows]}
    asked = browser.post(LIST, sent)
    assert "Nothing has been changed yet" in text_of(asked)
    planned = browser.post(LIST, sent | {"to": "screen", "reason": "first look"})
    assert "Move 2" in text_of(planned)
    assert "took it back" in text_of(planned)
    assert set(Applicant.objects.values_list("stage", flat=True)) == {"new", "withdrawn"}

    done = browser.post(LIST, sent | {"to": "screen", "confirmed": "screen"}, follow=True)
    assert "2 applications moved" in text_of(done)
    assert sorted(Applicant.objects.values_list("stage", flat=True)) == [
        *("screen", "screen", "withdrawn"),
    ]
    batch = done.redirect_chain[-1][0]
    back = browser.post(batch, follow=True)
    assert "2 taken back" in text_of(back)
    assert sorted(Applicant.objects.values_list("stage", flat=True)) == [
        *("new", "new", "withdrawn"),
    ]
    stranger = signed_in(make_member(make_company()))
    assert "Jane" not in text_of(stranger.get(batch))
    stranger.post(batch)
    assert ApplicantMove.objects.count() == 5


def test_a_letter_is_sent_once_however_often_the_button_is_pressed(browser, job):
    row = applicant(job)
    mail.outbox.clear()
    sent = {"key": "0191c1a0-0000-7000-8000-000000000001", "subject": "Hello", "body": "{name}!"}
    for _ in range(2):
        decide(browser, row, "write", **sent)
        drain()
    assert [(one.subject, one.body) for one in mail.outbox] == [("Hello", "Jane Doe!")]
    wrong = browser.post(f"{LIST}{row.pk}/decide/", {"verb": "write", **sent, "subject": ""})
    assert wrong.status_code == 200
    assert "{name}!" in text_of(wrong)


def test_all_that_is_kept_of_a_person_is_exported(browser, job, recruiter):
    row = applicant(job)
    actions.write_note(row, "Good hands.", actor=recruiter)
    answer = browser.get(f"{LIST}{row.pk}/data/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "Good hands." in archive.read("data.json").decode()
        assert archive.read("1-cv.pdf") == PDF


def test_erasing_by_a_recruiter_asks_first(browser, job):
    row = applicant(job)
    assert "Tick the box" in text_of(decide(browser, row, "erase"))
    decide(browser, row, "erase", sure="yes")
    drain()
    assert Applicant.objects.get().erased_at
    assert "Jane" not in text_of(browser.get(LIST))
    assert browser.get(page_of(row)).status_code == 302


# questions


def test_questions_are_set_kept_as_a_set_and_used_for_another_job(browser, job):
    page = reverse("admin:distribution_applicant_questions", args=[job.pk])
    question = {"label": "Which shift?", "kind": "choice", "choices": "Day\nNight\nDay\n"}
    wrong = browser.post(page, {"verb": "ask", **question, "choices": "Day"})
    assert "different choices" in text_of(wrong)
    assert "Which shift?" in text_of(wrong)
    browser.post(page, {"verb": "ask", **question, "wanted": "Night", "required": "on"})
    browser.post(page, {"verb": "ask", "label": "Years?", "kind": "number", "at_least": "3"})
    first, second = Question.objects.all()
    assert (first.choices, first.wanted, first.required) == (["Day", "Night"], ["Night"], True)
    browser.post(page, {"verb": "up", "question": second.pk})
    assert [row.label for row in Question.objects.all()] == ["Years?", "Which shift?"]
    browser.post(page, {"verb": "keep", "name": "Workshop"})

    other = open_job(job.company)
    there = reverse("admin:distribution_applicant_questions", args=[other.pk])
    kept = QuestionSet.objects.get()
    for _ in range(2):
        browser.post(there, {"verb": "use", "set": kept.pk})
    copied = [screening.asked_by(row) for row in Question.objects.filter(job=other)]
    assert copied == [screening.asked_by(row) for row in Question.objects.filter(job=job)]
    browser.post(there, {"verb": "drop", "question": Question.objects.filter(job=other)[0].pk})
    browser.post(there, {"verb": "forget", "set": kept.pk})
    assert Question.objects.filter(job=other).count() == 1
    assert Question.objects.filter(job=job).count() == 2
    assert not QuestionSet.objects.exists()


def test_a_set_or_a_question_of_another_company_is_not_there(browser, job):
    abroad = open_job(make_company())
    question = ask(abroad, "Secret?")
    kept = screening.keep_set(abroad, "Theirs")
    page = reverse("admin:distribution_applicant_questions", args=[job.pk])
    assert "Theirs" not in text_of(browser.get(page))
    for sent in ({"verb": "use", "set": kept.pk}, {"verb": "drop", "question": question.pk}):
        browser.post(page, sent)
    assert Question.objects.get() == question


def test_words_in_braces_that_nothing_is_known_for_are_named(browser, company):
    sent = {"company": company.pk, "name": "x", "subject": "{nmae}", "body": "y"}
    answer = browser.post("/admin/distribution/replytemplate/add/", sent)
    assert "Nothing is known for {nmae}" in text_of(answer)
    browser.post("/admin/distribution/replytemplate/add/", sent | {"subject": "Hi {name}"})
    assert ReplyTemplate.objects.get().company == company


def test_a_company_confirms_in_its_own_words(browser, company, job):
    sent = {"company": company.pk, "keep_days": 30, "idle_days": 90}
    sent["confirm_subject"] = "Takk, {name}"
    browser.post("/admin/distribution/applicationterms/add/", sent)
    applicant(job)
    assert mail.outbox[0].subject == "Takk, Jane Doe"
    said = text_of(Client().get(f"{job.path}apply/"))
    assert "erased 30 days after the job has closed, or 90 days after the last thing" in said


# rules


@pytest.mark.parametrize(
    ("value", "wanted", "least", "flagged"),
    [
        ("yes", ["yes"], None, False),
        ("YES ", ["yes"], None, False),
        ("no", ["yes"], None, True),
        ("", ["yes"], None, True),
        ("3", [], Decimal(3), False),
        ("2.99", [], Decimal(3), True),
        ("", [], Decimal(3), True),
        ("anything", [], None, False),
    ],
)
def test_an_answer_is_marked_only_where_something_else_was_hoped_for(value, wanted, least, flagged):
    assert worth_a_look(value, wanted=wanted, at_least=least) is flagged


def test_spellings_of_one_person_have_the_same_key():
    assert email_key("Jane.Doe+Jobs@EXAMPLE.org") == email_key("jane.doe@example.org")
    assert phone_key("+47 912 34 567") == phone_key("0047-912.34.567")
    assert phone_key("12345") == ""
    assert name_key("DOE, Jané") == name_key("jane doe")


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff20", " ="]
)
def test_no_cell_begins_like_a_formula(start):
    assert str(safe(f"{start}1+1")).startswith("'")
    (row,) = csv.reader(io.StringIO(sheet([[f"{start}1", -5, Decimal("1.5"), None, 'a"b']])))
    assert row[1:] == ["-5", "1.5", "", 'a"b']


def test_the_origin_of_letters_is_where_pages_are_served(job):
    assert applicant(job).letters.get().body.count(f"{ORIGIN}/applications/") == 1


# the API


def test_programs_read_applicants_and_move_them(company, job, recruiter, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ours = make_distribution(job, make_channel(company))
    row = applicant(job, via=ours.token)
    applicant(open_job(make_company()))
    _, key = make_key(recruiter, company=company, scopes=["distributions:read"])
    reader = Client(headers={"Authorization": f"Bearer {key}"})
    listed = reader.get("/api/v1/applicants/?channel=linkedin&stage=new,screen").json()["results"]
    assert [(one["name"], one["channel"], one["known"]) for one in listed] == [
        *(("Jane Doe", "linkedin", "token"),),
    ]
    url = f"/api/v1/applicants/{row.pk}/"
    assert reader.post(f"{url}move/", {"to": "screen"}).status_code == 403

    _, key = make_key(
        recruiter, company=company, scopes=["distributions:read", "distributions:write"]
    )
    writer = Client(headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "one"})
    first, again = (
        writer.post(f"{url}move/", {"to": "screen"}, content_type="application/json")
        for _ in range(2)
    )
    assert first.json() == again.json()
    assert "Jane" not in text_of(first)
    assert [one["became"] for one in reader.get(url).json()["moves"]] == ["screen"]
    wrong = reader.get(f"{url}?x=1").json()
    assert wrong["stage"] == "screen"
    bad = Client(headers={"Authorization": f"Bearer {key}"}).post(
        f"{url}move/", {"to": "withdrawn", "reply": "x"}, content_type="application/json"
    )
    assert bad.status_code == 400
    assert set(bad.json()["fields"]) == {"to", "reply"}


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_of_the_api_costs_the_same_for_one_and_twenty(
    company, job, recruiter, count, django_assert_max_num_queries
):
    for number in range(count):
        applicant(job, email=f"p{number}@example.org", cv=None)
    browser = signed_in(recruiter)
    with django_assert_max_num_queries(6):
        assert len(browser.get("/api/v1/applicants/").json()["results"]) == count


# how long


def test_applications_go_when_their_time_is_over(company, job):
    other = open_job(company)
    rows = {
        "old": applicant(job, email="old@example.org"),
        "kept longer": applicant(job, email="keep@example.org", keep_longer=True),
        "still open": applicant(other, email="open@example.org"),
    }
    Job.objects.filter(pk=job.pk).update(status="closed", updated_at=days_ago(181))
    Applicant.objects.update(created_at=days_ago(800))
    assert counted() == 1
    ApplicationTerms.objects.create(company=company, keep_days=182)
    assert counted() == 0
    ApplicationTerms.objects.update(keep_days=30)
    assert counted() == 1
    with transaction():
        start("distribution.erase_due", {}, actor=None)
    drain()
    erased = {name for name, row in rows.items() if fresh_of(row).erased_at}
    assert erased == {"old"}
    Job.objects.filter(pk=job.pk).update(updated_at=days_ago(731))
    assert counted() == 1


def test_applications_to_open_jobs_go_when_nothing_happens_any_more(company, job, recruiter):
    columns = {
        "idle": {},
        "kept longer": {"keep_longer": True},
        "moved lately": {"stage_at": days_ago(364)},
        "written to lately": {"heard_at": days_ago(1)},
        "noted lately": {},
        "rated lately": {},
    }
    rows = {}
    for number, (name, more) in enumerate(columns.items()):
        rows[name] = row = applicant(job, email=f"p{number}@example.org", cv=None)
        old = {"created_at": days_ago(366), "stage_at": days_ago(366), "heard_at": days_ago(366)}
        Applicant.objects.filter(pk=row.pk).update(**(old | more))
    actions.write_note(rows["noted lately"], "Promising", actor=recruiter)
    actions.rate(rows["rated lately"], 4, actor=recruiter)
    with transaction():
        start("distribution.erase_due", {}, actor=None)
    drain()
    assert {name for name, row in rows.items() if fresh_of(row).erased_at} == {"idle"}
    ApplicationTerms.objects.create(company=company, idle_days=363)
    assert counted() == 1
    ApplicationTerms.objects.update(idle_days=3650)
    assert counted() == 0


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def fresh_of(row):
    return Applicant.objects.get(pk=row.pk)


def counted():
    """Count as `retention --dry-run` does."""
    out = io.StringIO()
    call_command("retention", "--dry-run", "--json", stdout=out)
    return json.loads(out.getvalue())["applicants_erased"]


@pytest.mark.django_db(transaction=True)
def test_after_erasing_no_table_and_no_file_knows_the_person(company, job, recruiter, settings):
    question = ask(job, "Why?")
    row = applicant(
        job,
        name="Zora Kanari",
        email="zora.kanari@example.org",
        phone="+47 555 66 777",
        cover="Kanari writes",
        cv=PDF.replace(b"<<>>", b"<<Kanari>>"),
    )
    row.answers.create(question=question, kind="text", label="Why?", value="Kanari answers")
    browser = signed_in(recruiter)
    template = ReplyTemplate.objects.create(company=company, name="x", subject="{name}", body="y")
    decide(browser, row, "note", text="Kanari sings")
    decide(browser, row, "rate", stars="5")
    decide(browser, row, "move", to="screen", reason="Kanari", reply=template.pk)
    mean_before = Applicant.objects.filter(job=job).count()
    assert tables_that_say("kanari")

    decide(browser, row, "erase", sure="yes")
    drain()
    drain()
    assert tables_that_say("kanari") == []
    assert not any(b"Kanari" in path.read_bytes() for path in stored_files())
    assert Applicant.objects.filter(job=job).count() == mean_before
    assert [move.became for move in fresh_of(row).moves.all()] == ["screen"]


def tables_that_say(word):
    """Name every table with a row in which a word stands."""
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            quoted = connection.ops.quote_name(name)
            cursor.execute(
                f"SELECT count(*) FROM {quoted} AS row WHERE row::text ILIKE %s",  # noqa: S608
                [f"%{word}%"],
            )
            found += [name] if cursor.fetchone()[0] else []
    return [name for name in found if name != "django_session"]


def stored_files():
    return [path for path in Path(default_storage.location).rglob("*") if path.is_file()]
