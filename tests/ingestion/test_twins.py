"""The same bytes again: their rows are taken over where nothing but the bytes decides them."""

import io

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.models import ProcessedJob, Processing, Source, Taxonomy
from jobly.runs.actions.execution import drain

pytestmark = pytest.mark.django_db

FILE = (
    "Reference,Job Title,Company,Location,Description\n"
    'R1,Welder,Harbour Works,"Oslo, Norway",Weld pipes all day.\n'
    "R2,,Harbour Works,Leeds,No title here.\n"
    'R3,Baker,,"Leeds, United Kingdom",Bake bread.\n'
)
MARK = "as it was read before"


def read(text=FILE, source="site", **request):
    row = source_named(source)
    arrival = Arrival(io.BytesIO(text.encode()), "jobs.csv", request)
    collection = store_collection(row, arrival, actor=None)
    drain()
    return collection.processings.get()


def marked():
    """Read a file and leave a mark in its rows, so that a later pass shows whose they are."""
    first = read()
    first.items.filter(data__isnull=False).update(external_id=Concat(F("external_id"), Value(MARK)))
    return first


def is_taken_over(processing):
    ids = list(processing.items.exclude(data=None).values_list("external_id", flat=True))
    assert ids
    return all(found.endswith(MARK) for found in ids)


def test_what_could_be_read_is_taken_over_and_what_failed_fails_again():
    first = marked()
    second = read()

    assert is_taken_over(second)
    assert (second.raw, second.processed, second.failed) == (3, 2, 1)
    columns = ("row", "content_hash", "content_key", "url_key", "data", "warnings", "error_code")
    rows = [list(one.items.order_by("row").values(*columns)) for one in (first, second)]
    assert rows[0] == rows[1]
    assert second.warnings == first.warnings == 1
    assert {one.status for one in second.items.all()} == {"loaded", "failed"}
    assert second.items.get(row=2).raw == first.items.get(row=2).raw


def test_other_bytes_are_read():
    marked()
    assert not is_taken_over(read(FILE.replace("all day", "all night")))


@pytest.mark.parametrize(
    "change",
    [
        lambda: Source.objects.update(employer="Dock Works"),
        lambda: Processing.objects.update(processed_at=None, status="processing"),
        lambda: Processing.objects.update(transformer="v1", basis="0" * 64),
        lambda: Taxonomy.objects.create(name="ours", version="1", imported_at=timezone.now()),
    ],
    ids=["employer", "unfinished", "transformer", "vocabulary"],
)
def test_what_decides_beside_the_bytes_has_them_read_again(change):
    marked()
    change()
    assert not is_taken_over(read())


def test_another_request_has_them_read_again():
    marked()
    assert not is_taken_over(read(mapping={"title": "Job Title"}))


def test_what_a_file_of_all_or_nothing_held_back_is_fine_in_the_next_one():
    first = marked()
    held = first.items.filter(data__isnull=False)
    held.update(status=ProcessedJob.Status.FAILED, error_code="held_back", error="Others failed.")

    second = read()
    assert is_taken_over(second)
    assert set(second.items.values_list("error_code", flat=True)) == {"", "missing_title"}
