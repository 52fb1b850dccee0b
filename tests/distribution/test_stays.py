"""Stays on boards: told of before they end, renewed, listed anew, ended with proof, or overdue."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from distribution.actions import changes, holding, stays
from distribution.actions.react import refresh_changed
from distribution.errors import DistributionMoved
from distribution.models import Channel, Distribution
from distribution.reports import overdue
from distribution.rules import stays as rules
from ingestion.actions.catalogue import close_job
from ingestion.actions.versions import Note, noting
from ingestion.models import Job, JobDesk, JobVersion
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event, Run
from tests.make import make_company

from .make import make_channel, make_distribution, make_posting
from .working import fresh, until_rest

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def live(slug="linkedin", **figures):
    """Publish a job and return its row."""
    row = make_distribution(channel=make_channel(slug=slug, **figures))
    until_rest()
    assert fresh(row).status == "published"
    return fresh(row)


def ends_in(row, span, **columns):
    Distribution.objects.filter(pk=row.pk).update(expires_at=timezone.now() + span, **columns)


def days_left(row):
    return round((fresh(row).expires_at - timezone.now()) / DAY)


@pytest.mark.parametrize(
    ("kind", "options", "days", "wanted"),
    [
        ("linkedin", {"listing_type": "BASIC"}, None, 180),
        ("linkedin", {"listing_type": "PREMIUM"}, None, 30),
        ("linkedin", {}, 14, 14),
        ("indeed", {}, None, 90),
        ("feed", {"format": "jooble"}, None, 45),
        ("feed", {"format": "indeed"}, None, 90),
        ("feed", {"format": "rss"}, None, None),
        ("rest", {}, None, None),
        ("rest", {}, 60, 60),
        ("internal", {}, None, None),
    ],
)
def test_each_board_keeps_postings_as_its_contract_says(kind, options, days, wanted):
    assert rules.stay_of(kind, options, days) == (timedelta(days=wanted) if wanted else None)


@pytest.mark.parametrize(
    ("stay", "job_end", "wanted"),
    [(30, None, 30), (None, 10, 10), (30, 10, 10), (30, 40, 30), (None, None, None), (30, -1, 30)],
)
def test_a_stay_ends_with_the_board_or_the_job_whichever_is_first(stay, job_end, wanted):
    end = rules.end_of_stay(NOW, stay and DAY * stay, job_end and NOW + DAY * job_end)
    assert end == (wanted and NOW + DAY * wanted)


@pytest.mark.parametrize(
    ("end", "board_end", "job_end", "was_jobs", "wanted"),
    [
        (None, None, 5, False, 5),
        (30, 30, 5, False, 5),
        (5, 30, 10, True, 10),
        (5, 30, 60, True, 30),
        (5, 30, None, True, 30),
        (5, None, None, True, None),
        (30, 180, None, False, 30),
        (30, 30, 60, False, 30),
        (-1, 30, 60, True, -1),
        (30, 30, -1, False, 30),
    ],
)
def test_a_stay_follows_the_closing_date_of_its_job(end, board_end, job_end, was_jobs, wanted):
    def at(days):
        return None if days is None else NOW + DAY * days

    moved = rules.moved_end(
        at(end), NOW, board_end=at(board_end), job_end=at(job_end), was_jobs=was_jobs
    )
    assert moved == at(wanted)


@pytest.mark.parametrize("slug", ["linkedin", "internal"])
def test_another_closing_date_moves_the_end_of_what_is_published(slug, boards):
    row = live(slug)
    by_board = row.expires_at
    soon, later = (timezone.now() + DAY * days for days in (3, 9))
    for date, wanted in ((soon, soon), (later, later), (None, by_board)):
        with transaction(), noting([row.job_id], Note(JobVersion.How.EDIT, None)):
            Job.objects.filter(pk=row.job_id).update(expires_at=date)
        refresh_changed([row.job_id])
        found = fresh(row).expires_at
        assert found == wanted or abs(found - wanted) < timedelta(seconds=5)


def test_a_renewal_adds_thirty_days_at_linkedin_and_begins_anew_elsewhere():
    def renewed(kind, stay):
        return rules.renewed_end(kind, NOW + DAY * 2, NOW, stay=stay, job_end=None)

    assert renewed("linkedin", DAY * 180) == NOW + DAY * 32
    assert renewed("indeed", DAY * 90) == NOW + DAY * 90
    assert renewed("rest", None) is None


@pytest.mark.parametrize(("slug", "days"), [("linkedin", 180), ("indeed", 90)])
def test_a_published_job_knows_when_its_stay_ends(slug, days, boards):
    assert days_left(live(slug)) == days


def test_a_stay_that_ends_soon_is_told_once(boards):
    row = live()
    ends_in(row, DAY * 2)

    assert stays.keep_stays()["reminded"] == 1
    assert stays.keep_stays()["reminded"] == 0

    (told,) = Event.objects.filter(fact="distribution.expiring")
    assert (told.data["channel"], told.data["at_end"]) == ("linkedin", "remind")
    rows = Distribution.objects.all()
    assert [row.pk] == list(rows.filter(overdue.expiring()).values_list("pk", flat=True))


@pytest.mark.parametrize(("slug", "days"), [("linkedin", 31), ("indeed", 90), ("glassdoor", None)])
def test_a_stay_is_renewed_before_its_end_as_its_channel_says(slug, days, boards):
    row = live(slug, at_end="renew")
    ends_in(row, DAY)

    for _ in range(2):
        stays.keep_stays()
        until_rest()

    assert fresh(row).attempts.filter(op="renew").count() == 1
    assert fresh(row).renewals == 1
    assert (days_left(row) if days else fresh(row).expires_at) == days
    assert boards.live_ids(slug) == [row.external_id]


@pytest.mark.parametrize(
    "columns",
    [
        {"channel": {"renew_most": 2}, "row": {"renewals": 2}},
        {"channel": {"renew_before_days": 0}},
        {"channel": {"at_end": "remind"}},
        {"channel": {"enabled": False}},
        {"job": {"status": "closed"}},
        {"job": {"expires_at": NOW}},
    ],
)
def test_nothing_is_renewed_beyond_its_rule(columns, boards):
    row = live(at_end="renew")
    ends_in(row, DAY, **columns.get("row", {}))
    Channel.objects.filter(pk=row.channel_id).update(**columns.get("channel", {"slug": "l"}))
    changed = columns.get("job", {"title": "Welder"})
    if "expires_at" in changed:
        changed = {"expires_at": timezone.now() + DAY}
        ends_in(row, DAY * 1.01)
    Job.objects.filter(pk=row.job_id).update(**changed)

    assert stays.keep_stays()["renewed"] == 0


def test_a_posting_is_listed_anew_once_its_old_one_is_down(boards):
    row = live("glassdoor", at_end="relist", stay_days=30)
    ends_in(row, DAY)

    for _ in range(2):
        stays.keep_stays()
        until_rest()

    old, new = Distribution.objects.order_by("id")
    assert (old.status, old.close_reason) == ("closed", "Listed anew.")
    assert (new.status, new.relisted_from_id, new.relists) == ("published", old.pk, 1)
    assert days_left(new) == 30
    assert boards.live_ids("glassdoor") == [new.external_id]


def test_many_are_listed_anew_in_one_run_and_those_that_may_not_be_are_counted(boards):
    channel = make_channel(slug="glassdoor")
    rows = [make_distribution(make_posting(channel.company), channel) for _ in range(3)]
    until_rest()
    changes.close_distribution(rows[0], actor=None)
    until_rest()
    Job.objects.filter(pk=rows[2].job_id).update(status="closed")
    with transaction():
        keys = {"distribution_ids": [str(row.pk) for row in rows]}
        run = start("distribution.relist_all", keys, actor=None, company=channel.company)
    until_rest()

    told = Run.objects.get(pk=run.pk).result
    assert (told["relisted"], told["not_relisted"]) == (2, 1)
    anew = Distribution.objects.filter(relisted_from__in=rows[:2])
    assert {row.external_id for row in anew} <= set(boards.live_ids("glassdoor"))
    assert anew.count() == 2
    assert stays.follow_up_relist(rows[0].pk)["distribution_id"] == str(
        anew.get(relisted_from=rows[0]).pk
    )


def test_many_are_taken_down_in_one_run_that_goes_on_where_it_stopped(boards, monkeypatch):
    monkeypatch.setattr(stays, "AT_ONCE", 1)
    channel = make_channel(slug="glassdoor")
    rows = [make_distribution(make_posting(channel.company), channel) for _ in range(3)]
    until_rest()
    foreign = make_distribution(channel=make_channel(slug="glassdoor"))
    keys = {"distribution_ids": [str(row.pk) for row in (*rows, foreign)]}
    with transaction():
        run = start("distribution.close_all", keys, actor=None, company=channel.company)
    Run.objects.filter(pk=run.pk).update(done=1, total=4)  # as if a worker had died over the second
    until_rest()

    assert [fresh(row).status for row in rows] == ["published", "closed", "closed"]
    assert fresh(foreign).status == "published"
    told = Run.objects.get(pk=run.pk).result
    assert (told["closed"], told["not_closed"]) == (3, 1)
    assert boards.live_ids("glassdoor") == [rows[0].external_id, foreign.external_id]


def test_what_never_was_on_the_board_is_not_listed_anew():
    row = make_distribution(channel=make_channel(slug="glassdoor"))
    with pytest.raises(DistributionMoved, match="retry it, or close it first"):
        stays.relist(row, actor=None)


def ended(row, since=DAY):
    ends_in(row, -since)
    stays.keep_stays()
    until_rest()
    return fresh(row)


def test_a_stay_that_is_over_and_gone_from_the_board_is_expired(boards):
    row = live()
    boards.reset()
    found = ended(row)
    assert (found.status, found.close_reason) == ("expired", rules.ENDED)
    assert found.gone_at is not None
    assert found.attempts.filter(op="lookup", outcome="absent").count() == 1


def test_what_the_board_shows_longer_than_it_said_stays_published(boards):
    found = ended(live())
    assert found.status == "published"
    assert found.expires_at > timezone.now()
    assert found.attempts.filter(op="lookup", outcome="found").count() == 1


def test_a_job_that_has_expired_is_expired_on_its_boards_too(boards):
    row = live("indeed")
    Job.objects.filter(pk=row.job_id).update(expires_at=timezone.now() - DAY)
    start("ingestion.expire_jobs", {}, actor=None)
    until_rest()
    assert (fresh(row).status, fresh(row).job.status) == ("expired", "expired")
    assert boards.live("indeed") == []


@pytest.mark.parametrize("slug", ["indeed", "internal"])
def test_a_job_whose_own_end_has_come_is_taken_down_and_expired(slug, boards):
    row = live(slug)
    Job.objects.filter(pk=row.job_id).update(expires_at=timezone.now() - DAY)
    assert ended(row).status == "expired"
    assert slug == "internal" or boards.live(slug) == []


def test_a_take_down_is_seen_through_until_the_posting_is_gone(boards):
    row = live()
    changes.close_distribution(row, actor=None, why="Filled.")
    until_rest()
    Distribution.objects.filter(pk=row.pk).update(closed_at=timezone.now() - DAY)

    assert stays.keep_stays()["looked_for"] == 1
    until_rest()

    assert (fresh(row).status, fresh(row).close_reason) == ("closed", "Filled.")
    assert fresh(row).gone_at is not None
    assert stays.keep_stays()["looked_for"] == 0


def test_what_a_board_still_shows_after_its_end_is_a_leftover(boards):
    row = live()
    Distribution.objects.filter(pk=row.pk).update(
        status="closed", closed_at=timezone.now() - DAY
    )  # as if the board had said yes and done nothing
    stays.keep_stays()
    until_rest()

    assert fresh(row).still_there_at is not None
    left = Distribution.objects.filter(overdue.leftovers())
    assert [one.pk for one in left] == [row.pk]


def test_jobs_are_taken_down_everywhere_or_from_some_boards_with_the_reason(boards):
    company = make_channel(slug="glassdoor").company
    linkedin = make_channel(company, slug="linkedin")
    job = make_posting(company)
    glassdoor = Channel.objects.get(company=company, slug="glassdoor")
    rows = [make_distribution(job, channel) for channel in (glassdoor, linkedin)]
    until_rest()

    for channels, left in ((["linkedin"], ["glassdoor"]), ([], [])):
        args = {"job_ids": [job.pk], "why": "Filled by Ann.", "channels": channels}
        with transaction():
            start("distribution.close_everywhere", args, actor=None, company=company)
        until_rest()
        assert [board for board in ("glassdoor", "linkedin") if boards.live(board)] == left

    assert {fresh(row).close_reason for row in rows} == {"Filled by Ann."}


LATE = {
    "not_sent": {"status": "scheduled", "scheduled_publish_at": -DAY},
    "not_looked_at": {"status": "accepted", "next_look_at": -DAY},
    "not_renewed": {"status": "published", "expires_at": DAY / 2},
    "not_ended": {"status": "published", "expires_at": -DAY},
    "not_gone": {"status": "published", "close_asked_at": -DAY},
}


@pytest.mark.parametrize("code", sorted(LATE))
def test_what_nobody_did_shows_even_if_the_clock_never_ran(code):
    row = make_distribution(channel=make_channel(at_end="renew", renew_before_days=5))
    columns = {
        name: timezone.now() + value if isinstance(value, timedelta) else value
        for name, value in LATE[code].items()
    }
    Distribution.objects.filter(pk=row.pk).update(**columns)

    found = overdue.delays(Distribution.objects.all())

    assert [(delay.code, delay.count) for delay in found] == [(code, 1)]
    assert [one.pk for one in overdue.overdue(Distribution.objects.all())] == [row.pk]
    assert list(overdue.by_company()) == [row.company_id]


def test_what_is_overdue_is_told_once_a_day():
    row = make_distribution(channel=make_channel())
    ends_in(row, -DAY, status="published")
    Job.objects.filter(pk=row.job_id).update(status="live")
    for _ in range(2):
        stays.keep_stays()
    drain()

    (told,) = Event.objects.filter(fact="distribution.overdue_found")
    assert told.data["text"] == "1 are past the end of their stay"


def test_nothing_is_overdue_where_all_is_well(boards):
    row = live()
    close_job(row.job, actor=None)
    until_rest()
    live("glassdoor")
    assert overdue.delays(Distribution.objects.all()) == []


def test_what_waits_for_a_yes_and_what_colleagues_see_is_not_overdue():
    company = make_company()
    holding.set_needed(company, None, needed=True, actor=None)
    make_distribution(channel=make_channel(company, "internal"))
    row = make_distribution(channel=make_channel(company, "intranet"))
    JobDesk.objects.create(job=row.job, is_public=False)
    Distribution.objects.filter(pk=row.pk).update(status="published")
    Distribution.objects.update(updated_at=timezone.now() - DAY)

    assert overdue.delays(Distribution.objects.all()) == []


def test_a_stay_that_is_shorter_than_its_notice_is_not_listed_anew_at_once(boards):
    row = live("internal", at_end="relist", renew_before_days=5, stay_days=4)
    ends_in(row, DAY * 3)
    assert stays.keep_stays()["relisted"] == 0

    ends_in(row, DAY * 1.9)
    assert stays.keep_stays()["relisted"] == 1


def test_a_renewal_that_waits_over_midnight_is_not_begun_again(boards):
    row = live("glassdoor", at_end="renew", stay_days=30)
    ends_in(row, DAY)
    assert stays.keep_stays()["renewed"] == 1
    Run.objects.filter(kind="distribution.update").update(idempotency_key="as of yesterday")

    assert stays.keep_stays()["renewed"] == 0


def test_a_thousand_stays_that_do_not_move_hide_no_others(boards):
    row = live("internal", at_end="relist")
    ends_in(row, DAY)
    other = make_channel(row.company, "glassdoor", at_end="renew", stay_days=30)
    twins = [make_posting(row.company) for _ in range(4)]
    stays_of = [make_distribution(job, other) for job in twins]
    Distribution.objects.filter(channel=other).update(
        status="published", expires_at=timezone.now() - DAY, published_at=timezone.now() - DAY * 30
    )
    many = [
        Job(**{f.attname: getattr(twins[0], f.attname) for f in Job._meta.concrete_fields[1:]})
        for _ in range(stays.BATCH)
    ]
    for number, job in enumerate(many):
        job.reference = job.url_key = f"many-{number}"
    Job.objects.bulk_create(many)
    keys = [uuid7() for _ in many]
    Distribution.objects.bulk_create(
        Distribution(
            id=key,
            company=row.company,
            job=job,
            channel=other,
            status="published",
            external_id=Distribution.new_external_id(key),
            expires_at=timezone.now() - DAY,
        )
        for key, job in zip(keys, many, strict=True)
    )

    first, second = stays.keep_stays(), stays.keep_stays()

    assert (first["ended"], second["ended"]) == (stays.BATCH, len(stays_of))
    Distribution.objects.filter(channel=other).update(expires_at=timezone.now() + DAY)
    ends_in(Distribution.objects.get(channel=row.channel), DAY, relist_asked_at=None)
    assert stays.keep_stays()["relisted"] + first["relisted"] >= 1
