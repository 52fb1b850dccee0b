"""Conversations with boards about publications whose intents are written."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from uuid import UUID

from distribution.actions import boards
from distribution.actions.intents import Intent
from distribution.clients import exchange
from distribution.models import Channel
from distribution.rules.channels import Connection
from jobly.http.crowd import Call
from jobly.runs.actions.progress import Progress

Part = tuple[Progress, Intent]
Answers = Sequence[Any]  # of each part: a Sent, or the error


@dataclass(slots=True)
class Talk:
    """One conversation with a board about some publications."""

    channel: Channel
    client: ModuleType
    parts: list[Part]
    token: str = ""
    link: Connection | None = None
    turns: Generator[Call, Any, Answers] | None = None
    is_second: bool = False  # after the token was refused

    def begin(self) -> None:
        """Prepare to talk with a token that lives. Raises: JoblyError."""
        self.token = boards.token_for(self.channel, refused=self.token)
        self.link = link = self.channel.connection(self.token)
        self.turns = exchange.in_turns(lambda: self.say(link))

    @property
    def takes_a_thread(self) -> bool:
        """Whether its calls wait: to an address that people gave, by the guarded way out."""
        return self.link is not None and self.link.is_supplied

    def say(self, link: Connection) -> Answers:
        """Say it all, in one call where the board takes many; return what became of each."""
        orders = [intent.order for _, intent in self.parts]
        if len(orders) > 1:
            answers: Answers = self.client.submit(link, orders)
            return answers
        return [self.client.send(link, order) for order in orders]


def talks(parts: Sequence[Part]) -> Iterator[Talk]:
    """Part publications into conversations: by channel, as many in one as its board takes."""
    by_channel: dict[UUID, list[Part]] = {}
    for part in parts:
        by_channel.setdefault(part[1].distribution.channel_id, []).append(part)
    for some in by_channel.values():
        channel = some[0][1].distribution.channel
        size = batch_size(channel)
        for start in range(0, len(some), size):
            yield Talk(channel, boards.client_of(channel), some[start : start + size])


def batch_size(channel: Channel) -> int:
    """Return how many publications one call to a board may hold."""
    takes_many = hasattr(boards.client_of(channel), "submit")
    return max(1, channel.batch_size) if takes_many else 1
