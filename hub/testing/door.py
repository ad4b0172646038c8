"""Requests on the stage: the real way in, with an answer on the stage's clock.

A `payload` comes in as if its dialect had unpacked it already: it is checked by its schema, needs
no credentials and is answered with the plain value. A raw `request` goes the whole way; one that
brings no credentials is signed as its caller would sign it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from hub.bootstrap.auth_types import all_auth_types
from hub.engine.settings import AuthPreset, ProjectSettings
from hub.engine.start import Start
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import Rejected
from hub.ingest.answers import pack
from hub.ingest.body import Body, without_faults
from hub.ingest.dialects import (
    DIALECTS,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    to_json_bytes,
)
from hub.ingest.dialects.contract import FORM_TYPE
from hub.ingest.dialects.plain_json import answer_in_json
from hub.ingest.entrance import PUBLIC
from hub.ingest.receipt import Outcome, Receipt
from hub.ingest.receive import Reception
from hub.ingest.request import InboundRequest
from hub.ingest.route import Route
from hub.storage.new_runs import NewDelivery, NewRun, Recorded
from hub.testing.plan import Given
from hub.testing.signing import secret_value, signed
from hub.values import plain

_CALLER = "192.0.2.1"  # an address that nobody has (RFC 5737)
_HOST = "https://hub.example.com"
_WITHOUT_KEY = ("json", "form")


class Answering(Protocol):
    """A run, as the one who waits for its answer sees it."""

    response: dict[str, Any] | None

    def answer(
        self, status: int, body: Any, headers: Mapping[str, str], *, failed: bool = False
    ) -> None:
        """Store an answer, unless there is one."""


class Guests(Protocol):
    """What the door needs of the stage."""

    def now(self) -> datetime:
        """The stage's clock."""

    def new_run_id(self) -> UUID:
        """The id of the next run."""

    def new_delivery_id(self) -> UUID:
        """The id of the next request."""

    def record(self, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
        """Store the runs of a request, each key once."""

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        """What is known of a run before it is stored."""

    def run(self, run_id: UUID) -> Answering:
        """A run by its id."""


@dataclass(frozen=True, kw_only=True)
class Unwrapped(Dialect):
    """A dialect whose work is done: the body is the payload, the answer is the plain value."""

    inner: Dialect

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One call; the same payload has the same key, where the dialect gives keys at all."""
        payload = without_faults(body)
        digest = sha256(to_json_bytes(payload)).hexdigest()
        key = None if self.name in _WITHOUT_KEY else f"payload/{digest}"
        return Unpacked(calls=(Call(payload, key=key),))

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """As `json` answers where the dialect is `json`, else the value and status alone."""
        if self.name in _WITHOUT_KEY:
            return self.inner.pack(unpacked, replies)
        return answer_in_json(replies[0], replies[0].body)


@dataclass
class Exchange:
    """A request and its answer, once there is one. `since` is when it came in."""

    guests: Guests
    since: datetime
    receipt: Receipt | None = None
    response: dict[str, Any] | None = None
    _replies: dict[int, Reply] = field(default_factory=dict)

    @property
    def due(self) -> datetime | None:
        """The next deadline of an answer that is still waited for."""
        if self.receipt is None or self.response is not None:
            return None
        waits = [
            each.wait
            for place, each in enumerate(self.receipt.outcomes)
            if place not in self._replies and each.wait is not None
        ]
        return self.since + min(waits) if waits else None

    def settle(self) -> bool:
        """Take the answers that are there, and those that are due; whether all is said now."""
        if self.receipt is None or self.response is not None:
            return False
        for place, outcome in enumerate(self.receipt.outcomes):
            reply = self._replies.get(place) or self._reply(outcome)
            if reply is not None:
                self._replies[place] = reply
        if len(self._replies) < len(self.receipt.outcomes):
            return False
        replies = [self._replies[place] for place in range(len(self.receipt.outcomes))]
        self.response = _response(pack(self.receipt, replies))
        return True

    def _reply(self, outcome: Outcome) -> Reply | None:
        if outcome.is_settled or outcome.run_id is None:
            return outcome.reply
        run, said = self.guests.run(outcome.run_id), outcome.reply
        is_due = outcome.wait is None or self.guests.now() >= self.since + outcome.wait
        if run.response is None and is_due:
            run.answer(said.status, said.body, said.headers)
        row = run.response
        if row is None:
            return None
        return Reply(
            row["body"], status=row["status"], headers=row["headers"], is_failure=row["failed"]
        )


class Door:
    """The way in of one project; made once, and lent to one test after the other."""

    def __init__(self, workflows: Mapping[str, Workflow], settings: ProjectSettings) -> None:
        self._workflows, self._settings = workflows, settings
        self._guests: Guests | None = None
        self._reception = Reception(
            workflows=workflows,
            settings=settings,
            secrets=lambda name: [secret_value(name, settings)],
            record=self._record,
            admit=_admit,
            seal=lambda body: body,
            start=self._start,
            now=self._now,
            new_id=self._new_run_id,
            auth_types=all_auth_types(),
        )

    def _record(self, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
        return self._now_in.record(delivery, runs)

    def _start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        return self._now_in.start(workflow, trigger)

    def _now(self) -> datetime:
        return self._now_in.now()

    def _new_run_id(self) -> UUID:
        return self._now_in.new_run_id()

    @property
    def _now_in(self) -> Guests:
        if self._guests is None:
            raise LookupError("nobody is at the door")
        return self._guests

    def ask(self, guests: Guests, workflow: str, given: Given) -> Exchange:
        """Send the request of a test. A refusal is an answer too."""
        self._guests = guests
        exchange = Exchange(guests, guests.now())
        try:
            exchange.receipt = self._receipt(workflow, given)
        except Rejected as refusal:
            exchange.response = _refused(refusal)
        return exchange

    def _receipt(self, name: str, given: Given) -> Receipt:
        endpoint = self._workflows[name].trigger
        if not isinstance(endpoint, Endpoint):
            raise TypeError(f"{name} has no endpoint")
        path = _path(endpoint, given.params)
        route = self._reception.find(endpoint.method, path)
        if given.request is None:
            return self._reception.receive(
                self._unpacked(endpoint, path, given, route.entrance.preset), _open(route)
            )
        return self._reception.receive(self._raw(endpoint, path, given), route)

    def _unpacked(
        self, endpoint: Endpoint, path: str, given: Given, preset: AuthPreset
    ) -> InboundRequest:
        payload = {} if given.payload is None else given.payload
        body, headers = to_json_bytes(payload), {"content-type": "application/json"}
        if _names_caller(preset):  # a workflow may read the name: somebody must have it
            now = self._now_in.now()
            headers = signed(preset, body, headers, now=now, settings=self._settings)
        return self._request(endpoint, path, {**given.headers, **headers}, body, given.query)

    def _raw(self, endpoint: Endpoint, path: str, given: Given) -> InboundRequest:
        request = given.request
        if request is None:
            raise LookupError("the test has no raw request")
        dialect = DIALECTS[endpoint.dialect]
        raw = _raw_body(request.body, dialect.media_types[0])
        headers = {name.lower(): value for name, value in request.headers.items()}
        preset = PUBLIC if endpoint.auth == PUBLIC.name else self._settings.auth[endpoint.auth]
        headers = {
            "content-type": dialect.media_types[0],
            **headers,
        }
        query = {**given.query, **request.query}
        proved = signed(
            preset,
            raw,
            headers,
            now=self._now_in.now(),
            settings=self._settings,
            method=endpoint.method,
            url=_url(path, query),
        )
        return self._request(endpoint, path, proved, raw, query)

    def _request(
        self,
        endpoint: Endpoint,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Any],
    ) -> InboundRequest:
        return InboundRequest(
            id=self._now_in.new_delivery_id(),
            method=endpoint.method,
            path=path,
            headers=headers,
            body=body,
            received_at=self._now_in.now(),
            arrived_at=0.0,
            query={name: _texts(value) for name, value in query.items()},
            remote_ip=_CALLER,
            url=_url(path, query),
        )


def _url(path: str, query: Mapping[str, Any]) -> str:
    pairs = [(name, text) for name, value in query.items() for text in _texts(value)]
    return f"{_HOST}{path}{'?' if pairs else ''}{urlencode(pairs)}"


def _open(route: Route) -> Route:
    entrance = route.entrance
    inner = entrance.dialect
    dialect = Unwrapped(inner=inner, name=inner.name, names_messages=True)
    preset = entrance.preset if _names_caller(entrance.preset) else PUBLIC
    return replace(route, entrance=replace(entrance, dialect=dialect, preset=preset))


def _names_caller(preset: AuthPreset) -> bool:
    return all_auth_types()[preset.type].names_caller


def _path(endpoint: Endpoint, params: Mapping[str, Any]) -> str:
    path = endpoint.path
    for name, value in params.items():
        path = path.replace(f"{{{name}}}", str(plain(value)))
    return path


def _raw_body(body: Any, media_type: str) -> bytes:
    """The bytes of a body: text as it is, an object in the form that the dialect reads."""
    if body is None or isinstance(body, str):
        return (body or "").encode()
    if media_type == FORM_TYPE and isinstance(body, dict):
        pairs = [(name, text) for name, value in body.items() for text in _texts(value)]
        return urlencode(pairs).encode()
    return json.dumps(body, ensure_ascii=False).encode()


def _admit(key: str, *, most: int, window: timedelta) -> timedelta | None:  # noqa: ARG001
    """Rate limits count over all processes and days: in a test everybody may come in."""
    return None


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in values)


def _response(packed: Packed) -> dict[str, Any]:
    body: Any = packed.body.decode()
    if packed.headers.get("Content-Type", "").startswith("application/json"):
        body = json.loads(body) if body else None
    return {"status": packed.status, "body": body, "headers": dict(packed.headers)}


def _refused(refusal: Rejected) -> dict[str, Any]:
    body: dict[str, Any] = {"title": refusal.title, "status": refusal.status}
    if refusal.problems:
        body["errors"] = [
            {"pointer": each.pointer, "message": each.message} for each in refusal.problems
        ]
    return {"status": refusal.status, "body": body, "headers": dict(refusal.headers)}
