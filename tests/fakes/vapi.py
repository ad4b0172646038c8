"""Vapi's REST API, as far as a call is started, read and listed.

Built from `wire-formats` part 2 and the samples of `tests/samples/vapi/rest`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.bootstrap.clock import SystemClock
from tests.fakes.services import Answer, Behaviour, FakeService, Received

SAMPLES = Path(__file__).parents[1] / "samples" / "vapi" / "rest"

_CALL_FIELDS = {
    "name",
    "assistantId",
    "assistant",
    "squadId",
    "workflowId",
    "assistantOverrides",
    "phoneNumberId",
    "phoneNumber",
    "customer",
    "customers",
    "schedulePlan",
}
_CUSTOMER_FIELDS = {
    "number",
    "name",
    "externalId",
    "extension",
    "sipUri",
    "email",
    "numberE164CheckEnabled",
}
_OVERRIDE_FIELDS = {"variableValues", "metadata", "firstMessage", "server"}


_CLOCK = SystemClock()
_MOST_LISTED = 1000
_FILTERS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "assistantId": lambda call, value: call["assistantId"] == value,
    "phoneNumberId": lambda call, value: call["phoneNumberId"] == value,
    "createdAtGt": lambda call, value: call["createdAt"] > value,
    "createdAtGe": lambda call, value: call["createdAt"] >= value,
    "createdAtLt": lambda call, value: call["createdAt"] < value,
    "createdAtLe": lambda call, value: call["createdAt"] <= value,
}


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


class FakeVapi(FakeService):
    """One organisation; `calls` are those that ring, `lines` how many may at once.

    `now` is the service's own clock; `forgets` makes the list lag: new calls are not in it yet.
    """

    def __init__(
        self,
        api_key: str = "vapi-key-test",
        phone_number_id: str = "pn-1",
        now: Callable[[], datetime] = _CLOCK.now,
    ) -> None:
        super().__init__()
        self.api_key = api_key
        self.phone_number_id = phone_number_id
        self.assistants = {"2bec425c-0000-4000-8000-3f0ff5f25d01"}
        self.calls: dict[str, dict[str, Any]] = {}
        self.lines = 10
        self.now = now
        self.forgets = False
        self.loses_answers: list[Behaviour] = []  # said instead of that a call was started

    def received(self, request: Received) -> Behaviour:
        """As the service does it; the answer about a call that it started may be lost."""
        known = len(self.calls)
        said = super().received(request)
        if self.loses_answers and len(self.calls) > known:
            return self.loses_answers.pop(0)
        return said

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, "Unauthorized", "Invalid Key.")
        if request.method == "POST" and request.path == "/call":
            return self._start(request)
        if request.method == "GET" and request.path == "/call":
            return self._list(request)
        if request.method == "GET" and request.path.startswith("/call/"):
            found = self.calls.get(request.path.removeprefix("/call/"))
            return Answer.of(found) if found else _error(404, "Not Found", "Call not found.")
        if request.path == f"/phone-number/{self.phone_number_id}":
            return Answer.of({"id": self.phone_number_id, "number": "+12025550100"})
        return _error(404, "Not Found", f"Cannot {request.method} {request.path}")

    def ends(self, call_id: str, **more: Any) -> None:
        """The call is over, with what its analysis says."""
        ended = {**sample("get-call-ended.json"), **more}
        self.calls[call_id] = {**self.calls[call_id], **ended, "id": call_id}

    def _start(self, request: Received) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _error(400, "Bad Request", "the body is not JSON")
        wrong = self._wrong(request.json)
        if wrong:
            return _error(400, "Bad Request", wrong)
        if sum(each["status"] != "ended" for each in self.calls.values()) >= self.lines:
            return Answer.of(sample("create-call-201-concurrency-blocked.json"), 201)
        call = {**sample("create-call-201.json"), **request.json}
        call["createdAt"] = _written(self.now())
        call["id"] = f"019a9046-121e-766d-bd1f-{len(self.calls):012x}"
        self.calls[call["id"]] = call
        return Answer.of(call, 201)

    def _list(self, request: Received) -> Answer:
        """The newest first; only the filters that Vapi has."""
        asked = {name: values[0] for name, values in request.query.items()}
        if strange := sorted(asked.keys() - _FILTERS.keys() - {"limit"}):
            return _error(400, "Bad Request", [f"property {strange[0]} should not exist"])
        limit = int(asked.pop("limit", "100"))
        if limit > _MOST_LISTED:
            return _error(400, "Bad Request", ["limit must not be greater than 1000"])
        found = (
            []
            if self.forgets
            else [
                call
                for call in self.calls.values()
                if all(_FILTERS[name](call, value) for name, value in asked.items())
            ]
        )
        newest_first = sorted(found, key=lambda call: str(call["createdAt"]), reverse=True)
        return Answer.of(newest_first[:limit])

    def _wrong(self, call: dict[str, Any]) -> list[str]:
        customer, overrides = call.get("customer"), call.get("assistantOverrides", {})
        wrong = [f"property {name} should not exist" for name in call.keys() - _CALL_FIELDS]
        if not isinstance(customer, dict) or not re.fullmatch(
            r"\+[1-9]\d{6,14}", str(customer.get("number"))
        ):
            wrong.append("customer.number must be a valid phone number in the E.164 format.")
        elif customer.keys() - _CUSTOMER_FIELDS:
            wrong.append("customer has a property that should not exist")
        if overrides.keys() - _OVERRIDE_FIELDS:
            wrong.append("assistantOverrides has a property that should not exist")
        if not isinstance(overrides.get("variableValues", {}), dict):
            wrong.append("assistantOverrides.variableValues must be an object")
        if call.get("assistantId") not in self.assistants:
            wrong.append("Couldn't Find Assistant.")
        if call.get("phoneNumberId") != self.phone_number_id:
            wrong.append("Couldn't Find Phone Number.")
        return wrong


def _error(status: int, error: str, message: str | list[str]) -> Answer:
    return Answer.of({"message": message, "error": error, "statusCode": status}, status)
