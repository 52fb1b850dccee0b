"""`audit ledger`: whole books and boards pass, and each kind of seeded damage is found."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from distribution.actions import changes
from distribution.models import Attempt, Channel, Charge, Distribution, DistributionMove
from tests.make import make_company

from .make import make_channel, make_distribution
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)


def audited(capsys, *options):
    """Run the command; return what does not hold, and its exit code."""
    code = 0
    try:
        call_command("audit", "ledger", *options, json=True)
    except SystemExit as end:
        code = int(str(end.code))
    told = json.loads(capsys.readouterr().out)
    wrong = {check["name"] for check in told["checks"] if not check["ok"]}
    assert told["ok"] is (not wrong)
    assert code == int(bool(wrong))
    return wrong


@pytest.fixture
def world(boards):
    """A published job on each called board, one closed, one on our own."""
    company = make_company()
    rows = {
        slug: make_distribution(channel=make_channel(company, slug=slug))
        for slug in ("linkedin", "indeed", "glassdoor", "internal")
    }
    gone = make_distribution(channel=rows["glassdoor"].channel)
    until_rest()
    changes.close_distribution(fresh(gone), actor=None)
    until_rest()
    return {"boards": boards, "gone": fresh(gone), **{k: fresh(v) for k, v in rows.items()}}


def test_whole_books_hold_online_offline_and_for_one_company(world, capsys):
    assert audited(capsys) == set()
    assert audited(capsys, "--offline") == set()
    assert audited(capsys, "--company", world["linkedin"].company.slug) == set()


def seed_gap(world):
    row = world["glassdoor"]
    Attempt.objects.create(
        distribution=row, number=9, op="poll", outcome="found", ended_at=timezone.now()
    )


def seed_intent(world):
    old = timezone.now() - timedelta(hours=1)
    Attempt.objects.create(distribution=world["indeed"], number=9, op="poll", sent_at=old)


def seed_unproven(world):
    world["internal"].attempts.all().delete()


def seed_move_lost(world):
    DistributionMove.objects.filter(distribution=world["glassdoor"], became="sending").delete()


def seed_move_illegal(world):
    Distribution.objects.filter(pk=world["gone"].pk).update(status="pending")
    Distribution.objects.filter(pk=world["gone"].pk).update(status="closed")


def seed_posts(world):
    second = make_distribution(channel=world["internal"].channel)
    until_rest()
    Distribution.objects.filter(pk=second.pk).update(post_id=world["internal"].post_id)


def seed_id(world):
    Distribution.objects.filter(pk=world["internal"].pk).update(external_id=f"jobly-{'0' * 32}")


def seed_times(world):
    attempt = world["glassdoor"].attempts.first()
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=attempt.sent_at - timedelta(minutes=1))


def seed_money(world):
    row = world["glassdoor"]
    Charge.objects.create(
        company_id=row.company_id,
        channel=row.channel,
        distribution=row,
        kind="refund",
        amount_minor=-100,
        currency="EUR",
        key="seeded",
    )


def seed_lost_by_board(world):
    world["boards"].reset()


def seed_shown_after_close(world):
    Distribution.objects.filter(pk=world["linkedin"].pk).update(status="closed")


def seed_unknown_there(world):
    row = world["linkedin"]
    Attempt.objects.filter(distribution=row).delete()
    DistributionMove.objects.filter(distribution=row).delete()
    Distribution.objects.filter(pk=row.pk).delete()


def seed_silent_board(world):
    Channel.objects.filter(pk=world["indeed"].channel_id).update(base_url="sandbox:/nowhere")


SEEDED = [  # each with the checks that it alone turns red
    (seed_times, {"times_forward"}),
    (seed_money, {"money_adds_up"}),
    (seed_gap, {"attempts_whole"}),
    (seed_intent, {"no_open_intent"}),
    (seed_id, {"external_ids"}),
    (seed_unproven, {"published_proven"}),
    (seed_move_lost, {"moves_whole"}),
    (seed_move_illegal, {"moves_legal"}),
    (seed_shown_after_close, {"closed_absent"}),
    (seed_posts, {"posts_once"}),
    (seed_silent_board, {"boards_answered"}),
    (seed_unknown_there, {"boards_accounted"}),
    (seed_lost_by_board, {"published_present"}),
]


def test_each_kind_of_damage_is_found(world, capsys):
    wrong = audited(capsys)
    for seed, new in SEEDED:
        assert not new & wrong
        seed(world)
        wrong = audited(capsys)
        assert new <= wrong, seed.__name__


def test_a_board_is_not_asked_offline(world, capsys):
    seed_lost_by_board(world)
    assert audited(capsys, "--offline") == set()
