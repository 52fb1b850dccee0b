import threading
from contextlib import suppress

import pytest
from django.db import connection
from django.db import transaction as django_transaction

from jobly.runs.actions import emit, transaction
from jobly.runs.models import Event, Stream
from jobly.users.rules import Principal
from tests.make import make_company, make_user

from .kinds import Happened


class Undone(Exception):
    """A reason to roll back."""


def told(stream="staff"):
    return list(Event.objects.filter(stream=stream).order_by("seq").values_list("seq", "data"))


@pytest.mark.django_db
def test_a_fact_is_told_with_its_name_fields_and_actor():
    person = make_user()

    with transaction():
        emit(Happened(job_id=7, skills=("welding",)), actor=person)

    event = Event.objects.get()
    assert (event.stream, event.seq, event.type, event.fact) == (
        "staff",
        1,
        "test.happened",
        "test.happened",
    )
    assert event.data == {"job_id": 7, "skills": ["welding"]}
    assert event.actor_id == person.pk


@pytest.mark.django_db
def test_emitting_outside_of_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        emit(Happened(job_id=1))


@pytest.mark.django_db
def test_what_an_inner_transaction_told_vanishes_with_it():
    with transaction():
        emit(Happened(job_id=1))
        with suppress(Undone), transaction():
            emit(Happened(job_id=2))
            raise Undone
        with suppress(Undone), django_transaction.atomic():
            emit(Happened(job_id=3))
            with transaction():
                emit(Happened(job_id=4))
            raise Undone
        emit(Happened(job_id=5))

    assert [data["job_id"] for _, data in told()] == [1, 5]
    assert [seq for seq, _ in told()] == [1, 2]
    assert Stream.objects.get().last_seq == 2


@pytest.mark.django_db
def test_nothing_is_told_of_a_transaction_that_rolled_back():
    with suppress(Undone), transaction():
        emit(Happened(job_id=1))
        raise Undone
    with transaction():
        emit(Happened(job_id=2))

    assert told() == [(1, {"job_id": 2, "skills": []})]


@pytest.mark.django_db
def test_a_fact_goes_to_its_company_else_its_person_else_the_staff():
    company, person = make_company(), make_user()
    with transaction():
        emit(Happened(job_id=1), company=company, user_id=person.pk)
        emit(Happened(job_id=2), user_id=person.pk)
        emit(Happened(job_id=3))
        emit(Happened(job_id=4), streams=("staff", f"user:{person.pk}"))

    rows = Event.objects.values_list("data__job_id", "stream", "seq")
    assert set(rows) == {
        (1, f"company:{company.pk}", 1),
        (2, f"user:{person.pk}", 1),
        (3, "staff", 1),
        (4, "staff", 2),
        (4, f"user:{person.pk}", 2),
    }


@pytest.mark.django_db
def test_streams_are_read_by_their_own_people_only():
    company, person, other = make_company(), make_user(), make_user()
    with transaction():
        emit(Happened(job_id=1), company=company)
        emit(Happened(job_id=2), user_id=person.pk)
        emit(Happened(job_id=3))

    def seen_by(user=None, companies=(), *, is_staff=False):
        principal = Principal(
            user_id=user and user.pk,
            is_staff=is_staff,
            company_ids=frozenset(c.pk for c in companies),
            writable_ids=frozenset(),
            scopes=None,
        )
        rows = Event.objects.visible_to(principal)
        return sorted(rows.values_list("data__job_id", flat=True))

    assert seen_by(person) == [2]
    assert seen_by(person, [company]) == [1, 2]
    assert seen_by(other) == []
    assert seen_by() == []
    assert seen_by(other, is_staff=True) == [1, 2, 3]


@pytest.mark.django_db
def test_telling_costs_one_statement_however_much_is_told(django_assert_num_queries):
    with transaction():
        emit(Happened(job_id=0))
    with django_assert_num_queries(3), transaction():  # savepoint, events, release
        for number in range(50):
            emit(Happened(job_id=number))


def write_and_fail_now_and_then(worker):
    for number in range(25):
        with suppress(Undone), transaction():
            emit(Happened(job_id=worker * 1000 + number))
            emit(Happened(job_id=number), streams=("user:b", "user:a"))
            if number % 3 == 0:
                raise Undone
    connection.close()


def follow_live(stop, numbers):
    """Read as a live page does: what follows the last number seen, again and again."""
    last_look = False
    while not last_look:
        last_look = stop.is_set()
        after = numbers[-1] if numbers else 0
        numbers += Event.objects.after("staff", after).values_list("seq", flat=True)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_numbers_are_contiguous_and_in_commit_order_with_eight_writers_some_of_whom_fail():
    seen, stop = [], threading.Event()
    reader = threading.Thread(target=follow_live, args=(stop, seen))
    writers = [threading.Thread(target=write_and_fail_now_and_then, args=(n,)) for n in range(8)]
    for thread in [reader, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()

    committed = 8 * sum(number % 3 != 0 for number in range(25))
    assert seen == list(range(1, committed + 1))
    for stream in ("staff", "user:a", "user:b"):
        assert [seq for seq, _ in told(stream)] == seen
