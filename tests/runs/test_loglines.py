"""What runs log is kept for their pages, bounded, clean, and never in their way."""

import logging
import logging.config
import time
from datetime import timedelta

import pytest
import structlog
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobly.errors import Unavailable
from jobly.runs.actions import loglines, start, transaction
from jobly.runs.actions.current import executing
from jobly.runs.actions.execution import drain, foreground
from jobly.runs.actions.kinds import run
from jobly.runs.models import Run, RunLog

from .test_retention import forgotten

pytestmark = pytest.mark.django_db
log = logging.getLogger("proof.body")
event_log = structlog.get_logger("proof.events")


@run("proof.chatty")
def chatty(*, lines: int) -> None:
    for number in range(lines):
        log.info("line %s", number)


@run("proof.telltale")
def telltale() -> None:
    log.warning("password=hunter2 of anna@example.org\nand a second line\0")
    event_log.error("board_answered", status=503, api_key="very secret")
    log.debug("too fine to keep")


@run("proof.breaking", stepwise=True)
def breaking() -> None:
    log.info("before it broke")
    raise ValueError("a bug")


@run("proof.refused", retry="never")
def refused() -> None:
    raise Unavailable("nobody there")


@run("proof.silent", small=True)
def silent() -> None:
    pass


@run("proof.small_talk", small=True)
def small_talk(*, word: str) -> None:
    log.info("said %s", word)


def begin(kind, **args):
    with transaction():
        return start(kind, args, actor=None)


def logged(one):
    row = RunLog.objects.filter(run=one.pk).first()
    return [] if row is None else row.lines


def test_a_run_that_logs_keeps_its_last_lines_and_counts_them_all():
    one = begin("proof.chatty", lines=loglines.KEPT + 7)
    drain()
    lines = logged(one)
    assert [line["text"] for line in lines] == [f"line {n}" for n in range(7, loglines.KEPT + 7)]
    assert {(line["level"], line["name"], line["try"]) for line in lines} == {
        ("info", "proof.body", 1)
    }
    assert RunLog.objects.get(run=one.pk).total == loglines.KEPT + 7


def test_lines_of_several_writes_are_joined_in_order_and_stay_bounded():
    one = begin("proof.silent")
    drain()
    for number in range(3):
        with executing(one):
            for step in range(90):
                log.info("%s.%s", number, step)
        loglines.write(one, every=0.0)
    lines = logged(one)
    assert len(lines) == loglines.KEPT
    assert (lines[0]["text"], lines[-1]["text"]) == ("0.70", "2.89")
    assert RunLog.objects.get(run=one.pk).total == 270
    loglines.close(one)


def test_a_line_shows_no_secret_no_address_and_no_line_break():
    one = begin("proof.telltale")
    drain()
    first, second = logged(one)
    assert first["text"] == "password=[redacted] of [e-mail] and a second line "
    assert second["text"] == "board_answered status=503 api_key=[redacted]"
    assert (first["level"], second["level"]) == ("warning", "error")


def test_what_broke_a_body_is_there_with_its_trace():
    one = begin("proof.breaking")
    drain()
    before, broke = logged(one)
    assert before["text"] == "before it broke"
    assert "ValueError: a bug" in broke["trace"]
    assert "Traceback" in broke["trace"]
    assert Run.objects.get(pk=one.pk).status == "failed"


def test_a_try_that_failed_says_why():
    one = begin("proof.refused")
    drain()
    assert [line["text"] for line in logged(one)] == ["try 1 of 1: nobody there"]


def test_runs_that_ride_together_keep_their_own_lines():
    words = [begin("proof.small_talk", word=word) for word in ("one", "two")]
    drain()
    assert [logged(one)[0]["text"] for one in words] == ["said one", "said two"]


def test_what_a_command_logs_is_kept_as_well():
    done = foreground("proof.terminal", {}, actor=None, body=lambda _: log.info("by hand"))
    assert [line["text"] for line in logged(done)] == ["by hand"]


def test_a_run_that_logs_nothing_costs_no_statement():
    one = begin("proof.silent")
    with CaptureQueriesContext(connection) as asked:
        drain()
    assert not [query for query in asked if "runlog" in query["sql"]]
    assert logged(one) == []


def test_a_log_that_cannot_be_written_fails_nothing(monkeypatch, caplog):
    monkeypatch.setattr(loglines, "WRITE", "INSERT INTO nowhere VALUES (%(run)s)")
    one = begin("proof.chatty", lines=2)
    drain()
    assert Run.objects.get(pk=one.pk).status == "succeeded"
    assert "2 log lines" in caplog.text


def test_a_set_up_of_logging_that_is_repeated_loses_nothing(settings):
    logging.config.dictConfig(settings.LOGGING)
    one = begin("proof.chatty", lines=1)
    drain()
    assert [line["text"] for line in logged(one)] == ["line 0"]


def test_lines_outside_of_a_run_are_nobodys():
    log.info("idle talk")
    assert not loglines._unwritten


def test_logs_go_after_a_week():
    old, new = begin("proof.chatty", lines=1), begin("proof.chatty", lines=1)
    drain()
    RunLog.objects.filter(run=old.pk).update(at=timezone.now() - timedelta(days=8))
    assert forgotten()["logs"] == 1
    assert not logged(old)
    assert logged(new)


def test_lines_of_a_transaction_that_stays_open_hold_up_nobody(beats, body):
    def say_and_break(progress):
        log.warning("try %s", progress.run.attempt)
        time.sleep(0.5)  # some beats
        raise Unavailable("later")

    body(say_and_break)
    run = start("test.steps", {}, actor=None)
    drain()  # in the test's own transaction, which the lines of the first try are part of
    run.refresh_from_db()
    assert run.status == "failed"
