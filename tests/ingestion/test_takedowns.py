"""Taking a source down deletes all it brought, and none of it comes back by any door."""

import io
import json

import pytest
from django.core.management import call_command

from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.actions.takedowns import take_down
from ingestion.errors import FileRefused
from ingestion.models import Job, ProcessedJob, RawCollection, Sighting, Source, Takedown, Withheld
from jobly.artifacts.errors import ArtifactGone
from jobly.artifacts.models import Artifact
from jobly.errors import Rejected
from jobly.runs.actions.execution import drain
from tests.distribution.make import make_channel, make_distribution
from tests.make import make_company, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_pipeline")]


HEADER = "Reference,Job Title,Company,Location,Description,URL\n"
CANARY = "Weld the canary pipes"


def rows(*numbers, words=CANARY, reference=True):
    lines = [
        f'{f"R{n}" if reference else ""},Welder {n},Yard {n},"Oslo, Norway",{words} {n},'
        f"https://site.example/jobs/{n}\n"
        for n in numbers
    ]
    return HEADER + "".join(lines)


def bring(name, text, company=None):
    stream = io.BytesIO(text.encode())
    store_collection(source_named(name, company=company), Arrival(stream, "jobs.csv"), actor=None)
    drain()


def titles():
    return sorted(Job.objects.values_list("title", flat=True))


def test_everything_goes_and_only_digests_stay(django_capture_on_commit_callbacks):
    bring("site", rows(1, 2))
    bring("other", rows(3))
    source = Source.objects.get(name="site")
    artifact = Artifact.objects.get(pk=RawCollection.objects.get(source=source).artifact_id)
    boss = make_user(is_staff=True)

    with django_capture_on_commit_callbacks(execute=True):
        counts = take_down(source, why="The owner asked.", actor=boss, dry_run=False)

    assert (counts["collections"], counts["jobs"], counts["emptied"]) == (1, 2, 0)
    assert titles() == ["Welder 3"]
    assert not Sighting.objects.filter(source=source).exists()
    assert not ProcessedJob.objects.filter(processing__collection__source=source).exists()
    with pytest.raises(ArtifactGone):
        artifact.open()
    source.refresh_from_db()
    assert not source.enabled
    row = Takedown.objects.get()
    assert (row.by, row.why, row.counts["digests"]) == (boss, "The owner asked.", 7)
    assert CANARY not in str(list(Withheld.objects.values())) + str(row.counts)


def test_the_same_bytes_and_the_same_jobs_do_not_come_back():
    bring("site", rows(1, 2))
    take_down(Source.objects.get(name="site"), why="asked", actor=None, dry_run=False)

    with pytest.raises(FileRefused) as refused:
        bring("site", rows(1, 2))
    assert refused.value.code == "taken_down"

    bring("site", rows(1, 2, 4, words="Other words"))  # known by key
    bring("a copy", rows(1, 5, words="Other words", reference=False))  # known by address
    assert titles() == ["Welder 4", "Welder 5"]
    failed = ProcessedJob.objects.filter(error_code="taken_down")
    assert failed.count() == 3
    assert "Other words 1" not in str(list(failed.values("raw", "data")))


def test_the_employers_own_words_may_come_from_elsewhere():
    bring("site", rows(1))
    take_down(Source.objects.get(name="site"), why="asked", actor=None, dry_run=False)

    bring("employer", rows(1).replace("site.example", "employer.example"))
    assert titles() == ["Welder 1"]


def test_a_job_that_is_out_on_boards_is_closed_and_emptied():
    bring("site", rows(1, 2), make_company())
    job = Job.objects.get(title="Welder 1")
    make_distribution(job=job, channel=make_channel(job.company))

    counts = take_down(Source.objects.get(name="site"), why="asked", actor=None, dry_run=False)

    assert counts["emptied"] == 1
    job.refresh_from_db()
    assert (job.status, job.title, job.description_text, job.url) == (
        "removed",
        "(taken down)",
        "",
        "",
    )


def test_the_command_counts_first_and_wants_a_reason(capsys):
    bring("site", rows(1))

    call_command("take_down", "site", why="asked", dry_run=True, json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["jobs"], found["dry_run"], Job.objects.count()) == (1, True, 1)

    with pytest.raises(Rejected):
        take_down(Source.objects.get(), why=" ", actor=None, dry_run=False)
    with pytest.raises(SystemExit):
        call_command("take_down", "nobody", why="asked")
    assert "nothing was changed" in capsys.readouterr().err

    call_command("take_down", str(Source.objects.get().pk), why="asked", json=True)
    assert not Job.objects.exists()
