"""The pages of a run: as it is, as it went, and what a person may do there."""

import logging
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobly.runs.actions import retention, start, start_many, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.kinds import run
from jobly.runs.models import Event, Queue, Run, Stream
from jobly.runs.reports import watching
from jobly.users.models import principal_for
from tests.admin.world import signed_in
from tests.make import make_company, make_member, make_user

pytestmark = pytest.mark.django_db
log = logging.getLogger("proof.pages")


@run("proof.page", stepwise=True, waits=True, retry="never")
def page_kind(progress, *, parts: int, note: str = "") -> dict[str, object]:
    log.warning("said <b>%s</b> of %s", note, "anna@example.org")
    progress.tell(step="Handing out parts", total=parts)
    for number in range(parts):
        progress.start("proof.page_part", {"fails": number % 3 == 0})
    return {"handed_out": parts, "token": "very secret"}


@run("proof.page_part", retry="never")
def page_part(*, fails: bool) -> None:
    if fails:
        raise ValueError("part broke")


@pytest.fixture
def company():
    return make_company(name="Lion works")


@pytest.fixture
def browser(company):
    return signed_in(make_member(company))


def begin(company, parts=4, **options):
    with transaction():
        args = {"parts": parts, "note": "hello"}
        return start("proof.page", args, actor=None, company=company, **options)


def done(company, parts=4):
    one = begin(company, parts)
    drain()
    one.refresh_from_db()
    return one


def show(browser, one, query="", name="run"):
    answer = browser.get(reverse(name, args=[one.pk]) + query)
    assert answer.status_code == 200
    return answer


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_finished_run_shows_input_result_tries_parts_and_log(browser, company):
    one = done(company)
    page = show(browser, one)
    words = text_of(page)
    for said in ("note hello", "handed out", "Done.", "Parts 4", "Tries 1 of 1", "Log 1 line"):
        assert said.replace("handed out", "handed_out 4") in words, said
    html = page.content.decode()
    assert "said &lt;b&gt;hello&lt;/b&gt; of [e-mail]" in html
    assert "very secret" not in html
    assert "runs/live.js" not in html  # nothing moves any more


def test_parts_are_counted_by_status_narrowed_and_paged(browser, company, monkeypatch):
    monkeypatch.setattr(watching, "PAGE", 2)
    one = done(company, parts=7)
    page = show(browser, one)
    assert page.context["parts"].counts == {"failed": 3, "succeeded": 4}
    assert "Page 1 of 4" in text_of(page)
    failed = show(browser, one, "?parts=failed&page=2").context["parts"]
    assert (failed.page, failed.pages, [row.status for row in failed.rows]) == (2, 2, ["failed"])
    assert "Something broke on our side" in text_of(show(browser, one, "?parts=failed"))
    none = text_of(show(browser, one, "?parts=cancelled"))
    assert "No part is cancelled. Show all" in none
    assert len(show(browser, one, "?parts=nonsense&page=99").context["parts"].rows) == 1


def test_a_page_costs_the_same_for_one_part_and_for_twenty(browser, company):
    few, many = done(company, parts=1), done(company, parts=20)
    show(browser, few)
    counts = []
    for one in (few, many):
        with CaptureQueriesContext(connection) as asked:
            show(browser, one)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 18, counts


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda c: begin(c, after=timedelta(hours=3)), "It begins in 2 hours"),
        (begin, "It waits for a worker."),
        (lambda c: late(begin(c)), "no worker has taken it yet"),
        (lambda c: paused(begin(c)), "Its queue default is paused by Ada"),
    ],
)
def test_a_run_that_waits_says_for_what(browser, company, make, said):
    assert said in text_of(show(browser, make(company))).replace("\xa0", " ")


def late(one):
    Run.objects.filter(pk=one.pk).update(available_at=timezone.now() - timedelta(minutes=5))
    return one


def paused(one):
    ada = make_user(name="Ada")
    Queue.objects.create(name=one.queue, paused_at=timezone.now(), paused_by=ada, why="moving")
    return one


def test_only_operators_see_where_it_broke(company):
    broken = done(company, parts=1)
    part = Run.objects.get(parent=broken)
    member, operator = make_member(company), make_user(is_staff=True)
    assert "Traceback" not in show(signed_in(member), part).content.decode()
    page = show(signed_in(operator), part).content.decode()
    assert "ValueError: part broke" in page
    assert "Again with other input" in page


def test_a_viewer_watches_and_changes_nothing(company):
    one = begin(company, after=timedelta(hours=1))
    viewer = signed_in(make_member(company, "viewer"))
    assert "Cancel" not in text_of(show(viewer, one))
    for verb in ("run-cancel", "run-retry", "run-start-now"):
        answer = viewer.post(reverse(verb, args=[one.pk]), follow=True)
        assert "Your role only reads" in text_of(answer)
    one.refresh_from_db()
    assert (one.status, one.available_at > timezone.now()) == ("queued", True)


def test_a_run_that_is_due_later_starts_now_from_its_page(browser, company):
    one = begin(company, after=timedelta(hours=1))
    answer = browser.post(reverse("run-start-now", args=[one.pk]), follow=True)
    assert "as soon as a worker is free" in text_of(answer)
    assert drain() > 0
    again = browser.post(reverse("run-start-now", args=[one.pk]), follow=True)
    assert "does not wait for a time" in text_of(again)


def test_repetitions_know_each_other(browser, company):
    broken = Run.objects.get(parent=done(company, parts=1))
    answer = browser.post(reverse("run-retry", args=[broken.pk]), follow=True)
    words = text_of(answer)
    assert "Started again; this is the new run." in words
    assert "Other tries of it the first one" in words
    assert "Repeated as repetition" in text_of(show(browser, broken))


def test_a_finished_run_can_be_gone_through_event_by_event(browser, company):
    one = done(company)
    told = Event.objects.filter(run__in=[one.pk, *parts_of(one)], fact="").order_by("seq")
    for number, event in enumerate(told, 1):
        moment = show(browser, one, f"?at={number}", "run-history").context["moment"]
        assert (moment.at, moment.count, moment.event) == (number, len(told), event)
        own = [other for other in told if other.run_id == one.pk and other.seq <= event.seq]
        assert moment.own == own[-1]
        assert moment.parts == counted(told, one, event.seq)
    words = text_of(show(browser, one, "", "run-history"))
    assert f"Event {len(told)} of {len(told)}" in words
    assert "Parts by then 4" in words


def parts_of(one):
    return Run.objects.filter(parent=one).values_list("pk", flat=True)


def counted(told, one, seq):
    last = {e.run_id: e.data["status"] for e in told if e.seq <= seq and e.run_id != one.pk}
    return {status: list(last.values()).count(status) for status in set(last.values())}


def test_parts_on_another_stream_are_counted_by_time_where_one_may_read_it(company):
    one = begin(None, parts=0)
    with transaction():
        own = {"actor": None, "parent": one, "company": company}
        start("proof.page_part", {"fails": False}, **own)
        start("proof.page_part", {"fails": True}, **own)
    drain()
    operator = signed_in(make_user(is_staff=True))
    told = Event.objects.filter(run=one, fact="").order_by("seq")
    Event.objects.filter(run=one).update(at=timezone.now())
    last = show(operator, one, f"?at={len(told)}", "run-history").context["moment"]
    assert last.parts == {"failed": 1, "succeeded": 1}
    Event.objects.filter(run=one).update(at=timezone.now() - timedelta(days=1))
    assert show(operator, one, "?at=1", "run-history").context["moment"].parts == {}
    member = principal_for(make_member(make_company()))
    Event.objects.filter(run=one).update(at=timezone.now())
    assert watching.moment_of(one, None, member).parts == {}


def test_going_through_costs_the_same_for_one_part_and_for_twenty(browser, company):
    counts = []
    for one in (done(company, parts=1), done(company, parts=20)):
        show(browser, one, "", "run-history")
        with CaptureQueriesContext(connection) as asked:
            show(browser, one, "", "run-history")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 16, counts


@pytest.mark.parametrize("query", ["?at=0", "?at=-3", "?at=x", "?at=99999999999", "?at=1e9"])
def test_a_number_that_is_none_shows_a_moment_all_the_same(browser, company, query):
    assert show(browser, done(company), query, "run-history").context["moment"].count > 0


def test_events_that_are_gone_are_said_to_be(browser, company):
    one = done(company)
    first = Event.objects.filter(run=one).order_by("seq").first()
    age(company, first.seq)
    words = text_of(show(browser, one, "", "run-history"))
    assert f"the oldest kept on its stream is number {first.seq + 1}" in words
    assert "What follows begins there" in words
    age(company, Event.objects.order_by("-seq").first().seq)
    assert "None of its events are kept any more" in text_of(show(browser, one, "", "run-history"))


def age(company, seq):
    stream = f"company:{company.pk}"
    old = timezone.now() - timedelta(days=8)
    Event.objects.filter(stream=stream, seq__lte=seq).update(at=old)
    with transaction():
        start("runs.retention", {}, actor=None)
    drain()
    assert Stream.objects.get(pk=stream).min_seq == seq + 1
    assert retention.EVENT_DAYS == 7


def test_many_parts_are_one_page_and_their_number_is_exact(browser, company):
    one = done(company, parts=1)
    with transaction():
        start_many("proof.page_part", [{"fails": False}] * 60, actor=None, parent=one)
    page = show(browser, one)
    assert len(page.context["parts"].rows) == watching.PAGE
    assert "Parts 61" in text_of(page)
    assert "runs/live.js" in page.content.decode()  # its parts still move
