"""Each change of status is kept by the database itself, with who and what moved it."""

import pytest
from django.db import IntegrityError

from distribution.actions import changes
from distribution.models import Distribution, DistributionMove
from tests.make import make_member

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest


def moves(row):
    return [(move.was, move.became) for move in row.moves.order_by("id")]


@pytest.mark.django_db(transaction=True)
def test_a_publication_leaves_every_move_with_the_work_that_made_it(boards):
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    until_rest()

    assert moves(row) == [("", "pending"), ("pending", "sending"), ("sending", "published")]
    assert {move.run_id for move in row.moves.exclude(was="")} == {fresh(row).run_id}
    assert (fresh(row).moved_by, fresh(row).moved_in) == (None, None)


@pytest.mark.django_db
def test_a_persons_word_is_kept_with_the_move():
    channel = make_channel()
    person = make_member(channel.company)
    row = changes.create_distribution(make_posting(channel.company), channel, actor=person)

    changes.close_distribution(row, actor=person)

    assert moves(row) == [("", "pending"), ("pending", "closed")]
    assert {move.actor_id for move in row.moves.all()} == {person.pk}


@pytest.mark.django_db
def test_a_status_written_past_all_code_is_kept_too_and_a_repeat_of_it_is_no_move():
    row = make_distribution()
    Distribution.objects.filter(pk=row.pk).update(status="failed", error="lost", error_code="x")
    Distribution.objects.filter(pk=row.pk).update(status="failed", error="again")

    assert moves(row) == [("", "pending"), ("pending", "failed")]
    assert (row.moves.last().code, row.moves.last().because) == ("x", "lost")


@pytest.mark.django_db
def test_a_row_left_out_by_a_conflict_leaves_no_move():
    row = make_distribution()
    double = Distribution(
        company_id=row.company_id,
        job_id=row.job_id,
        channel_id=row.channel_id,
        external_id=Distribution.new_external_id(row.pk),
    )
    Distribution.objects.bulk_create([double], ignore_conflicts=True)

    assert DistributionMove.objects.count() == 1


@pytest.mark.django_db
def test_a_move_is_never_rewritten():
    row = make_distribution()
    with pytest.raises(IntegrityError, match="stays as it was written"):
        row.moves.update(became="published")
