"""Items that are known as they are: closed in one statement, exactly as each would be decided."""

import io
import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from ingestion.actions import loading
from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.actions.decisions import UNSEEN, Batch, decide_all, pending, shared_urls
from ingestion.actions.recognising import recognise
from ingestion.models import Job, ProcessedJob, Processing, RawCollection, Sighting, Source
from ingestion.rules.duplicates import Verdict
from jobly.runs.actions.execution import drain
from jobly.runs.models import Run

pytestmark = pytest.mark.django_db

HEADER = "Reference,Job Title,Company,Location,Description,Salary,Apply URL\n"
FATES = {Verdict.NEW: "loaded", Verdict.CHANGED: "updated", Verdict.KNOWN: "duplicate"}


def line(ref, title="Welder", words="Weld pipes", path=""):
    link = f"https://a.example/{path or ref}"
    return f'{ref},{title},Harbour Works,"Oslo, Norway",{words} all day.,,{link}\n'


def collect(lines, source="site"):
    row = source_named(source)
    stream = io.BytesIO((HEADER + "".join(lines)).encode())
    return store_collection(row, Arrival(stream, "jobs.csv"), actor=None)


def loaded(lines, source="site"):
    collection = collect(lines, source)
    drain()
    return collection


def waiting(lines, source="site"):
    """Have the rows read and not loaded."""
    Source.objects.update(load_delay=timedelta(hours=1))
    collect(lines, source)
    drain()
    return Processing.objects.select_related("collection__source").get(loaded_at=None)


def load_now():
    Run.objects.filter(status="queued").update(available_at=now())
    drain()


def some_lines(chance):
    """Compose rows with and without a number, an address of their own, and other words."""
    lines = []
    for _ in range(chance.randrange(5, 25)):
        number = chance.randrange(8)
        lines.append(
            line(
                chance.choice((f"R{number}", f"R{number}", "")),
                title=f"Welder {number}",
                words=chance.choice(("Weld pipes", "Weld pipes", "Weld tanks")),
                path=chance.choice((f"{number}", f"{number}", "careers")),
            )
        )
    return lines


@pytest.mark.parametrize("seed", range(24))
def test_what_is_recognised_is_what_would_be_decided(seed):
    chance = random.Random(seed)  # noqa: S311 # no secret
    loaded(some_lines(chance), "other")
    first = loaded(some_lines(chance))
    if seed % 4 == 0:  # what came from there is newer than what comes now
        RawCollection.objects.filter(pk=first.pk).update(collected_at=now() + timedelta(days=1))
    loaded(some_lines(chance))
    processing = waiting(some_lines(chance))
    batch, shared = Batch(processing, pending(processing)), shared_urls(processing)
    decide_all(batch, shared)
    decided = {row.row: batch.decisions[row.pk] for row in batch.rows}
    times = Counter(decision.key for decision in decided.values())

    with transaction.atomic():
        found = recognise(processing, shared, 500)
        closed = dict(processing.items.filter(status="duplicate").values_list("row", "job_id"))
        transaction.set_rollback(True)  # the load below has all of them before it

    assert closed == {
        row: decision.job_id
        for row, decision in decided.items()
        if decision.verdict == Verdict.KNOWN
        and decision.rule not in UNSEEN
        and decision.key in batch.here
        and times[decision.key] == 1
    }
    assert found == (len(decided), max(decided), len(closed))

    load_now()

    fates = dict(ProcessedJob.objects.filter(processing=processing).values_list("row", "status"))
    assert fates == {row: FATES[decision.verdict] for row, decision in decided.items()}
    processing.refresh_from_db()
    assert (processing.loaded, processing.updated, processing.duplicates) == tuple(
        Counter(fates.values())[fate] for fate in ("loaded", "updated", "duplicate")
    )


def test_what_is_recognised_was_seen_now_and_is_not_touched_otherwise():
    lines = [line(f"R{n}", title=f"Welder {n}") for n in range(3)]
    loaded(lines)
    old = now() - timedelta(days=3)
    Job.objects.update(last_seen_at=old)
    Sighting.objects.update(last_seen_at=old)
    before = list(Job.objects.order_by("pk").values_list("pk", "content_hash", "updated_at"))
    collection = loaded(lines)

    collection.refresh_from_db()
    seen = {collection.collected_at}
    assert set(Sighting.objects.values_list("last_seen_at", flat=True)) == seen
    assert set(Job.objects.values_list("last_seen_at", flat=True)) == seen
    assert set(Sighting.objects.values_list("processing__collection", flat=True)) == {collection.pk}
    after = list(Job.objects.order_by("pk").values_list("pk", "content_hash", "updated_at"))
    assert after == before


def test_a_change_among_many_known_ones_is_found(monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 4)
    lines = [line(f"R{n}", title=f"Welder {n}") for n in range(40)]
    loaded(lines)
    lines[21] = line("R21", title="Welder 21", words="Weld tanks")
    lines[22] = line("R99", title="Planner")
    lines[35] = line("R5", title="Welder 5", words="Comes a second time")  # R35 is not listed

    loaded(lines)

    processing = Processing.objects.latest("processed_at")
    sums = (processing.loaded, processing.updated, processing.duplicates)
    assert sums == (1, 1, 38)
    assert "tanks" in Job.objects.get(title="Welder 21").description_text
    assert "pipes" in Job.objects.get(title="Welder 5").description_text


def test_a_pass_over_known_items_fetches_none_of_them():
    lines = [line(f"R{n}", title=f"Welder {n}") for n in range(30)]
    costs = []
    for count in (10, 30):
        loaded(lines[:count])
        waiting(lines[:count])
        with CaptureQueriesContext(connection) as asked:
            load_now()
        assert not any("data::text" in one["sql"] for one in asked)
        costs.append(len(asked))
        Source.objects.update(load_delay=timedelta())
    assert costs[0] == costs[1]
