"""Ask for an object of an agreed shape, or for vectors; what comes back is checked, never trusted.

API: https://platform.openai.com/docs/api-reference/chat and /embeddings.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import requests
import structlog

from jobly import limits
from jobly.errors import Deferred, JoblyError, Rejected, Unavailable, Unknown

from .servers import Line, Server
from .shapes import misfit

if TYPE_CHECKING:
    import openai

MOST_TOKENS = 10_000_000  # of one call, whatever a server claims
MOST_VECTORS = 128  # of one call
FRAME_TOKENS = 64  # roles and frames of a conversation
log = structlog.get_logger("jobly.ai")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is told, the shape it must answer in, and how long it may."""

    name: str
    version: str
    system: str
    schema: Mapping[str, Any]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; nothing where the server did no work for it."""

    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: `values`, or the `problem` that stands in their place.

    `usage` None = it was worked on, and nobody said how much; whoever pays reckons with the most.
    """

    model: str
    values: Any = None
    problem: JoblyError | None = None
    usage: Usage | None = Usage()
    request_id: str = ""


class AnswerRefused(Rejected):
    """The model answered, and the answer cannot be used."""

    code = "model_answer_refused"


def tokens_at_most(prompt: Prompt, data: str) -> int:
    """Return how many tokens a call can use at most: none is shorter than a byte."""
    told = len(prompt.system.encode()) + len(data.encode()) + len(orjson.dumps(prompt.schema))
    return told + prompt.max_tokens + FRAME_TOKENS


def ask(server: Server, model: str, prompt: Prompt, data: str) -> Reply:
    """Ask once for an object of the prompt's shape about untrusted `data`. Raises nothing of ours.

    The data is the user's part of the conversation and nothing else is; there are no tools.
    """

    def call(client: "openai.OpenAI") -> None:
        client.chat.completions.with_raw_response.create(
            model=model,
            messages=[
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": data},
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": prompt.name,
                    "strict": True,
                    "schema": dict(prompt.schema),
                },
            },
            max_completion_tokens=prompt.max_tokens,
        )

    def read(body: dict[str, Any]) -> Any:
        return _object_in(body, prompt.schema)

    return _exchange(server, model, call, read)


def embed(server: Server, model: str, texts: Sequence[str]) -> Reply:
    """Ask once for the vectors of up to 128 texts: lists of numbers of one length, in order."""
    if not 0 < len(texts) <= MOST_VECTORS:
        raise ValueError(f"between 1 and {MOST_VECTORS} texts at a time")

    def call(client: "openai.OpenAI") -> None:
        client.embeddings.with_raw_response.create(
            model=model, input=list(texts), encoding_format="float"
        )

    return _exchange(server, model, call, lambda body: _vectors_in(body, len(texts)))


def _exchange(
    server: Server,
    model: str,
    call: "Callable[[openai.OpenAI], None]",
    read: Callable[[dict[str, Any]], Any],
) -> Reply:
    """Make one call unless the server's breaker is open; note how it went."""
    if wait := limits.breaker_open(server.breaker):
        until = datetime.now(UTC) + wait
        return Reply(model, problem=Deferred(f"{server.host} rests after failures.", until=until))
    line = Line(server)
    _perform(line, call)
    problem = line.problem()
    limits.record(server.breaker, ok=problem is None or isinstance(problem, Rejected))
    if line.answer is None or problem is not None:
        problem = problem or Unavailable(f"{server.host} was not asked.", service=server.host)
        usage = None if isinstance(problem, Unknown) else Usage()
        return _logged(server, Reply(model, problem=problem, usage=usage))
    return _logged(server, _read(line, model, read))


def _perform(line: Line, call: "Callable[[openai.OpenAI], None]") -> None:
    """Have the library make the call; the line remembers what came, so its errors say no more."""
    import openai  # noqa: PLC0415

    failures = (openai.OpenAIError, requests.RequestException, ValueError)
    with line.client() as client, suppress(*failures):
        call(client)


def _read(line: Line, model: str, read: Callable[[dict[str, Any]], Any]) -> Reply:
    """Take an answer apart; what cannot be read was paid for all the same."""
    request_id = "".join(
        c
        for c in (line.answer.headers.get("x-request-id", "") if line.answer else "")
        if c.isalnum() or c in "-_."
    )[:100]
    usage: Usage | None = None
    try:
        body = orjson.loads(line.answer.content if line.answer is not None else b"")
        if not isinstance(body, dict):
            raise AnswerRefused("The model server sent no JSON object.")
        usage = _usage_in(body)
        values = read(body)
    except orjson.JSONDecodeError:
        problem = AnswerRefused("The model server sent no JSON.")
        return Reply(model, problem=problem, usage=usage, request_id=request_id)
    except AnswerRefused as refused:
        return Reply(model, problem=refused, usage=usage, request_id=request_id)
    return Reply(model, values, usage=usage, request_id=request_id)


def _logged(server: Server, reply: Reply) -> Reply:
    """Log that a call was made and how it went, without a word of what was said."""
    tokens = reply.usage.total if reply.usage else None
    problem = reply.problem.code if reply.problem else ""
    log.info(
        "asked a model", host=server.host, model=reply.model, request=reply.request_id,
        tokens=tokens, problem=problem,
    )  # fmt: skip
    return reply


def _usage_in(body: dict[str, Any]) -> Usage | None:
    """Read what the server says it used; None when it says nothing sensible."""
    told = body.get("usage")
    if not isinstance(told, dict):
        return None
    numbers = [told.get(name, 0) for name in ("prompt_tokens", "completion_tokens")]
    if not all(isinstance(n, int) and 0 <= n <= MOST_TOKENS for n in numbers):
        return None
    return Usage(*numbers)


def _object_in(body: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object of the first choice. Raises: AnswerRefused."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise AnswerRefused("The model server sent no answer.")
    if message.get("refusal"):
        raise AnswerRefused("The model declined to answer.")
    if choice.get("finish_reason") == "length":
        raise AnswerRefused("The answer was cut short.")
    if choice.get("finish_reason") == "content_filter":
        raise AnswerRefused("The model server's filter held the answer back.")
    try:
        values = orjson.loads(message.get("content") or "")
    except (orjson.JSONDecodeError, TypeError):
        raise AnswerRefused("The model did not answer in JSON.") from None
    if wrong := misfit(values, schema):
        raise AnswerRefused(f"The answer has not the agreed shape: {wrong[:150]}.")
    found: dict[str, Any] = values
    return found


def _vectors_in(body: dict[str, Any], wanted: int) -> list[list[float]]:
    """Return the vectors in the order of their texts. Raises: AnswerRefused."""
    rows = body.get("data")
    if not isinstance(rows, list) or len(rows) != wanted:
        raise AnswerRefused("The model server sent another number of vectors than asked for.")
    by_index: dict[int, list[float]] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("index"), int):
            raise AnswerRefused("The model server sent vectors without their numbers.")
        by_index[row["index"]] = _vector_in(row.get("embedding"))
    if sorted(by_index) != list(range(wanted)):
        raise AnswerRefused("The model server sent vectors of texts that were not asked about.")
    if len({len(vector) for vector in by_index.values()}) != 1:
        raise AnswerRefused("The model server sent vectors of different lengths.")
    return [by_index[index] for index in range(wanted)]


def _vector_in(value: Any) -> list[float]:
    """Return one vector. Raises: AnswerRefused."""
    numbers = value if isinstance(value, list) else []
    fine = numbers and all(
        isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers
    )
    if not fine or not any(numbers):
        raise AnswerRefused("The model server sent a vector that is none.")
    return [float(n) for n in numbers]
