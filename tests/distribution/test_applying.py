"""People apply without an account: one page, one form, a mail and a link."""

import io
import re
import socket
import threading
import zipfile
from threading import Thread
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from distribution.models import Applicant, Letter, Question
from distribution.models.applicants import new_secret
from jobly.artifacts.models import Artifact
from jobly.logs import sanitise
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company, make_job, make_member

from .applications import PDF, address, ask, filled, open_job, pdf, send, status_page
from .make import make_channel, make_distribution

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return open_job(make_company(name="Fjord Works"), title="Welder")


def text_of(response):
    return response.content.decode()


def test_a_visitor_applies_and_is_told_so_by_mail_and_page(job):
    page = Client().get(address(job))
    assert "Apply: Welder" in text_of(page)
    assert "no account" in text_of(page)

    sent = send(job, cv=pdf("Jané CV.pdf"))
    row = Applicant.objects.get()
    assert (row.name, row.stage, row.known, row.company) == (
        *("Jane Doe", "new", "unknown"),
        job.company,
    )
    assert (row.cv.kind, row.cv.content_type, row.cv.name) == (
        *("applications", "application/pdf", "Jané CV.pdf"),
    )
    with row.cv.open() as stream:
        assert stream.read() == PDF

    drain()
    (letter,) = mail.outbox
    assert letter.to == ["jane.doe@example.org"]
    assert "Welder" in letter.subject
    link = re.search(r"http://testserver(/applications/\S+)", str(letter.body))[1]
    assert link == status_page(sent)
    shown = text_of(Client().get(link))
    assert "We have your application" in shown
    assert "sent to jane.doe@example.org" in shown


def test_the_page_of_the_job_leads_to_the_form_and_keeps_what_tells_the_source(job):
    page = text_of(Client().get(f"{job.path}?via=abc%26d"))
    assert f'href="{address(job)}?via=abc%26d"' in page
    old = Client().get(f"/jobs/{job.pk}-old-title/?via=abc")
    assert old["Location"] == f"{job.path}?via=abc"
    old = Client().get(f"/jobs/{job.pk}-old-title/apply/?via=abc")
    assert old["Location"] == address(job, "abc")


def test_a_token_says_where_somebody_came_from_and_a_wrong_one_says_nothing(job):
    ours = make_distribution(job, make_channel(job.company))
    other = make_distribution(open_job(job.company), ours.channel)
    tokens = [ours.token, other.token, "nonsense", "é" * 20, "%00", "x" * 900]
    for number, token in enumerate(tokens):
        assert send(job, token, email=f"p{number}@example.org").status_code == 302
    found = list(Applicant.objects.order_by("id").values_list("known", "distribution"))
    assert found == [("token", ours.pk), *[("unknown", None)] * 5]


def test_who_followed_a_link_before_is_matched_unless_they_mind(job):
    ours = make_distribution(job, make_channel(job.company))
    person = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140"})
    assert person.get(f"/go/{ours.token}/").status_code == 302
    send(job, client=person)
    shy = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140", "dnt": "1"})
    send(job, client=shy, email="shy@example.org")
    found = list(Applicant.objects.order_by("id").values_list("known", "distribution"))
    assert found == [("matched", ours.pk), ("unknown", None)]


def test_a_form_sent_twice_is_one_application_and_one_mail(job):
    body = filled()
    first = Client().post(address(job), body)
    again = Client().post(address(job), body | {"name": "Jane D."})
    drain()
    assert status_page(first) == status_page(again)
    assert again["Location"].endswith("again=1")
    assert Applicant.objects.get().name == "Jane Doe"
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_four_times_at_once_is_one_application(job):
    body, seen = filled(), []

    def post():
        seen.append(Client().post(address(job), body).status_code)
        connection.close()

    threads = [Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [302] * 4
    assert (Applicant.objects.count(), Letter.objects.count()) == (1, 1)


WRONG = {
    "no name": ({"name": " "}, "required"),
    "no address": ({"email": "jane"}, "valid email"),
    "no consent": ({"consent": ""}, "Tick the box"),
    "nothing to read": ({"cover": " "}, "Send a CV, or write a few words"),
    "a program": ({"website": "http://x.example"}, "only programs do"),
    "no document": ({"cv": pdf("cv.pdf", b"<script>")}, "is called .pdf and is none"),
    "no form": ({"form_key": "x"}, "valid UUID"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_was_typed_survives_every_error(job, case):
    change, said = WRONG[case]
    answer = send(job, **{"phone": "0123 98765", **change})
    page = text_of(answer)
    assert answer.status_code == 400
    assert said in page or case == "no form"
    assert 'value="0123 98765"' in page
    assert ("Choose your files again" in page) == ("cv" in change)
    assert not Applicant.objects.exists()
    assert not Artifact.objects.exists()


def test_answers_are_kept_as_asked_and_flagged_for_a_person_only(job):
    years = ask(job, "Years of welding?", "number", required=True, at_least=3)
    ask(job, "May you work in Norway?", "yes_no", wanted=["yes"])
    ask(job, "Which shift?", "choice", choices=["Day", "Night"], wanted=["Night"])
    ask(job, "Since when?", "date")
    proof = ask(job, "Your certificate", "file")
    ask(job, "Tell us more", "long")
    names = [f"q_{one.pk.hex}" for one in job_questions(job)]

    missing = send(job)
    assert missing.status_code == 400
    assert "Years of welding?" in text_of(missing)
    given = dict(zip(names, ["2.5", "no", "Night", "2026-12-01", pdf("cert.pdf"), ""], strict=True))
    assert send(job, **given).status_code == 302

    row = Applicant.objects.get()
    kept = [(one.label, one.value, one.flagged) for one in row.answers.all()]
    assert kept == [
        ("Years of welding?", "2.5", True),
        ("May you work in Norway?", "no", True),
        ("Which shift?", "Night", False),
        ("Since when?", "2026-12-01", False),
        ("Your certificate", "cert.pdf", False),
        ("Tell us more", "", False),
    ]
    assert (row.stage, row.flags) == ("new", 2)
    assert row.answers.get(question=proof).file.kind == "applications"
    years.delete()
    assert row.answers.count() == 6


def job_questions(job):
    return Question.objects.filter(job=job)


def test_a_choice_that_was_not_offered_is_refused(job):
    question = ask(job, "Which shift?", "choice", choices=["Day", "Night"])
    answer = send(job, **{f"q_{question.pk.hex}": "Never"})
    assert answer.status_code == 400


@pytest.mark.parametrize("status", ["closed", "expired"])
def test_a_job_that_ended_says_so_and_offers_others(status):
    company = make_company()
    job, other = (
        make_job("Night Welder", company=company, apply_url="", url="", on_board=True, status=one)
        for one in (status, "live")
    )
    for answer in (Client().get(address(job)), send(job)):
        assert answer.status_code == 410
        assert "One can no longer apply" in text_of(answer)
        assert other.path in text_of(answer)
    assert not Applicant.objects.exists()


def test_a_job_with_an_address_of_its_own_says_where_to_apply():
    job = open_job(make_company(), apply_url="https://jobs.example.com/7")
    for answer in (Client().get(address(job)), send(job)):
        assert answer.status_code == 200
        assert "https://jobs.example.com/7" in text_of(answer)
    assert not Applicant.objects.exists()


def test_drafts_internal_and_foreign_jobs_take_no_application_from_outside():
    company = make_company()
    for columns in ({"on_board": False}, {"status": "draft"}):
        job = open_job(company, **columns)
        assert send(job).status_code == 404
    insider = Client()
    insider.force_login(make_member(company), backend="django.contrib.auth.backends.ModelBackend")
    internal = open_job(company, on_board=False)
    assert send(internal, client=insider).status_code == 302


def test_who_sends_without_a_token_of_ours_is_refused(job):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address(job), filled()).status_code == 403
    page = text_of(strict.get(address(job)))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    answer = strict.post(address(job), filled(csrfmiddlewaretoken=token))
    assert answer.status_code == 302


def test_a_flood_from_one_address_is_told_to_wait_and_loses_nothing(job):
    for number in range(10):
        assert send(job, email=f"p{number}@example.org").status_code == 302
    answer = send(job, name="Eleventh Person")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert 'value="Eleventh Person"' in text_of(answer)
    assert send(open_job(job.company)).status_code == 302
    assert Applicant.objects.filter(job=job).count() == 10


def test_a_body_beyond_all_measure_is_not_read(job):
    answer = Client().post(address(job), filled(), CONTENT_LENGTH=str(1 << 30))
    assert answer.status_code == 413


def test_nothing_personal_stands_in_runs_or_facts(job):
    send(job, name="Zora Canary", email="canary@example.org", phone="55512345", cover="Kanari")
    drain()
    told = str(list(Event.objects.values("data"))) + str(list(Run.objects.values("args", "result")))
    assert "applicant_id" in told
    assert not re.search("canary|kanari|55512345", told, re.IGNORECASE)


# the mail


def test_a_mail_server_that_is_away_is_asked_again_with_the_same_message(job, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.RUN_BACKOFF_SCALE = 100  # no next try falls due meanwhile
    send(job)
    drain()
    letter = Letter.objects.get()
    assert (letter.status, letter.tries) == ("queued", 1)
    run = Run.objects.get(kind="distribution.send_letter")
    assert run.status == "queued"
    assert "does not answer" in run.error

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Run.objects.filter(pk=run.pk).update(available_at=run.created_at)
    drain()
    letter.refresh_from_db()
    assert (letter.status, letter.tries, len(mail.outbox)) == ("sent", 2, 1)
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{letter.pk}@")
    assert Applicant.objects.get().heard_at >= letter.sent_at


class Cut:
    """A mail server that takes a message and goes before it says so."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.seen = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        line, _ = self.door.accept()
        with line, line.makefile("rb") as words:
            line.sendall(b"220 here\r\n")
            for word in words:
                self.seen.append(word)
                if word == b".\r\n":
                    return
                if word[:4].upper() in (b"EHLO", b"MAIL", b"RCPT", b"HELO"):
                    line.sendall(b"250 ok\r\n")
                elif word[:4].upper() == b"DATA":
                    line.sendall(b"354 go on\r\n")


def test_a_mail_server_that_goes_before_it_answers_gets_no_second_letter(job, settings):
    server = Cut()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    send(job)
    drain()
    server.door.close()
    letter = Letter.objects.get()
    assert b".\r\n" in server.seen
    assert (letter.status, letter.tries) == ("uncertain", 1)
    assert not Run.objects.unfinished().filter(kind="distribution.send_letter").exists()


def test_no_name_smuggles_a_header_into_a_mail(job):
    send(job, name="Jane {link}\u2028Bcc: x@example.org", email="jane@example.org")
    drain()
    (letter,) = mail.outbox
    assert letter.recipients() == ["jane@example.org"]
    assert "\n" not in letter.subject
    assert letter.body.count("/applications/") == 1


# the status page


@pytest.fixture
def page(job):
    return status_page(send(job, cv=pdf()))


def test_a_link_that_was_guessed_shows_nothing(page):
    assert Client().get(f"{page[:-3]}x/").status_code == 404
    assert Client().get("/applications/x/").status_code == 404


def test_an_application_can_be_withdrawn_once(page):
    assert Client().post(f"{page}withdraw/").status_code == 302
    shown = text_of(Client().get(page))
    assert "You withdrew this application." in shown
    assert "Withdraw my application" not in shown
    again = Client().post(f"{page}withdraw/")
    assert again.status_code == 409
    row = Applicant.objects.get()
    assert [(one.became, one.actor) for one in row.moves.all()] == [("withdrawn", None)]


def test_the_person_takes_a_copy_of_the_own_data_along(page):
    answer = Client().get(f"{page}data/")
    assert "attachment" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["data.json", "1-cv.pdf"]
        assert archive.read("1-cv.pdf") == PDF
        assert "jane.doe@example.org" in archive.read("data.json").decode()


@pytest.mark.django_db(transaction=True)  # files go when a transaction has committed
def test_erasing_asks_first_and_then_leaves_only_a_tombstone(page):
    assert Client().post(f"{page}erase/").status_code == 409
    drain()
    place = Artifact.objects.get()
    assert Client().post(f"{page}erase/", {"sure": "yes"}).status_code == 302
    assert Client().post(f"{page}erase/", {"sure": "yes"}).status_code == 302
    drain()
    row = Applicant.objects.get()
    assert row.erased_at
    assert (row.name, row.email, row.phone, row.cover, row.cv) == ("", "", "", "", None)
    assert not Letter.objects.exists()
    assert not Artifact.objects.exists()
    assert not place.exists()
    gone = Client().get(page)
    assert gone.status_code == 410
    assert "was erased" in text_of(gone)
    assert Client().post(f"{page}withdraw/").status_code == 409


def test_a_key_of_a_form_opens_no_other_form(job):
    key = str(uuid4())
    first = send(job, form_key=key)
    other = send(open_job(job.company), form_key=key)
    assert status_page(first) != status_page(other)


def test_every_secret_is_of_the_kind_that_logs_leave_out():
    for _ in range(2000):
        assert sanitise(f"/applications/{new_secret()}/") == "/applications/[redacted]/"
