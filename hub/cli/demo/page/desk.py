"""Sends what the page asks for as its caller would, and tells what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx

from hub.cli.demo.page.flows import Offer
from hub.cli.demo.page.rows import has_leads, rows
from hub.cli.demo.pool import prepare_pool
from hub.cli.demo.stage import Stage
from hub.engine.settings import ProjectSettings
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import NotPossible
from hub.storage import reading
from hub.storage.reading import RunLine, StepFacts
from hub.testing.signing import signed
from hub.values import decode, format_instant, plain

PATIENCE = 30.0  # seconds for one answer of the hub
_PART = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LONGEST = 4_000  # characters of one value that the page shows
_SHOWN = ("channel", "to", "phone", "from", "subject", "text", "url", "amount", "currency", "body")
_PUBLIC = "public"


@dataclass(frozen=True)
class Desk:
    """What the page may do with the hub. `hub_url` is where it listens, on this machine."""

    hub_url: str
    offers: Mapping[str, Offer]
    settings: ProjectSettings
    secret: Callable[[str], str]
    stage: Stage

    def begin_once(self) -> None:
        """Make the made-up people, unless they are there from last time with what they hold."""
        if "holds" in self.offers and not has_leads(self.stage):
            prepare_pool(self.stage)

    def begin_anew(self) -> dict[str, Any]:
        """Everybody as before the first click."""
        if "holds" in self.offers:
            prepare_pool(self.stage)
        return self.state()

    def state(self) -> dict[str, Any]:
        """Which flows there are, where their effects go, and the rows they play with."""
        return {
            "hub": self.hub_url,
            "timezone": self.settings.timezone,
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
        path = _filled(endpoint.path, asked.get("params") or {})
        query = urlencode(asked.get("query") or {})
        target = f"{path}?{query}" if query else path
        body = b"" if asked.get("body") is None else json.dumps(asked["body"]).encode()
        headers = self._signed(endpoint, body, target)
        try:
            with httpx.Client(base_url=self.hub_url, timeout=PATIENCE, trust_env=False) as client:
                answer = client.request(endpoint.method, target, content=body, headers=headers)
        except httpx.HTTPError as problem:
            raise NotPossible(f"the hub did not answer: {problem}") from problem
        return {
            "request": {
                "id": answer.headers.get("x-request-id"),
                "method": endpoint.method,
                "path": target,
                "proof": _proof(self.settings, endpoint),
            },
            "status": answer.status_code,
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

    def _signed(self, endpoint: Endpoint, body: bytes, target: str) -> dict[str, str]:
        headers = {"content-type": "application/json"} if body else {}
        if endpoint.auth == _PUBLIC:
            return headers
        return signed(
            self.settings.auth[endpoint.auth],
            body,
            headers,
            now=self.stage.now(),
            settings=self.settings,
            method=endpoint.method,
            url=f"{self.hub_url}{target}",
            secret=self.secret,
        )


def _place(workflow: Workflow) -> dict[str, str]:
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint):
        return {}
    return {"method": endpoint.method, "path": endpoint.path}


def _filled(path: str, params: Any) -> str:
    """The path with its parts; what a part is given stays one part."""
    given = params if isinstance(params, dict) else {}
    return _PART.sub(lambda part: quote(str(given.get(part[1], "-")), safe=""), path)


def _proof(settings: ProjectSettings, endpoint: Endpoint) -> str:
    """How the request proved itself, in words: the header, never what stood in it."""
    if endpoint.auth == _PUBLIC:
        return "public"
    preset = settings.auth[endpoint.auth]
    return f"{preset.header or preset.type} ({endpoint.auth})"


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
        "steps": [_step(each) for each in steps],
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
