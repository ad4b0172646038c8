"""From a call to the run it asks for: payload by its schema, dedupe key, what will be answered.

Decided from the request alone; nothing is stored here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from hub.engine.start import Start
from hub.engine.workflow import AtOnce, Within, Workflow
from hub.errors import PayloadProblem, Rejected
from hub.ingest.dialects import Call, Reply, Unpacked
from hub.ingest.entrance import WITHOUT_BODY, Entrance
from hub.ingest.request import InboundRequest, storable
from hub.ingest.signatures import Verified
from hub.storage.json_text import json_text
from hub.storage.new_runs import NewRun
from hub.values import format_instant, is_credential_name, plain

_WINDOW = timedelta(days=7)
_BY_ID = "standard_webhooks"  # dialect and preset read the id in the same header


@dataclass(frozen=True)
class Planned:
    """One call before it is recorded: a run with what will be said of it, or a refusal.

    `reply` is the body of `at_once` or `otherwise`; an acceptance has none, it names the run.
    `is_strict`: the same key with another body is refused (I8). `times`: which instants the local
    times of the payload meant (D7).
    """

    run: NewRun | None = None
    reply: Reply | None = None
    wait: timedelta | None = None
    is_strict: bool = False
    refusal: Rejected | None = None
    times: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Key:
    """`is_of_message`: it is the id that the signature covers, whatever else is sent with it."""

    text: str | None
    window: timedelta = _WINDOW
    is_strict: bool = False
    is_of_message: bool = False


@dataclass(frozen=True)
class Planner:
    """Plans the calls of one request. `params` and `query` are typed, and hold no credential.

    `write` makes of a run what is kept of it until it is stored.
    """

    request: InboundRequest
    entrance: Entrance
    verified: Verified
    unpacked: Unpacked
    params: Mapping[str, Any]
    query: Mapping[str, Any]
    start: Callable[[Workflow, Mapping[str, Any]], Start]
    new_id: Callable[[], UUID]
    write: Callable[[NewRun], NewRun] = lambda run: run

    def plan(self, call: Call) -> Planned:
        """What the call makes; a refusal comes back, it is not raised."""
        if call.refusal is not None:
            return Planned(refusal=Rejected(422, call.refusal))
        payload = self.entrance.prepare(call.payload)
        if payload.problems:
            title = "The payload does not fit the schema."
            return Planned(refusal=Rejected(422, title, problems=payload.problems))
        try:
            return self._run(call, payload.value, payload.times)
        except Rejected as refusal:
            return Planned(refusal=refusal)

    def _run(self, call: Call, payload: Any, times: Mapping[str, str]) -> Planned:
        start = self.start(self.entrance.workflow, self._trigger(payload))
        respond = self.entrance.endpoint.respond
        key = self._key(start, call)
        run = start.new_run(
            self.new_id(),
            dedupe_key=key.text,
            window=key.window,
            is_awaited=isinstance(respond, Within),
            is_bound_to_body=key.is_strict,
            message_key=self._message_key(key, call),
            message_window=self.verified.accepted_for,
        )
        reply, wait = None, None
        if isinstance(respond, Within):
            reply = Reply(self._meanwhile(start, respond, run), status=respond.status)
            most = self.unpacked.longest_wait
            wait = respond.deadline if most is None else min(respond.deadline, most)
        elif isinstance(respond, AtOnce):
            reply = Reply(plain(start.answer(respond.body, run.id)), status=respond.status)
        return Planned(self.write(run), reply, wait, key.is_strict, times=times)

    def _meanwhile(self, start: Start, respond: Within, run: NewRun) -> Any:
        """What is said when no answer came in time: without `otherwise`, that it was accepted."""
        if respond.otherwise is None:
            return {"status": "accepted", "run_id": str(run.id)}
        return plain(start.answer(respond.otherwise, run.id))

    def _trigger(self, payload: Any) -> dict[str, Any]:
        """What the run goes by. It is stored: what proves the caller stays out of it (S6).

        The checker refuses to read such things; versions of workflows from before may name them.
        """
        request = self.request
        caller = {
            **{name: storable(value) for name, value in self.unpacked.caller.items()},
            "ip": request.remote_ip or "",
            "dialect": self.entrance.dialect.name,
            "delivery_id": str(request.id),
        }
        if self.verified.key_id is not None:
            caller["key_id"] = self.verified.key_id
        return {
            "payload": payload,
            "params": dict(self.params),
            "query": dict(self.query),
            "headers": self._headers(),
            "caller": caller,
            "request": {
                "id": str(request.id),
                "received_at": format_instant(request.received_at),
                "method": request.method,
                "path": storable(request.path),
            },
        }

    def _headers(self) -> dict[str, str]:
        """Those that the endpoint names, as expressions read them: `headers.x_name`."""
        found = {}
        for name in self.entrance.endpoint.headers:
            sent_as = name.lower().replace("_", "-")
            value = self.request.headers.get(sent_as)
            is_secret = is_credential_name(sent_as) or sent_as == self.entrance.secret_header
            if value is not None and not is_secret:
                found[name.lower().replace("-", "_")] = storable(value)
        return found

    def _key(self, start: Start, call: Call) -> _Key:
        """`dedupe.key`, the dialect's, `Idempotency-Key` or the signature: the first (I6, I10)."""
        dedupe = self.entrance.endpoint.dedupe
        sent = self.request.key() if self.unpacked.when_refused == "refuse" else None
        if dedupe is not None:
            return _Key(_text(start.render(dedupe.key)), dedupe.window)
        if call.key is not None:
            is_signed = self.entrance.dialect.name == self.entrance.preset.type == _BY_ID
            is_of_message = is_signed and call.key == self.verified.message_id
            return _Key(call.key, call.window or _WINDOW, is_of_message=is_of_message)
        if sent is not None:
            return _Key(sent, is_strict=True)
        return self._signed_key(call)

    def _signed_key(self, call: Call) -> _Key:
        """What a signature vouches for tells messages apart, as long as it is accepted (I10).

        Where that is a time and a body alone, other parts of the path make another message; so do
        those of the query where there is no body: two questions of one second have two answers.
        """
        if self.verified.message_id is not None:
            return _Key(f"message/{self.verified.message_id}/{call.id or ''}")
        if self.verified.timestamp is None:
            return _Key(None)
        digest = self.request.body_digest().hex()
        moment = self.verified.timestamp.isoformat()
        signed = f"signed/{moment}/{digest}/{call.id or ''}"
        if self.query and self.request.method in WITHOUT_BODY:
            signed = f"query/{json_text(plain(dict(self.query)))}/{signed}"
        if self.params:
            signed = f"path/{json_text(plain(dict(self.params)))}/{signed}"
        return _Key(signed, self.verified.accepted_for)

    def _message_key(self, key: _Key, call: Call) -> str | None:
        """A second key, for what is signed may be sent again with another first one (S2).

        `dedupe.key` and `Idempotency-Key` may be of parts that no signature covers, and a window
        may be shorter than a signature is accepted. A message's id is covered. Calls of one message
        with one id are told apart by their order, which its body fixes.
        """
        signed = self._signed_key(call).text
        if signed is None or key.is_of_message:
            return None
        if place := self._places.get(id(call)):
            signed = f"place/{place}/{signed}"
        return None if key.text == signed else signed

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """How many calls with its id came before each call, by the call's identity."""
        came: Counter[str | None] = Counter()
        places = {}
        for call in self.unpacked.calls:
            places[id(call)] = came[call.id]
            came[call.id] += 1
        return places


def _text(key: Any) -> str:
    """A rendered key as text; raises `Rejected` 422 for one that says nothing."""
    text = str(plain(key)) if key is not None else ""
    if not text:
        raise Rejected(
            422,
            "The request cannot be told apart from others.",
            problems=[PayloadProblem("", "gives an empty dedupe key")],
        )
    return text
