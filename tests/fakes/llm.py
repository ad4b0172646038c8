"""A language model's service that speaks OpenAI's chat completions, from its public reference."""

from __future__ import annotations

from collections import deque
from typing import Any

from tests.fakes.services import Answer, FakeService, Received

_KNOWN = {
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "response_format",
    "temperature",
}
_STRICT_WORDS = {"minimum", "maximum", "pattern", "format", "minLength", "maxLength", "oneOf"}


class FakeLlm(FakeService):
    """Says what `says` was told, in this order; `formats` are those it holds answers to."""

    def __init__(self, api_key: str = "sk-test-0123456789") -> None:
        super().__init__()
        self.api_key = api_key
        self.models = {"small-1", "large-1"}
        self.formats = {"json_schema", "json_object", "text"}
        self.limit_field = "max_tokens"
        self._answers: deque[dict[str, Any]] = deque()

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def says(
        self, content: str | None, *, reason: str = "stop", refusal: str | None = None
    ) -> None:
        """One more answer."""
        message = {"role": "assistant", "content": content, "refusal": refusal}
        self._answers.append({"index": 0, "message": message, "finish_reason": reason})

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        if (request.method, request.path) == ("GET", "/v1/models"):
            data = [{"id": each, "object": "model"} for each in sorted(self.models)]
            return Answer.of({"object": "list", "data": data})
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return _error(404, f"Invalid URL ({request.method} {request.path})", None)
        return self._complete(request)

    def _complete(self, request: Received) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _error(400, "you must provide a JSON body", None)
        asked = request.json
        if asked.get("model") not in self.models:
            return _error(404, f"The model {asked.get('model')} does not exist", "model_not_found")
        wrong = self._wrong(asked)
        if wrong:
            return _error(400, wrong, "invalid_value")
        return Answer.of(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1760961600,
                "model": asked["model"],
                "choices": [self._answers.popleft()],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            }
        )

    def _wrong(self, asked: dict[str, Any]) -> str:
        unknown = asked.keys() - _KNOWN
        if unknown:
            return f"Unrecognized request argument supplied: {min(unknown)}"
        limits = asked.keys() & {"max_tokens", "max_completion_tokens"}
        if limits != {self.limit_field}:
            return f"Unsupported parameter: use {self.limit_field}"
        if not isinstance(asked[self.limit_field], int) or asked[self.limit_field] < 1:
            return f"Invalid '{self.limit_field}': integer below minimum value"
        messages = asked.get("messages")
        if not isinstance(messages, list) or not messages:
            return "[] is too short - 'messages'"
        for each in messages:
            if each.get("role") not in {"system", "user", "assistant"} or not isinstance(
                each.get("content"), str
            ):
                return "Invalid value for 'content': expected a string"
        return self._wrong_format(asked.get("response_format", {"type": "text"}))

    def _wrong_format(self, form: dict[str, Any]) -> str:
        if form.get("type") not in self.formats:
            return f"Invalid parameter: 'response_format' of type '{form.get('type')}'"
        if form["type"] != "json_schema":
            return ""
        described = form.get("json_schema", {})
        if not described.get("name") or described.keys() - {"name", "schema", "strict"}:
            return "Missing required parameter: 'response_format.json_schema.name'"
        strict = described.get("strict") is True
        return _not_strict(described["schema"]) if strict else ""


def _not_strict(schema: Any) -> str:
    """What the strict form refuses: open objects, members that may be absent, some words."""
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "Invalid schema: 'additionalProperties' is required to be supplied and false"
        if set(schema.get("required", [])) != set(schema.get("properties", {})):
            return "Invalid schema: 'required' is required to include every key in properties"
    if schema.keys() & _STRICT_WORDS:
        return f"Invalid schema: '{min(schema.keys() & _STRICT_WORDS)}' is not permitted"
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    return next(filter(None, map(_not_strict, inner)), "")


def _error(status: int, message: str, code: str | None) -> Answer:
    kind = "invalid_request_error"
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Answer.of({"error": error}, status)
