"""A model server in OpenAI's words, on loopback, that answers well or badly as a test wants."""

import json
import re
from typing import Any

from werkzeug import Response

REFERENCE = re.compile(r"<posting (\w+)>")


def claim(value, evidence=None):
    return {"value": value, "evidence": evidence or value}


class ModelServer:
    """Answers by `says(posting, reference)`; keeps what it was sent in `calls`."""

    def __init__(self, httpserver, settings):
        settings.OPENAI_API_KEY = "key-of-the-tests"
        settings.OPENAI_BASE_URL = httpserver.url_for("/v1")
        self.calls = []
        self.claims = {}
        self.reply: Any = (
            None  # a Response, or a function of the request's body, in place of an answer
        )
        self.usage = {"prompt_tokens": 700, "completion_tokens": 90}
        self.dimensions = 8
        httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(
            self._chat
        )
        httpserver.expect_request("/v1/embeddings", method="POST").respond_with_handler(self._embed)

        httpserver.expect_request("/v1/models", method="GET").respond_with_handler(self._list)

    def _list(self, request):
        return self.reply or as_json({"object": "list", "data": []})

    def suggests(self, **claims):
        self.claims = claims

    @property
    def sent(self):
        """Everything that was sent, as one text."""
        return "\n".join(json.dumps(call, ensure_ascii=False) for call in self.calls)

    def answers(self, content, **choice):
        """Answer with this content, whatever was asked."""
        self.reply = lambda body: completion(content, self.usage, **choice)

    def _chat(self, request):
        body = self._kept(request)
        if self.reply is not None:
            # a Response can be called too
            return self.reply if isinstance(self.reply, Response) else self.reply(body)
        return completion(json.dumps(self.values(body)), self.usage)

    def values(self, body):
        asked = body["response_format"]["json_schema"]["schema"]["required"]
        reference = REFERENCE.search(body["messages"][1]["content"])[1]
        empty = dict.fromkeys(asked) | {"skills": [], "confidence": 0.9, "reference": reference}
        return empty | self.claims

    def _embed(self, request):
        body = self._kept(request)
        if self.reply is not None:
            # a Response can be called too
            return self.reply if isinstance(self.reply, Response) else self.reply(body)
        return vectors(
            [[float(len(text) % 7 + n) for n in range(self.dimensions)] for text in body["input"]]
        )

    def _kept(self, request):
        body = request.get_json()
        self.calls.append(body)
        assert request.headers["Authorization"] == "Bearer key-of-the-tests"
        return body


def completion(content, usage=None, **choice):
    message = {"role": "assistant", "content": content, "refusal": choice.pop("refusal", None)}
    chosen = {"index": 0, "finish_reason": "stop", "message": message} | choice
    body = {"id": "c-1", "object": "chat.completion", "model": "m", "choices": [chosen]}
    return as_json(body | ({"usage": usage} if usage else {}))


def vectors(rows, **changed):
    data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
    usage = {"prompt_tokens": 5 * len(rows), "total_tokens": 5 * len(rows)}
    return as_json({"object": "list", "data": data, "model": "m", "usage": usage} | changed)


def as_json(body, status=200, **headers):
    told = {"X-Request-Id": "req-17"} | headers
    return Response(json.dumps(body), status, told, content_type="application/json")
