"""What is past its time goes, what no row keeps goes, what is lost is told; nothing else goes."""

import hashlib
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from jobly.artifacts.actions import discard, store, upkeep
from jobly.artifacts.clients.files import DurableFiles
from jobly.artifacts.clients.places import here
from jobly.artifacts.models import Artifact
from jobly.artifacts.reports import usage
from jobly.artifacts.rules.comparing import side_by_side
from jobly.artifacts.rules.keeping import KEEP_DAYS
from jobly.artifacts.rules.places import Stored
from jobly.runs.actions import start
from jobly.runs.actions.execution import drain
from tests.artifacts.making import age, files, make_orphan, make_stored

pytestmark = pytest.mark.django_db(transaction=True)


def tidied(**options):
    *_, last = [upkeep.Tidied(), *upkeep.tidy(here(), **options)]
    return last


def run_of(kind):
    run = start(kind, {}, actor=None)
    drain()
    run.refresh_from_db()
    return run


# past its time


@pytest.mark.parametrize("kind", sorted(KEEP_DAYS))
def test_a_kind_is_kept_for_its_days(kind, storage):
    days = KEEP_DAYS[kind] or 36_500
    young, old = make_stored(kind=kind, days=days - 1), make_stored(kind=kind, days=days + 1)
    run = run_of("ingestion.expire_storage")
    assert run.status == "succeeded"
    expected = [young.path] if KEEP_DAYS[kind] else sorted([young.path, old.path])
    assert files(storage) == expected
    assert list(Artifact.objects.kept().order_by("path").values_list("path", flat=True)) == expected


def test_what_went_is_counted_by_kind_and_its_row_stays(storage):
    for size in (1, 20, 300):
        make_stored(b"x" * size, kind="exports", days=8)
    make_stored(b"x" * 5000, kind="rejects", days=31)
    make_stored(kind="raw", days=4000)
    run = run_of("ingestion.expire_storage")
    assert run.result == {
        "files": 4,
        "kinds": {"exports": {"bytes": 321, "files": 3}, "rejects": {"bytes": 5000, "files": 1}},
        "stayed": 0,
    }
    assert (run.done, run.total, run.progress) == (4, 4, 100)
    assert Artifact.objects.count() == 5
    assert run_of("ingestion.expire_storage").result["files"] == 0


def test_the_operator_s_days_count(settings, storage):
    settings.ARTIFACT_KEEP_DAYS = KEEP_DAYS | {"exports": 100, "rejects": 1}
    kept, gone = make_stored(kind="exports", days=50), make_stored(kind="rejects", days=2)
    run_of("ingestion.expire_storage")
    assert files(storage) == [kept.path]
    gone.refresh_from_db()
    assert gone.deleted_at is not None


def test_more_than_a_batch_goes_batch_by_batch(storage):
    made = Artifact.objects.bulk_create(
        Artifact(
            path=f"exports/2026/01/02/{uuid4()}",
            sha256="0" * 64,
            size=1,
            content_type="text/csv",
            kind="exports",
        )
        for _ in range(upkeep.BATCH * 2 + 3)
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE artifacts_artifact SET created_at = now() - interval '9 days'")
    assert run_of("ingestion.expire_storage").result["files"] == len(made)


def test_two_workers_share_what_is_due(storage):
    """One holds a batch in its transaction; the other takes none of it."""
    first = make_stored(kind="exports", days=8)
    with transaction.atomic():
        assert [row.pk for row in upkeep.expire()] == [first.pk]
        assert upkeep.expire() == []
        transaction.set_rollback(True)
    with transaction.atomic():
        assert [row.pk for row in upkeep.expire(limit=1)] == [first.pk]


def test_bytes_that_do_not_go_are_left_to_the_next_tidying(settings, storage):
    artifact = make_stored(kind="exports", days=8)
    inside = {"location": str(storage)}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Stubborn", "OPTIONS": inside},
    }
    run = run_of("ingestion.expire_storage")
    assert run.result["stayed"] == 1
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "jobly.artifacts.clients.files.DurableFiles", "OPTIONS": inside},
    }
    age(storage / artifact.path, days=2)
    assert tidied().deleted == 1
    assert files(storage) == []


class Stubborn(DurableFiles):
    """A disk that was mounted for reading only."""

    def delete(self, name):
        raise OSError(30, "Read-only file system")


# what no row keeps


def test_orphans_and_leftovers_go_and_all_else_stays(storage):
    kept = make_stored()
    age(storage / kept.path, days=400)
    for name in ("", ".part-" + "0" * 32):
        make_orphan(storage, last=name)
    (storage / "doctor").mkdir()
    (storage / "doctor" / ("0" * 64)).touch()
    age(storage / "doctor" / ("0" * 64), days=2)
    (storage / "notes.txt").write_text("mine")
    (storage / "raw" / "important.csv").write_text("mine")
    for path in (storage / "notes.txt", storage / "raw" / "important.csv"):
        age(path, days=400)
    found = tidied()
    assert (found.deleted, found.deleted_bytes, found.foreign, found.rows) == (3, 12, 2, 1)
    assert files(storage) == sorted([kept.path, "notes.txt", "raw/important.csv"])


def test_young_files_may_yet_get_their_row(storage):
    young = make_orphan(storage, days=0.9)
    assert tidied().deleted == 0
    assert files(storage) == [young]


def test_a_wrong_clock_here_deletes_nothing(storage, time_machine):
    young = make_orphan(storage, days=0)
    time_machine.move_to("2031-01-01T00:00Z")
    assert tidied().deleted == 0
    assert files(storage) == [young]


def test_a_transaction_that_is_rolled_back_leaves_an_orphan(storage):
    kept = make_stored()

    @transaction.atomic
    def failing():
        store([b"lost"], kind="raw")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert len(files(storage)) == 2
    assert tidied(older_than=timedelta(seconds=-60)).deleted == 1
    assert files(storage) == [kept.path]


def test_a_dry_run_counts_and_deletes_nothing(storage):
    orphan = make_orphan(storage)
    assert tidied(dry_run=True).deleted == 1
    assert files(storage) == [orphan]


def test_any_number_of_files_is_walked(storage):
    for _ in range(upkeep.BATCH * 2 + 1):
        make_orphan(storage)
    kept = make_stored()
    run = run_of("ingestion.tidy_storage")
    assert run.status == "succeeded"
    assert (run.result["deleted"], run.result["files"]) == (1001, 1002)
    assert files(storage) == [kept.path]


def test_a_storage_that_was_never_used_has_nothing_to_tidy(storage):
    run = run_of("ingestion.tidy_storage")
    assert (run.status, run.result["files"], run.result["missing"]) == ("succeeded", 0, 0)


def test_a_link_to_elsewhere_is_neither_followed_nor_removed(storage, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    orphan = make_orphan(elsewhere)
    make_stored()
    (storage / "raw" / "2025").symlink_to(elsewhere)
    assert tidied().deleted == 0
    assert files(elsewhere) == [orphan]


# what is lost


def test_rows_without_their_bytes_are_told_and_stay(storage, caplog):
    whole, lost, cut, gone = (make_stored(b"x" * n) for n in (1, 2, 3, 4))
    (storage / lost.path).unlink()
    (storage / cut.path).write_bytes(b"xx")
    discard(gone)
    run = run_of("ingestion.tidy_storage")
    assert run.status == "succeeded"
    assert (run.result["missing"], run.result["damaged"], run.result["rows"]) == (1, 1, 3)
    assert {(loss["artifact"], loss["what"]) for loss in run.result["losses"]} == {
        (str(lost.pk), "missing"),
        (str(cut.pk), "damaged"),
    }
    assert (run.done, run.failed, run.total) == (1, 2, 3)
    assert Artifact.objects.kept().count() == 3
    assert whole.exists()
    assert str(lost.pk) in caplog.text


def test_losses_are_counted_even_where_only_some_are_named(storage):
    for _ in range(upkeep.EXAMPLES + 5):
        (storage / make_stored().path).unlink()
    found = tidied()
    assert (found.missing, len(found.losses)) == (25, upkeep.EXAMPLES)


def test_a_storage_that_is_away_is_no_loss(settings, storage):
    make_stored()
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Away", "OPTIONS": {"location": str(storage)}},
    }
    run = run_of("ingestion.tidy_storage")
    assert (run.status, run.error_code) == ("queued", "unavailable")
    assert "Nothing was lost" in run.error


class Away(DurableFiles):
    """A disk on a network that is down."""

    def walk(self):
        raise OSError(5, "Input/output error")


def test_reading_all_finds_what_looks_right_and_is_not(storage):
    whole, turned, lost = (make_stored(b"some bytes") for _ in range(3))
    (storage / turned.path).write_bytes(b"same bytes")
    (storage / lost.path).unlink()
    assert tidied().damaged == 0  # the size is right
    *_, found = upkeep.check(Artifact.objects.kept())
    assert (found.files, found.bytes, found.missing, found.damaged) == (3, 30, 1, 1)
    assert {loss.artifact for loss in found.losses} == {str(turned.pk), str(lost.pk)}
    assert hashlib.sha256((storage / whole.path).read_bytes()).hexdigest() == whole.sha256


# orders


class Name:
    def __init__(self, path):
        self.path = path

    def __repr__(self):
        return self.path


@given(st.sets(st.text("ab/-_.é1", min_size=1)), st.sets(st.text("ab/-_.é1", min_size=1)))
def test_two_lists_are_compared_as_sets_are(left, right):
    pairs = list(side_by_side([Name(n) for n in sorted(left)], [Name(n) for n in sorted(right)]))
    assert {a.path for a, b in pairs if a and b} == left & right
    assert {a.path for a, b in pairs if a and not b} == left - right
    assert {b.path for a, b in pairs if b and not a} == right - left


@given(st.lists(st.text("ab", min_size=1)), st.lists(st.text("ab", min_size=1)))
def test_unsorted_lists_lose_nothing(left, right):
    pairs = list(side_by_side([Name(n) for n in left], [Name(n) for n in right]))
    assert [a.path for a, _ in pairs if a] == left
    assert [b.path for _, b in pairs if b] == right


def test_files_and_rows_come_in_the_same_order(storage):
    """Folders whose names begin alike are where orders differ."""
    folders = ["raw", "raw-old", "raw.d", "raw2", "raw_x", "rawé", "Raw", "raw/z"]
    for folder in folders:
        (storage / folder / "a").mkdir(parents=True)
        (storage / folder / "a" / "x").touch()
        (storage / folder / "a-").touch()
        (storage / folder / "ab").touch()
    paths = [file.path for file in here().walk()]
    assert paths == sorted(paths, key=str.encode)
    Artifact.objects.bulk_create(
        Artifact(path=path, sha256="0" * 64, size=0, content_type="", kind="raw") for path in paths
    )
    assert [row.path for row in upkeep.kept_rows()] == paths
    assert tidied().missing == 0


def test_orders_that_differ_delete_nothing_that_is_kept(settings, storage):
    kept = [make_stored() for _ in range(5)]
    for one in kept:
        age(storage / one.path, days=9)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.Backwards", "OPTIONS": {"location": str(storage)}},
    }
    found = tidied()
    assert (found.deleted, found.missing) == (0, 0)
    assert files(storage) == sorted(one.path for one in kept)


class Backwards(DurableFiles):
    """A storage that lists its files in an order of its own."""

    def walk(self):
        yield from reversed([Stored(f.path, f.size, f.modified) for f in super().walk()])


# what there is


def test_usage_says_what_is_kept_and_what_is_due(storage, django_assert_num_queries):
    make_stored(b"x" * 10)
    make_stored(b"x" * 20, kind="exports", days=8)
    make_stored(b"x" * 40, kind="exports", days=1)
    discard(make_stored(b"x" * 80, kind="exports"))
    with django_assert_num_queries(2):
        exports, raw = usage(KEEP_DAYS)
    assert (raw.kind, raw.files, raw.bytes, raw.keep_days, raw.due_files) == ("raw", 1, 10, None, 0)
    assert (exports.files, exports.bytes, exports.keep_days) == (2, 60, 7)
    assert (exports.due_files, exports.due_bytes, exports.discarded) == (1, 20, 1)
