"""A project of one or a few workflows, and its tests played on the stage."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any

from hub.action import Action, action, actions_of
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.findings import Finding
from hub.engine.project import Project, load_project
from hub.ingest.signatures import AUTH_TYPES
from hub.testing.plan import TrialFile
from hub.testing.reading import read_all
from hub.testing.trying import Trials, Verdict

PATH = "workflows/tests/main.yaml"


@dataclass(frozen=True)
class Text:
    """What all actions of these workflows give."""

    text: str
    is_done: bool


@action(
    "sms.send",
    effect="once",
    outward=True,
    errors=("opted_out",),
    example={"text": "sent", "is_done": True},
    destination_inputs={"to": "phone"},
)
def send(*, to: str, text: str) -> Text:
    """Send a text message."""
    raise NotImplementedError


@action(
    "pay.charge",
    effect="keyed",
    outward=True,
    errors=("declined",),
    example={"text": "paid", "is_done": True},
)
def charge(*, amount: int) -> Text:
    """Take money."""
    raise NotImplementedError


@action("call.look", effect="read", outward=True, example={"text": "ringing", "is_done": False})
def look(*, id: str) -> Text:  # noqa: A002 - as services call it
    """Look at a call."""
    raise NotImplementedError


@action(
    "book.write",
    effect="idempotent",
    errors=("full",),
    example={"text": "written", "is_done": True},
)
def write(*, line: str) -> Text:
    """Write a line into our own book."""
    raise NotImplementedError


@action("book.erase", effect="idempotent", example={"text": "erased", "is_done": True})
def erase(*, line: str) -> Text:
    """Take a line out of our own book."""
    raise NotImplementedError


ACTIONS: dict[str, Action] = {each.name: each for each in actions_of(sys.modules[__name__])}

HUB = """\
hub: 1
auth:
  app: {type: hmac_sha256, header: X-Signature, secret: APP_SECRET}
  vapi: {type: shared_header, header: X-Vapi-Secret, secret: VAPI_SECRET}
  std: {type: standard_webhooks, secret: STD_SECRET}
config:
  limit: {type: integer, env: LIMIT, default: 3}
  phones: {type: array, items: {type: string}, env: PHONES, default: []}
secrets: [APP_SECRET, VAPI_SECRET, STD_SECRET]
test_destinations:
  phone: ${{ config.phones }}
"""

EVENTS = {
    "order.paid": {
        "type": "object",
        "properties": {"amount": {"type": "integer"}},
        "required": ["amount"],
        "additionalProperties": False,
    },
    "order.cancelled": {"type": "object"},
}


def project(files: Mapping[str, str]) -> Project:
    """The project of these files; `main` is short for `workflows/main.yaml`."""
    texts = {"hub.yaml": HUB}
    texts |= {f"schemas/events/{name}.json": json.dumps(each) for name, each in EVENTS.items()}
    for name, text in files.items():
        is_path = "/" in name or name == "hub.yaml"
        path = name if is_path else f"workflows/{name.replace('_', '-')}.yaml"
        body = dedent(text)
        texts[path] = body if is_path else f"hub: 1\ntitle: {name}\n{body}"
    return load_project(texts, actions=ACTIONS, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)


def read(trials: str, **files: str) -> TrialFile:
    """The tests of `main`, as they are read; `trials` is what stands behind `workflow: main`."""
    loaded = project({**files, PATH: f"hub: 1\nworkflow: main\n{dedent(trials)}"})
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    [file] = read_all(loaded)
    return file


def findings(trials: str, **files: str) -> list[Finding]:
    """The mistakes of the tests of `main`."""
    return list(read(trials, **files).findings)


def play_all(trials: str, **files: str) -> list[Verdict]:
    """All tests of `main`, played."""
    loaded = project({**files, PATH: f"hub: 1\nworkflow: main\n{dedent(trials)}"})
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    [file] = read_all(loaded)
    assert not file.findings, "\n".join(map(str, file.findings))
    with Trials(loaded) as stage:
        return [stage.play(trial) for trial in file.trials]


def play(test: str, **files: str) -> Verdict:
    """One test of `main`: what stands in it besides its name."""
    body = indent(dedent(test).strip("\n"), "    ")
    [verdict] = play_all(f"tests:\n  - name: it works\n{body}\n", **files)
    return verdict


def told(verdict: Verdict) -> list[str]:
    """What is wrong with it, without the places."""
    return [each.message for each in verdict.problems]


def passes(test: str, **files: str) -> Verdict:
    """The same, which must pass; what happened is shown if it does not."""
    verdict = play(test, **files)
    assert verdict.is_passed, "\n".join([*map(str, verdict.problems), *verdict.timeline])
    return verdict


def happened(verdict: Verdict) -> str:
    """The timeline as one text."""
    return "\n".join(verdict.timeline)


def did(verdict: Verdict) -> list[Any]:
    """The paths of what was done."""
    return [path for _, path, _ in verdict.did]
