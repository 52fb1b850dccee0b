"""Publish many jobs side by side: intents together, calls at once, outcomes as they come.

What may be sent, what an outcome means and when to come back is decided where one job is published
(`publish`). Here only the waiting is shared: a group's intents are one commit, its calls are in the
air together, and the answers that are there are written down together with the ends of their runs.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.db.models.functions import Now

from distribution.actions import boards
from distribution.actions.ends import Ended, end_badly, end_well
from distribution.actions.intents import Intent, prepare
from distribution.actions.publish import locked_many, report
from distribution.actions.talks import Answers, Part, Talk, batch_size, talks
from distribution.clients import exchange
from distribution.errors import CredentialsRefused
from distribution.models import Attempt, Channel, Distribution
from distribution.rules.approvals import WAITS
from distribution.rules.lanes import DOUBTED, Lane
from jobly.errors import AuthExpired, Deferred, JoblyError, Rejected
from jobly.http.crowd import Crowd
from jobly.runs.actions import claims, transaction
from jobly.runs.actions.crash import crashpoint
from jobly.runs.actions.crews import Crew
from jobly.runs.actions.current import executing
from jobly.runs.actions.progress import LEASE_MARGIN, Progress
from jobly.runs.errors import LostLease, Released

MOST = 256  # publications in hand
TOGETHER = 64  # written down in one transaction
MOMENT = 0.02  # seconds that more answers are waited for once there is one
TICK = 0.25  # seconds after which boards that do not answer are looked at
THREADS = 8  # for boards whose calls cannot be made side by side in one thread
STUCK = timedelta(seconds=5)  # until those come back that wait for a board which does not answer
PLAIN = ("pending", "scheduled")
MOVED = "its publication moved on; it comes back to be cleared up"

log = logging.getLogger(__name__)

Landed = tuple[Progress, Intent, Any]
Rows = dict[UUID, Distribution]
Write = Callable[[list[Progress], Rows], None]


def publish_many(crew: Crew) -> None:
    """Perform runs of kind `distribution.publish`, and what else of them is due."""
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        threads = stack.enter_context(ThreadPoolExecutor(THREADS, "board"))
        _Convoy(crew, crowd, threads).travel()


@dataclass(slots=True)
class _Way:
    """The line of those that wait for one board, and the way there."""

    lane: Lane = field(default_factory=Lane)
    waiting: deque[Progress] = field(default_factory=deque)
    batch: int = 1  # publications in one call
    closed: Deferred | None = None  # how one was put off: those behind it are too

    def next(self, now: float) -> list[Progress]:
        """Take those out of the line that may begin."""
        fitting = min(self.lane.free(now) * self.batch, TOGETHER, len(self.waiting))
        return [self.waiting.popleft() for _ in range(fitting)]

    def learn(self, channel: Channel) -> None:
        """Take over how the board wants to be called: one that takes many hears one at a time."""
        size = batch_size(channel)
        if size > 1:
            self.batch, self.lane.most = size, 1


class _Convoy:
    """The conversations in the air, and where their answers arrive."""

    def __init__(self, crew: Crew, crowd: Crowd, threads: ThreadPoolExecutor) -> None:
        self.crew = crew
        self.crowd = crowd
        self.threads = threads
        self.replies: SimpleQueue[tuple[Talk, Future[Any]]] = SimpleQueue()
        self.ended: list[tuple[Talk, Answers]] = []
        self.in_air = 0  # publications
        self.lanes: dict[UUID, _Way] = {}

    def travel(self) -> None:
        """Begin what there is, write down what comes back, until neither is left."""
        while True:
            fresh = self.crew.take(MOST - self.in_air - self._waiting())
            self._sort(fresh)
            self._depart()
            self._land()
            if self.in_air:
                self._hear()
                self._land()
            elif not fresh and not self._waiting():
                return

    def _waiting(self) -> int:
        return sum(len(way.waiting) for way in self.lanes.values())

    def _sort(self, fresh: Sequence[Progress]) -> None:
        """Line up what has nothing to be cleared up before, by board; all else goes alone."""
        keys = [_key(progress) for progress in fresh]
        sent = Attempt.objects.open().creates().filter(distribution__in=keys)
        due = Q(scheduled_publish_at=None) | Q(scheduled_publish_at__lte=Now()) | Q(status=PLAIN[0])
        rows = Distribution.everything.filter(due, pk__in=keys, status__in=PLAIN)
        rows = rows.exclude(error_code=WAITS)
        plain = dict(
            rows.exclude(pk__in=sent.values("distribution")).values_list("pk", "channel_id")
        )
        for progress in fresh:
            channel_id = plain.get(_key(progress))
            if channel_id is None or progress.run.args.get("stop_on_error"):
                self.crew.alone(progress)
            else:
                self.lanes.setdefault(channel_id, _Way()).waiting.append(progress)

    def _depart(self) -> None:
        """Send as much as the boards have room for."""
        for way in self.lanes.values():
            while group := way.next(monotonic()):
                parts = self._intents(group)
                if parts:
                    crashpoint("dist.after_intent")
                    self._hold(parts)
                for talk in talks(parts):
                    self.in_air += len(talk.parts)
                    way.lane.begin(monotonic())
                    self._start(talk)
                if way.closed:
                    self._put_back(way, way.closed)
            # an answer that waits for us is none that the board owes
            if self.replies.empty() and way.lane.is_stuck(monotonic()):
                self._put_off(way)

    def _put_off(self, way: "_Way") -> None:
        """Give back those that wait for a board which does not answer, but a few."""
        error = Deferred("The board takes long to answer; waiting.", until=claims.clock() + STUCK)
        late = [way.waiting.pop() for _ in range(len(way.waiting) - DOUBTED)]
        self.crew.settle([(progress, error) for progress in late])

    def _put_back(self, way: "_Way", first: Deferred) -> None:
        """Give back all that wait for a board which takes none at the moment, in their order."""
        late = list(way.waiting)
        way.waiting.clear()
        way.closed = None
        try:
            known = Distribution.everything.select_related("channel").in_bulk(map(_key, late))
            there = [progress for progress in late if _key(progress) in known]
            errors = boards.put_off([known[_key(progress)] for progress in there], first)
        except (OperationalError, InterfaceError) as away:  # the calls in the air go on
            self.crew.settle([(progress, away) for progress in late])
            return
        self.crew.settle(list(zip(there, errors, strict=True)))
        for progress in late:
            if progress not in there:  # its row was forgotten: judged by its own error
                self.crew.alone(progress)

    def _way(self, talk: "Talk") -> "_Way":
        return self.lanes[talk.channel.pk]

    def _commit(self, group: list[Progress], write: Write) -> list[Progress]:
        """Write something about publications in one commit while their runs are ours.

        They are of one channel, so that commits which race lock its budgets in the same order.
        Return the runs for which it is committed; all others are settled.
        """
        while group:
            try:
                with transaction():
                    rows = locked_many([_key(progress) for progress in group])
                    lost = _lost(group)
                    if not lost:
                        write(group, rows)
            except (OperationalError, InterfaceError) as away:
                self.crew.settle([(progress, away) for progress in group])
                return []
            except Exception:
                # a bug that one of them meets; by itself each is judged by its own error
                log.exception("%s publications go one by one", len(group))
                for progress in group:
                    self.crew.alone(progress)
                return []
            if not lost:
                return group
            self.crew.settle([(one, LostLease(f"run {one.run.pk} moved on")) for one in lost])
            group = [progress for progress in group if progress not in lost]
        return []

    def _intents(self, group: list[Progress]) -> list[Part]:
        """Write the intents of a group in one commit; what must not be sent is settled at once."""
        begun: list[Part] = []
        refused: list[tuple[Progress, Exception]] = []

        def write(some: list[Progress], rows: Rows) -> None:
            parts = [(one, rows[_key(one)]) for one in some if _is_plain(rows.get(_key(one)))]
            plain = {one.run.pk for one, _ in parts}
            refused.extend((one, Released(MOVED)) for one in some if one.run.pk not in plain)
            if not parts:
                return
            way = self.lanes[parts[0][1].channel_id]
            way.learn(parts[0][1].channel)
            for (progress, _), came in zip(parts, prepare(parts), strict=True):
                if isinstance(came, Intent):
                    begun.append((progress, came))
                else:
                    refused.append((progress, came))
                    way.closed = came if isinstance(came, Deferred) else way.closed

        if not self._commit(group, write):
            return []
        self.crew.settle(refused)
        return begun

    def _hold(self, parts: Sequence[Part]) -> None:
        """Make sure that the leases outlast the calls."""
        longest = max(intent.distribution.channel.call_timeout for _, intent in parts)
        needed = longest * 2 + LEASE_MARGIN
        if needed > claims.lease():
            claims.renew({one.run.pk: one.run.fence for one, _ in parts}, at_least=needed)

    def _start(self, talk: Talk) -> None:
        try:
            talk.begin()
        except JoblyError as error:
            self._end(talk, [error] * len(talk.parts))
            return
        if talk.link is not None and talk.takes_a_thread:
            self._await(talk, self.threads.submit(talk.say, talk.link))
        else:
            self._go_on(talk, None)

    def _go_on(self, talk: Talk, reply: Any) -> None:
        """Give a conversation what it waits for, and make its next call."""
        if talk.turns is None:
            return
        try:
            call = talk.turns.send(reply)
        except StopIteration as end:
            self._end(talk, end.value)
        except AuthExpired as error:
            self._sign_in_again(talk, error)
        except Exception as error:  # noqa: BLE001 # a bug too ends this conversation only
            self._end(talk, [error] * len(talk.parts))
        else:
            self._await(talk, self.crowd.ask(call))

    def _await(self, talk: Talk, future: Future[Any]) -> None:
        future.add_done_callback(lambda done: self.replies.put((talk, done)))

    def _sign_in_again(self, talk: Talk, error: AuthExpired) -> None:
        """Repeat a conversation whose token was refused, once."""
        if talk.is_second:
            self._end(talk, [error] * len(talk.parts))
            return
        talk.is_second = True
        self._start(talk)

    def _end(self, talk: Talk, answers: Answers) -> None:
        """Note what a board said, and how it is."""
        self.in_air -= len(talk.parts)
        errors = [answer for answer in answers if isinstance(answer, JoblyError)]
        whole = len(errors) == len(answers) and errors
        if whole:
            error = boards.heard(talk.channel, whole[0])
            answers = [error if error is not whole[0] else answer for answer in answers]
        else:
            boards.well(talk.channel)
            answers = [_held(talk.channel, answer) for answer in answers]
        is_well = not whole or isinstance(whole[0], Rejected)
        self._way(talk).lane.end(monotonic(), well=is_well)
        self.ended.append((talk, answers))

    def _hear(self) -> None:
        """Wait for an answer, and a moment for others; go on with each conversation."""
        until: float | None = None
        while self.in_air and len(self.ended) < TOGETHER:
            left = TICK if until is None else until - monotonic()
            try:
                talk, future = self.replies.get(timeout=max(0.0, left))
            except Empty:
                return
            until = until or monotonic() + MOMENT
            self._heard(talk, future)

    def _heard(self, talk: Talk, future: Future[Any]) -> None:
        problem = future.exception()
        if talk.takes_a_thread and not problem:
            self._end(talk, future.result())
        elif problem and not exchange.is_reply(problem):
            self._end(talk, [problem] * len(talk.parts))
        else:
            self._go_on(talk, problem or future.result())

    def _land(self) -> None:
        """Write down what has ended."""
        landed: dict[UUID, list[Landed]] = {}
        for talk, answers in self.ended:
            some = landed.setdefault(talk.channel.pk, [])
            some += [(*part, answer) for part, answer in zip(talk.parts, answers, strict=True)]
        self.ended = []
        for some in landed.values():
            for start in range(0, len(some), TOGETHER):
                self._write(some[start : start + TOGETHER])

    def _write(self, landed: list[Landed]) -> None:
        """Write some outcomes and the ends of their runs in one commit."""
        crashpoint("dist.after_post")
        known = {one.run.pk: (intent, answer) for one, intent, answer in landed}
        errors: list[tuple[Progress, Exception]] = []

        def write(some: list[Progress], rows: Rows) -> None:
            parts = [(one, *known[one.run.pk]) for one in some]
            errors.extend(self._outcomes(parts, rows))
            crashpoint("dist.before_outcome")

        written = self._commit([one for one, _, _ in landed], write)
        open_ones = {one.run.pk for one, _ in errors}
        self.crew.leave([one for one in written if one.run.pk not in open_ones])
        if written:
            self.crew.settle(errors)

    def _outcomes(
        self, landed: Sequence[Landed], rows: Rows
    ) -> Iterator[tuple[Progress, Exception]]:
        """Write each outcome; yield the runs that go on by an error."""
        well: list[Ended] = []
        ended: list[tuple[Progress, Distribution]] = []
        for progress, intent, answer in landed:
            row = rows[intent.distribution.pk]
            ended.append((progress, row))
            if not isinstance(answer, Exception):
                well.append((progress, row, intent, answer))
            elif error := _ended_badly(progress, row, intent, answer):
                ended.pop()
                yield progress, error
        if well:
            end_well(well)
        self.crew.succeed([(progress, report(row)) for progress, row in ended])


def _held(channel: Channel, answer: Any) -> Any:
    """Have what a board refused for the channel's credentials wait, though others were taken."""
    if isinstance(answer, CredentialsRefused):
        return boards.heard(channel, answer)
    return answer


def _is_plain(row: Distribution | None) -> bool:
    """Whether nothing has to be cleared up before a publication is sent."""
    return row is not None and row.status in PLAIN and row.error_code != WAITS


def _ended_badly(
    progress: Progress, row: Distribution, intent: Intent, answer: Exception
) -> Exception | None:
    """Write one bad outcome; return the error that its run goes on by, if any."""
    if not isinstance(answer, JoblyError):
        return answer  # a bug of ours: the attempt stays open, and is cleared up by the next try
    with executing(progress.run):
        return end_badly(progress, row, intent, answer)


def _key(progress: Progress) -> UUID:
    return UUID(progress.run.args["distribution_id"])


def _lost(group: Sequence[Progress]) -> list[Progress]:
    """Return those whose runs others have by now; the others stay locked."""
    held = claims.verify_many([progress.run for progress in group])
    return [progress for progress in group if progress.run.pk not in held]
