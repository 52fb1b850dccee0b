"""Pages and commands of schedules and queues: what they say and what their buttons do."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobly.runs.actions import life, queues, start
from jobly.runs.actions.execution import drain
from jobly.runs.actions.rescheduling import change, run_now
from jobly.runs.actions.schedules import ensure_schedules, fire
from jobly.runs.models import Event, Queue, Run, Schedule, ScheduleSlot
from tests.make import make_company, make_member, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LIST = "admin:runs_schedule_changelist"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def staff():
    client = Client()
    client.force_login(make_user("ann@example.org", is_staff=True), backend=BACKEND)
    return client


@pytest.fixture
def daily(settings):
    """A schedule as the wiring makes it: every day at 02:30 in Berlin."""
    settings.RUN_ON_CLOCK = {"30 2 * * *": ("test.pair",)}
    ensure_schedules()
    Schedule.objects.update(args={"left": 1})
    return change(Schedule.objects.get(), actor=None, timezone="Europe/Berlin")


def page(client, url):
    return client.get(url).content.decode()


def text_of(client, url):
    return " ".join(re.sub(r"<[^>]+>", " ", page(client, url)).split())


def of(row, verb="change"):
    return reverse(f"admin:runs_schedule_{verb}", args=[row.pk])


def form(**fields):
    known = {
        "enabled": "on", "clock": "30 2 * * *", "timezone": "Europe/Berlin", "misfire": "run_once",
        "overlap": "skip", "grace": "5 min", "long_after": "", "silent_after": "",
    }  # fmt: skip
    return {name: value for name, value in (known | fields).items() if value is not None}


def test_the_list_says_when_each_is_due_and_how_it_went(staff, daily):
    Schedule.objects.update(accounted_until=Now() - timedelta(days=1, minutes=1))
    fire("test.pair")
    drain()
    told = text_of(staff, reverse(LIST))
    assert "Every day at 02:30 Europe/Berlin" in told
    assert "succeeded just now took 0." in told
    assert re.search(r"Next \w{3} \d+ \w{3} \d{4}, 02:30 Europe/Berlin · .* UTC", told)
    assert f'/runs/{Run.objects.get().pk}/"' in page(staff, reverse(LIST))


def test_the_list_says_what_is_wrong(staff, daily):
    Schedule.objects.update(accounted_until=Now() - timedelta(days=3))
    told = text_of(staff, reverse(LIST))
    assert "late Was due" in told
    assert "No worker" not in told
    dashboard = text_of(staff, reverse("admin:index"))
    assert "1 test · pair: was due" in dashboard


def test_the_lists_cost_the_same_for_one_and_for_twenty(staff, daily, django_assert_num_queries):
    def count(url):
        staff.get(url)
        with django_assert_num_queries(100, exact=False) as found:
            staff.get(url)
        return len(found)

    urls = (reverse(LIST), reverse("admin:runs_queue_changelist"), reverse("admin:index"))
    few = [count(url) for url in urls]
    for number in range(19):
        Schedule.objects.create(name=f"test {number}", kind="test.pair", clock="* * * * *")
    assert [count(url) for url in urls] == few


def test_a_page_shows_the_next_times_and_what_the_clock_changes_do(staff, daily):
    markup = page(staff, of(daily))
    told = text_of(staff, of(daily))
    upcoming = re.findall(r'<time datetime="([^"]+)" data-here></time></td>', markup)
    assert len(upcoming) == 5
    assert "02:30 does not exist that day; it is due at 03:00, the first valid moment." in told
    assert "02:30 comes twice that day; it is due the first time only." in told
    assert "It has not been due yet." in told


def test_the_history_says_what_became_of_each_due_time_and_why(staff, daily):
    now = timezone.now()
    run = start("test.pair", {"left": 1}, actor=None)
    rows = [
        ScheduleSlot(schedule=daily, slot=now - HOUR, outcome="run", run=run),
        ScheduleSlot(schedule=daily, slot=now - 2 * HOUR, outcome="coalesced", why="missed"),
        ScheduleSlot(schedule=daily, slot=now - 3 * HOUR, outcome="skipped", why="busy"),
        ScheduleSlot(schedule=daily, slot=now - 4 * HOUR, outcome="run", stands_for=41),
    ]
    ScheduleSlot.objects.bulk_create(rows)
    told = text_of(staff, of(daily))
    assert "taken along nobody was there; a later one did the work" in told
    assert "skipped the run before it was still going on" in told
    assert "and 40 before it" in told
    assert "its record is gone" in told
    more = [ScheduleSlot(schedule=daily, slot=now - n * HOUR, outcome="run") for n in range(5, 100)]
    ScheduleSlot.objects.bulk_create(more)
    assert "Page 2 of 2" in text_of(staff, f"{of(daily)}?slots=2")


def test_what_is_changed_counts_for_beat_and_for_the_slots(staff, daily):
    changed = form(
        clock="0 9 * * 7", timezone="Asia/Tokyo", misfire="run_all", overlap="queue",
        grace="1 h 30 min", long_after="20 min", silent_after="2 d",
    )  # fmt: skip
    assert staff.post(of(daily), changed).status_code == 302
    row = Schedule.objects.select_related("periodic_task__crontab").get()
    assert (row.clock, row.timezone, row.misfire, row.overlap) == (
        "0 9 * * 7", "Asia/Tokyo", "run_all", "queue",
    )  # fmt: skip
    assert (row.grace, row.long_after, row.silent_after) == (
        timedelta(minutes=90), timedelta(minutes=20), timedelta(days=2),
    )  # fmt: skip
    crontab = row.periodic_task.crontab
    assert (crontab.minute, crontab.hour, crontab.day_of_week) == ("0", "9", "0")
    assert str(crontab.timezone) == "Asia/Tokyo"
    event = Event.objects.filter(type="runs.schedule_changed").latest("seq")
    assert event.data["changes"]["grace"] == ["5 minutes", "90 minutes"]
    assert "Sundays at 09:00" in text_of(staff, of(row))

    assert staff.post(of(row), changed | {"clock": "every 10 min"}).status_code == 302
    row = Schedule.objects.select_related("periodic_task__interval").get()
    assert (row.periodic_task.crontab, row.periodic_task.interval.every) == (None, 600)


def test_due_times_of_the_old_clock_are_not_made_good_by_the_new_one(daily):
    Schedule.objects.update(accounted_until=Now() - timedelta(days=3))
    change(daily, actor=None, clock="0 * * * *")
    assert fire("test.pair") == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("clock", "0 0 31 2 *", "Day 31 never comes in Feb; choose another date."),
        ("clock", "at noon", "is neither five crontab fields nor"),
        ("clock", "61 * * * *", "The minute is a number from 0 to 59."),
        ("timezone", "Mars/Olympus", "Mars/Olympus is not one of the available choices"),
        ("grace", "soon", "is no length of time; write one such as 5 min"),
        ("grace", "2 d", "Grace is a time of up to 1 day."),
        ("long_after", "90 d", "Long after is a time of up to 7 days."),
        ("misfire", "panic", "panic is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_changes(
    staff, daily, field, value, said
):
    before = Schedule.objects.values().get()
    answer = staff.post(of(daily), form(**{field: value}))
    assert answer.status_code == 200
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert Schedule.objects.values().get() == before


def test_switching_off_and_on_again_makes_nothing_good(staff, daily):
    url = of(daily, "switch")
    staff.post(url, {"enabled": "0"})
    row = Schedule.objects.select_related("periodic_task").get()
    assert (row.enabled, row.periodic_task.enabled) == (False, False)
    assert "switched off" in text_of(staff, reverse(LIST))
    Schedule.objects.update(accounted_until=Now() - timedelta(days=3))
    staff.post(url, {"enabled": "1"})
    assert Schedule.objects.get().enabled
    assert fire("test.pair") == []


def test_a_run_by_hand_leaves_the_slots_alone(staff, daily):
    before = Schedule.objects.get().accounted_until
    answer = staff.post(of(daily, "run_now"))
    run = Run.objects.get()
    assert answer.url == reverse("run", args=[run.pk])
    assert (run.stream, run.actor.email, run.args) == ("staff", "ann@example.org", {"left": 1})
    assert not ScheduleSlot.objects.exists()
    assert Schedule.objects.get().accounted_until == before

    again = staff.post(of(daily, "run_now"), follow=True).content.decode()
    assert "its runs may not overlap; nothing was started" in again
    assert Run.objects.count() == 1
    drain()
    assert "started by hand" in text_of(staff, reverse(LIST))
    Schedule.objects.update(overlap="allow")
    run_now(daily, actor=None)
    run_now(daily, actor=None)
    assert Run.objects.count() == 3


def test_a_slot_that_falls_due_during_a_run_by_hand_goes_by_the_overlap_rule(daily):
    run_now(daily, actor=None)
    Schedule.objects.update(accounted_until=Now() - timedelta(days=1, minutes=1))
    assert fire("test.pair") == []
    assert ScheduleSlot.objects.get().why == "busy"


def test_buttons_are_for_operators_and_for_posting(daily, staff):
    recruiter = Client()
    recruiter.force_login(make_member(make_company()), backend=BACKEND)
    queues.ensure_queues()
    urls = [of(daily, "run_now"), of(daily, "switch")]
    urls += [reverse(f"admin:runs_queue_{verb}", args=["boards"]) for verb in ("pause", "resume")]
    for url in urls:
        assert recruiter.post(url).status_code == 403
        assert Client().post(url).status_code == 302
        assert staff.get(url).status_code == 405
    for name in (LIST, "admin:runs_queue_changelist"):
        assert recruiter.get(reverse(name)).status_code == 403
    assert recruiter.get(of(daily)).status_code in {302, 403}
    assert not Run.objects.exists()
    assert not Queue.objects.filter(paused_at__isnull=False).exists()


def test_the_page_of_queues_pauses_and_resumes(staff):
    queues.ensure_queues()
    life.show_life("worker:w1", every=timedelta(seconds=5), queues=("boards",))
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - timedelta(minutes=2))
    url = reverse("admin:runs_queue_changelist")
    told = text_of(staff, url)
    assert "No worker serves the queue default" in told
    assert "worker:w1 boards just now there" in told

    pause = reverse("admin:runs_queue_pause", args=["default"])
    answer = staff.post(pause, {"why": "a board is down"}, follow=True).content.decode()
    assert "The queue default is paused; what runs goes on." in answer
    told = text_of(staff, url)
    assert "Paused just now by ann@example.org: a board is down. 1 waits, the oldest since" in told
    assert "No worker serves" not in told
    dashboard = text_of(staff, reverse("admin:index"))
    assert "1 waiting in the queue default, which is paused: a board is down" in dashboard
    assert "its queue is paused" in dashboard

    again = staff.post(pause, follow=True).content.decode()
    assert "is paused already; nothing was changed" in again
    staff.post(reverse("admin:runs_queue_resume", args=["default"]))
    assert not Queue.objects.get(name="default").is_paused


def test_readyz_says_what_is_paused_unserved_and_away(client):
    def checks(query=""):
        answer = client.get(f"/readyz{query}")
        return answer.status_code, answer.json()

    status, body = checks()
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"]["beat"]["ok"]

    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - timedelta(minutes=6))
    status, body = checks()
    assert (status, body["status"]) == (200, "degraded")
    assert "No worker serves the queue default" in body["checks"]["workers"]["detail"]
    assert checks("?for=workers")[0] == 503

    queues.pause("default", why="", actor=None)
    status, body = checks("?for=workers")
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"]["runs"]["detail"] == "oldest due run waits 0 s; paused: default"


# commands


def command(capsys, *arguments):
    call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_command_lists_schedules_with_their_next_times(capsys, daily):
    (row,) = command(capsys, "schedules")["schedules"]
    assert (row["name"], row["words"], row["timezone"], row["enabled"]) == (
        "test.pair", "every day at 02:30", "Europe/Berlin", True,
    )  # fmt: skip
    assert len(row["next"]) == 5
    assert set(row["next"][0]) == {"at", "local", "note"}
    assert datetime.fromisoformat(row["next"][0]["at"]).tzinfo is not None
    assert row["next"][0]["local"].endswith("T02:30:00")
    assert (row["last"], row["alarms"]) == (None, [])
    call_command("schedules", "list")
    assert "every day at 02:30 (Europe/Berlin)" in capsys.readouterr().out


def test_the_command_runs_one_now_and_says_what_came_of_it(capsys, daily):
    queues.pause("default", why="the foreground goes on", actor=None)
    done = command(capsys, "schedules", "run-now", "test.pair")
    assert (done["schedule"], done["status"], done["result"]) == (
        "test.pair", "succeeded", {"sum": 1},
    )  # fmt: skip
    assert not ScheduleSlot.objects.exists()
    (row,) = command(capsys, "schedules")["schedules"]
    assert (row["last"]["run"], row["last"]["due"]) == (done["run"], None)


def test_the_command_refuses_in_one_line_what_it_cannot_do(capsys, daily):
    with pytest.raises(SystemExit) as left:
        call_command("schedules", "run-now", "nobody")
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert said == "There is no schedule nobody; nothing was started. There are: test.pair.\n"

    Schedule.objects.update(args={"wrong": 1})
    with pytest.raises(SystemExit):
        call_command("schedules", "run-now", "test.pair")
    assert "test.pair" in capsys.readouterr().err
    assert not Run.objects.exists()


def test_the_command_of_queues_lists_pauses_and_resumes(capsys):
    rows = command(capsys, "queues", "pause", "boards", "--why", "a test")["queues"]
    boards = next(row for row in rows if row["name"] == "boards")
    assert (boards["paused"], boards["why"], boards["waiting"]) == (True, "a test", 0)
    call_command("queues")
    assert "paused since" in capsys.readouterr().out
    rows = command(capsys, "queues", "resume", "boards")["queues"]
    assert not any(row["paused"] for row in rows)
    with pytest.raises(SystemExit):
        call_command("queues", "resume", "boards")
    assert "is not paused" in capsys.readouterr().err


def test_doctor_names_what_is_late_unserved_and_paused(capsys, daily):
    life.show_life("worker:w1", every=timedelta(seconds=5), queues=("boards",))
    Schedule.objects.update(accounted_until=Now() - timedelta(days=3))
    start("test.plain", {}, actor=None)
    Run.objects.update(available_at=Now() - timedelta(minutes=6))
    with pytest.raises(SystemExit):
        call_command("doctor", "--json")
    checks = {row["name"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
    assert "was due" in checks["schedules"]["detail"]
    assert "No worker serves the queue default" in checks["worker"]["detail"]
    assert not checks["queues"]["ok"]

    queues.pause("default", why="a test", actor=None)
    with pytest.raises(SystemExit):
        call_command("doctor", "--json")
    checks = {row["name"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["worker"]["ok"]
    assert "default paused since" in checks["queues"]["detail"]
    assert "(a test), 1 waiting" in checks["queues"]["detail"]
