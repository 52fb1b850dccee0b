"""Behind a long queue every door says 429 and changes nothing; what was promised goes on."""

import threading
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from distribution.models import Attempt, Distribution
from ingestion.models import Job, RawCollection, Upload
from jobly.artifacts.models import Artifact
from jobly.runs.actions import start, start_many
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import make_company, make_key, make_member, make_upload, make_user

CSV = b"Job Title,Company\nWelder,Works\n"
SCOPES = ["jobs:read", "jobs:write", "distributions:read", "distributions:write", "runs"]
KINDS = {"etl": "ingestion.load_all", "boards": "distribution.reconcile_boards"}


class World:
    """A company with a job here and there, whose every queue is full."""

    def __init__(self, settings):
        self.company = make_company("acme")
        self.person = make_member(self.company)
        _, self.key = make_key(self.person, company=self.company, scopes=SCOPES)
        self.api = Client(headers={"Authorization": f"Bearer {self.key}"})
        self.page = Client()
        self.page.force_login(self.person, backend="django.contrib.auth.backends.ModelBackend")
        channel = make_channel(self.company)
        self.job = make_posting(self.company)
        self.there = make_distribution(make_posting(self.company), channel)
        self.upload = make_upload(self.company, status="loaded")
        Distribution.objects.update(status="failed", error="once")
        Run.objects.all().delete()
        for stream in (f"company:{self.company.pk}", f"user:{self.person.pk}"):
            for queue in ("default", "etl", "boards"):
                Run.objects.create(
                    kind="test.plain", queue=queue, stream=stream, root_id=self.company.pk
                )
        settings.RUN_QUEUED_LIMIT = 1

    def state(self):
        models = (Run, Upload, RawCollection, Artifact, Distribution, Attempt, Job, Event)
        rows = {model.__name__: model.objects.count() for model in models}
        return rows | {"status": list(Distribution.objects.values_list("status", "retry_count"))}


@pytest.fixture
def full(db, settings):
    return World(settings)


def file():
    return SimpleUploadedFile("jobs.csv", CSV, content_type="text/csv")


API = {
    "a file": lambda w: ("uploads/", {"file": file(), "company": "acme"}, None),
    "a publication": lambda w: (
        "distributions/", {"job": w.job.pk, "channel": "linkedin"}, "application/json",
    ),
    "many publications": lambda w: (
        "distributions/bulk/",
        {"upload_id": str(w.upload.pk), "channels": ["linkedin"]},
        "application/json",
    ),
    "another try": lambda w: (f"distributions/{w.there.pk}/retry/", {}, "application/json"),
    "taking it down": lambda w: (f"distributions/{w.there.pk}/close/", {}, "application/json"),
    "renewal": lambda w: (f"distributions/{w.there.pk}/renew/", {}, "application/json"),
    "sending it again": lambda w: (
        f"distributions/{w.there.pk}/post-again/", {}, "application/json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", sorted(API))
def test_a_program_is_told_to_come_back_and_nothing_changes(full, door):
    path, body, content_type = API[door](full)
    more = {"content_type": content_type} if content_type else {}
    before = full.state()
    answer = full.api.post(f"/api/v1/{path}", body, **more)
    assert answer.status_code == 429, answer.content
    assert answer["Retry-After"] == "30"
    told = answer.json()
    assert set(told) == {"code", "detail", "request_id"}
    assert told["code"] == "too_many_requests"
    assert "nothing was started or changed" in told["detail"]
    assert full.state() == before


def test_operators_who_start_or_repeat_work_are_told_too(db, settings):
    operator = make_user(is_staff=True)
    _, text = make_key(operator, scopes=["runs"])
    api = Client(headers={"Authorization": f"Bearer {text}"})
    failed = start("runs.retention", {}, actor=operator)
    Run.objects.filter(pk=failed.pk).update(status="failed", finished_at=failed.created_at)
    start("runs.retention", {}, actor=operator)
    settings.RUN_QUEUED_LIMIT = 1
    urls = ("/api/v1/background-jobs/", f"/api/v1/background-jobs/{failed.pk}/retry/")
    for url in urls:
        answer = api.post(url, {"type": "runs.retention"}, content_type="application/json")
        assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert Run.objects.count() == 2

    browser = Client()
    browser.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post(reverse("run-retry", args=[failed.pk]), follow=True)
    assert "nothing was started or changed" in answer.content.decode()
    assert Run.objects.count() == 2


def test_a_person_in_the_back_office_is_told_on_the_page(full):
    add = reverse("admin:ingestion_upload_add")
    publish = f"{reverse('admin:distribution_distribution_publish')}?job={full.job.pk}"
    decide = reverse("admin:distribution_distribution_decide", args=[full.there.pk])
    listed = reverse("admin:distribution_distribution_changelist")
    before = full.state()
    for url, body in (
        (add, {"company": full.company.pk, "mode": "skip", "file": file()}),
        (publish, {"channels": ["linkedin"]}),
        (decide, {"verb": "retry"}),
        (decide, {"verb": "close"}),
        (listed, {"action": "retry_selected", "_selected_action": [full.there.pk], "index": 0}),
    ):
        page = full.page.post(url, body, follow=True)
        assert page.status_code == 200
        assert "nothing was started or changed" in page.content.decode(), url
    assert full.state() == before


def test_the_same_request_under_the_same_key_works_when_there_is_room_again(full):
    body = {"job": full.job.pk, "channel": "linkedin"}
    headers = {"Idempotency-Key": "once"}

    def send():
        url = "/api/v1/distributions/"
        return full.api.post(url, body, content_type="application/json", headers=headers)

    assert send().status_code == 429
    Run.objects.all().delete()
    first, again = send(), send()
    assert (first.status_code, again.status_code) == (202, 202)
    assert again["Idempotent-Replayed"] == "true"
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_facts_and_children_are_never_refused(settings, body):
    settings.RUN_QUEUED_LIMIT = 1
    settings.RUN_BACKLOG_LIMIT = 1
    settings.RUN_ON_EVENT = {"test.happened": ("test.plain",)}
    from jobly.runs.actions import emit, transaction  # noqa: PLC0415 # beside what it tells

    from .kinds import Happened  # noqa: PLC0415 # no settings yet when this file is loaded

    def parent(progress):
        for _ in range(5):
            progress.start("test.plain", {})
        with transaction():
            emit(Happened(job_id=1))

    body(parent, of="parent")
    start("test.waits", {}, actor=None)
    assert drain() == 7
    assert not Run.objects.exclude(status="succeeded").exists()


@pytest.mark.django_db(transaction=True)
def test_a_crowd_at_the_door_is_let_in_or_told_to_come_back_and_nothing_else(settings):
    company = make_company("acme")
    _, text = make_key(make_member(company), company=company, scopes=SCOPES)
    settings.RUN_QUEUED_LIMIT = 5
    gate, answers = threading.Barrier(8), []

    def send():
        client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)
        gate.wait()
        for _ in range(4):
            fields = {"file": file(), "company": "acme"}
            answers.append(client.post("/api/v1/uploads/", fields).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = Counter(answers)
    assert set(count) == {202, 429}
    assert 5 <= count[202] <= 5 + 8, "at most those who asked at the same moment"
    assert Upload.objects.count() == count[202]


@pytest.mark.django_db
def test_the_check_looks_at_a_bounded_number_of_rows():
    company = make_company()
    start_many("test.plain", ({} for _ in range(2500)), actor=None, company=company)
    start_many("test.plain", ({} for _ in range(2500)), actor=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runs_run")
    from jobly.runs.reports.queues import BACKLOG, QUEUED  # noqa: PLC0415 # what is explained

    mine = {"queue": "default", "stream": f"company:{company.pk}", "limit": 100}
    assert rows_read(QUEUED, mine) <= 101
    assert rows_read(BACKLOG, {"limit": 100}) <= 110


def rows_read(statement, params):
    """Return how many rows the scans of a statement gave, as PostgreSQL counted."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", params)
        plan = cursor.fetchone()[0][0]["Plan"]

    def walk(node):
        own = node["Actual Rows"] * node["Actual Loops"] if "Scan" in node["Node Type"] else 0
        if node.get("Relation Name") != "runs_run":
            own = 0
        return own + sum(walk(child) for child in node.get("Plans", ()))

    return walk(plan)
