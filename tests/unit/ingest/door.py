"""A reception with workflows from texts, and a storage that remembers in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.action import Action
from hub.engine.project import load_project
from hub.engine.start import Start
from hub.engine.workflow import Workflow
from hub.errors import Unavailable
from hub.ingest.answers import pack
from hub.ingest.dialects import DIALECTS, Packed, dialect_facts
from hub.ingest.receipt import Receipt
from hub.ingest.receive import Reception
from hub.ingest.request import InboundRequest
from hub.ingest.signatures import AUTH_TYPES
from hub.storage.new_runs import NewDelivery, NewRun, Recorded
from tests.fakes.clock import FakeClock

HUB = """
hub: 1
timezone: America/New_York
auth:
  vapi: {type: shared_header, header: X-Vapi-Secret, secret: VAPI_WEBHOOK_SECRET}
  broker: {type: bearer, secret: BROKER_API_TOKEN}
  partners: {type: bearer, secret: [BROKER_API_TOKEN, PARTNER_TOKEN]}
  keyed: {type: bearer, header: X-Seat, secret: BROKER_API_TOKEN}
  calcom: {type: hmac_sha256, header: X-Cal-Signature-256, secret: CALCOM_WEBHOOK_SECRET}
  proof: {type: hmac_sha256, header: X-Proof, secret: CALCOM_WEBHOOK_SECRET}
  standard: {type: standard_webhooks, secret: STANDARD_SECRET}
  signed: {type: stripe_signature, secret: STRIPE_SECRET}
secrets:
  - VAPI_WEBHOOK_SECRET
  - BROKER_API_TOKEN
  - PARTNER_TOKEN
  - CALCOM_WEBHOOK_SECRET
  - STANDARD_SECRET
  - STRIPE_SECRET
"""
SECRETS = {
    "VAPI_WEBHOOK_SECRET": ("example-shared-secret",),
    "BROKER_API_TOKEN": ("new-token", "old-token"),
    "PARTNER_TOKEN": ("partner-token",),
    "CALCOM_WEBHOOK_SECRET": ("cal-secret",),
    "STANDARD_SECRET": ("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",),
    "STRIPE_SECRET": ("stripe-secret",),
}
BOOKED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "lead_id": {"type": "string", "format": "uuid"},
        "appointment_time": {"type": "string", "format": "date-time"},
    },
    "required": ["lead_id", "appointment_time"],
}
DIALECT_FACTS = {name: dialect_facts(each) for name, each in DIALECTS.items()}


def workflow(endpoint: str, steps: str = "- return: done") -> str:
    """A workflow's file around the lines of its endpoint."""
    lines = "\n".join(f"  {line}" for line in endpoint.strip().splitlines())
    return f"hub: 1\ntitle: A workflow\nendpoint:\n{lines}\nsteps:\n  {steps}\n"


@dataclass
class Memory:
    """Records deliveries and runs; says `Unavailable` while it is down."""

    deliveries: list[NewDelivery] = field(default_factory=list)
    runs: list[NewRun] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[UUID, bytes]] = field(default_factory=dict)
    is_down: bool = False

    def record(self, delivery: NewDelivery, runs: Sequence[NewRun], /) -> tuple[Recorded, ...]:
        if self.is_down:
            raise Unavailable("down")
        self.deliveries.append(delivery)
        return tuple(self._record(delivery, run) for run in runs)

    def _record(self, delivery: NewDelivery, run: NewRun) -> Recorded:
        json.dumps(run.trigger)
        place = (delivery.endpoint, run.dedupe_key or "")
        if run.dedupe_key is not None and place in self.keys:
            first, digest = self.keys[place]
            same = digest == delivery.body_digest
            return Recorded(first, is_new=False, is_same_body=same)
        self.runs.append(run)
        if run.dedupe_key is not None:
            self.keys[place] = (run.id, delivery.body_digest)
        return Recorded(run.id, is_new=True)


@dataclass
class Turnstile:
    """Lets a number of requests in for each key, and says to the others when to come again."""

    asked: list[tuple[str, int, timedelta]] = field(default_factory=list)
    comes_free_in: timedelta = timedelta(seconds=11.2)

    def admit(self, key: str, *, most: int, window: timedelta) -> timedelta | None:
        self.asked.append((key, most, window))
        came = sum(asked == key for asked, _, _ in self.asked)
        return None if came <= most else self.comes_free_in


class Door:
    """Sends requests to a reception."""

    def __init__(
        self,
        workflows: Mapping[str, str],
        schemas: Mapping[str, Any] | None = None,
        actions: Mapping[str, Action] | None = None,
    ) -> None:
        files = {"hub.yaml": HUB}
        files |= {f"workflows/{name}.yaml": text for name, text in workflows.items()}
        files |= {
            f"schemas/{name}.json": json.dumps(each) for name, each in (schemas or {}).items()
        }
        project = load_project(
            files, actions=actions or {}, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS
        )
        assert not project.errors, [str(each) for each in project.errors]
        self.memory = Memory()
        self.clock = FakeClock()
        self.turns = Turnstile()
        self.expected: list[UUID] = []
        self._ids = 0
        self.reception = Reception(
            workflows=project.workflows,
            settings=project.settings,
            secrets=lambda name: SECRETS.get(name, ()),
            record=self.memory.record,
            admit=self.turns.admit,
            seal=lambda data: b"sealed:" + data[::-1],
            start=self._start,
            now=self.clock.now,
            new_id=self.new_id,
            unserved=project.unserved,
        )

    def _start(self, flow: Workflow, trigger: Mapping[str, Any]) -> Start:
        return Start(flow, trigger, config={}, now=self.clock.now())

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def send(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, tuple[str, ...]] | None = None,
        remote_ip: str | None = "192.0.2.1",
    ) -> Receipt:
        """Post a JSON body (bytes go as they are); raises what the reception raises."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = InboundRequest(
            id=self.new_id(),
            method=method,
            path=path,
            headers={
                "content-type": "application/json",
                **{name.lower(): value for name, value in (headers or {}).items()},
            },
            body=sent,
            received_at=self.clock.now(),
            arrived_at=0.0,
            query=query or {},
            remote_ip=remote_ip,
            url=f"https://hub.example.com{path}",
        )
        route = self.reception.find(method, path)
        return self.reception.receive(request, route, expect=self.expected.append)


def answered(receipt: Receipt) -> Packed:
    """The answer when no run has replied by the deadline."""
    return pack(receipt, [outcome.reply for outcome in receipt.outcomes])


def said(receipt: Receipt) -> Any:
    """The JSON of that answer."""
    return json.loads(answered(receipt).body)
