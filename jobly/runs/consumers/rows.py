"""How the live server asks the database: on few threads of its own, many questions at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error, close_old_connections

from jobly.users.rules import Principal

from .callers import Caller, principals

THREADS = 4  # each keeps its connection
P = ParamSpec("P")
R = TypeVar("R")

_pool = ThreadPoolExecutor(THREADS, "live-rows")


async def on_thread(read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Read rows on a thread of the pool, with a connection that is known to work."""

    def reading() -> R:
        close_old_connections()
        return read(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_pool, reading)


class Desk:
    """Says who a caller is; all who ask while one answer is sought get the next one together."""

    def __init__(self) -> None:
        self.asked: dict[Caller, asyncio.Future[Principal]] = {}
        self.answering: asyncio.Task[None] | None = None

    async def who_is(self, caller: Caller) -> Principal:
        """Return who this is now. Raises `django.db.Error` while the database is away."""
        loop = asyncio.get_running_loop()
        answer = self.asked.setdefault(caller, loop.create_future())
        if self.answering is None or self.answering.done():
            self.answering = loop.create_task(self._answer())
        return await asyncio.shield(answer)

    async def _answer(self) -> None:
        """Answer everybody who asks until nobody does."""
        while self.asked:
            asked, self.asked = self.asked, {}
            try:
                found = await on_thread(principals, list(asked))
            except Error as exc:
                for answer in asked.values():
                    answer.set_exception(exc)
                    answer.exception()  # whoever asked may have left by now
            else:
                for caller, answer in asked.items():
                    answer.set_result(found[caller])


desk = Desk()
