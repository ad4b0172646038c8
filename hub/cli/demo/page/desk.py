"""Sends what the page asks for as its caller would, and tells what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.cli.demo.office import prepare_office
from hub.cli.demo.page.flows import Offer
from hub.cli.demo.page.rows import has_leads, rows
from hub.cli.demo.pool import prepare_pool
from hub.cli.demo.sending import Asked, Sender
from hub.cli.demo.stage import Stage
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import NotPossible
from hub.storage import reading
from hub.storage.reading import RunLine, StepFacts
from hub.values import decode, format_instant, plain

_LONGEST = 4_000  # characters of one value that the page shows
_SHOWN = ("channel", "to", "phone", "from", "subject", "text", "url", "amount", "currency", "body")
_TOLD = frozenset({"wait", "emit", "reply", "return", "fail"})  # beside what actions do


@dataclass(frozen=True)
class Desk:
    """What the page may do with the hub; `origin` is the page's own."""

    sender: Sender
    offers: Mapping[str, Offer]
    stage: Stage
    origin: str = ""

    @property
    def hub_url(self) -> str:
        """Where the hub listens, on this machine."""
        return self.sender.base_url

    def begin_once(self) -> None:
        """Make the made-up people, unless they are there from last time with what they hold."""
        if "holds" in self.offers and not has_leads(self.stage):
            prepare_pool(self.stage)
        if "booking" in self.offers:
            prepare_office(self.stage, origins=(self.origin,))

    def begin_anew(self) -> dict[str, Any]:
        """Everybody as before the first click."""
        if "holds" in self.offers:
            prepare_pool(self.stage)
        return self.state()

    def state(self) -> dict[str, Any]:
        """Which flows there are, where their effects go, and the rows they play with."""
        return {
            "hub": self.hub_url,
            "timezone": self.sender.settings.timezone,
            "flows": [
                {
                    "name": each.flow.name,
                    "title": each.flow.title,
                    "modes": sorted(each.modes),
                    "isClosed": each.is_closed,
                    "endpoints": {name: _place(flow) for name, flow in each.endpoints.items()},
                }
                for each in self.offers.values()
            ],
            "rows": rows(self.stage),
        }

    def send(self, asked: Any) -> dict[str, Any]:
        """One request to one endpoint, signed where that wants it; the answer, whatever it is.

        Raises `NotPossible` for an endpoint that is none of the page's, or a flow that is closed.
        """
        workflow = self._endpoint(asked)
        endpoint = workflow.trigger
        if not isinstance(endpoint, Endpoint):
            raise NotPossible(f"{workflow.name} has no endpoint")
        given = Asked(
            params=_object(asked.get("params")),
            query=_object(asked.get("query")),
            body=asked.get("body"),
            speaks_for=asked.get("speaksFor"),
        )
        request = self.sender.prepare(endpoint, given)
        answer = self.stage.caller.send(request)
        return {
            "request": {
                "id": answer.headers.get("x-request-id"),
                "method": request.method,
                "path": request.target,
                "proof": self.sender.proof(endpoint),
            },
            "status": answer.status,
            "body": _json_of(answer.text),
        }

    def became(self, request_id: UUID) -> list[dict[str, Any]]:
        """The runs of a request with their steps, and what they would have sent."""
        with self.stage.database.connect() as connection:
            runs = reading.list_runs(connection, request=request_id, limit=10)
            return [_run(each, reading.timeline(connection, each.id)) for each in reversed(runs)]

    def _endpoint(self, asked: Any) -> Workflow:
        name = str(asked.get("workflow")) if isinstance(asked, dict) else ""
        for offer in self.offers.values():
            if name in offer.endpoints:
                if offer.is_closed:
                    raise NotPossible(f"{offer.flow.title} has effects in mode live: not from here")
                return offer.endpoints[name]
        raise NotPossible("the page sends to no such endpoint")


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _place(workflow: Workflow) -> dict[str, str]:
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint):
        return {}
    return {"method": endpoint.method, "path": endpoint.path}


def _json_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text[:_LONGEST]


def _run(line: RunLine, steps: list[StepFacts]) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "workflow": line.workflow,
        "status": line.status,
        "mode": line.mode,
        "isOver": line.ended_at is not None,
        "error": None if line.error is None else str(line.error.get("code", "")),
        "steps": [_step(each) for each in steps if each.action or each.kind in _TOLD],
        "effects": [_effect(each) for each in steps if each.is_simulated and each.attempts],
    }


def _step(step: StepFacts) -> dict[str, Any]:
    return {
        "path": step.path,
        "what": step.action or step.kind,
        "status": "simulated" if step.is_simulated and step.attempts else step.status,
    }


def _effect(step: StepFacts) -> dict[str, Any]:
    inputs = plain(decode(step.inputs))
    given = inputs if isinstance(inputs, dict) else {}
    told = {name: str(given[name])[:_LONGEST] for name in _SHOWN if given.get(name) is not None}
    return {"action": step.action, "at": format_instant(step.started_at), "inputs": told}
