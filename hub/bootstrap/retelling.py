"""What is known of one run, for whoever tells it: commands, the console. No secrets (S6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from hub.errors import Misconfigured, NotPossible
from hub.ingest.dialects import DIALECTS
from hub.ingest.secret_places import without_secrets
from hub.storage import reading, text_messages
from hub.storage.reading import DeliveryFacts, RunFacts, RunLine, StepFacts
from hub.storage.text_messages import TextMessage
from hub.values import decode, plain

_SEALED = "(sealed: HUB_ENCRYPTION_KEY is not the key it was sealed with)"
_NOT_TOLD = "(sealed: this body holds a secret)"
_LONGEST_BODY = 2000
_AS_USUAL = 200
_UNSEEN = frozenset({"item", "cut", "cancel_on", "timeout", "pause"})  # how the hub goes on
_OF_UNDOING = {"started": "can be undone", "succeeded": "undone", "failed": "not undone"}

Hide = Callable[[Any], Any]
Unseal = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Told:
    """All that is known of one run."""

    facts: RunFacts
    steps: Sequence[StepFacts]
    changes: Sequence[reading.Change]
    delivery: DeliveryFacts | None
    run_again: Sequence[UUID]
    texts: Sequence[TextMessage]


def read_run(connection: Connection, run_id: UUID) -> Told:
    """Everything about a run; raises `NotPossible` when there is none."""
    facts = reading.find_run(connection, run_id)
    if facts is None:
        raise NotPossible(f"there is no run {run_id}")
    return Told(
        facts=facts,
        steps=reading.timeline(connection, run_id),
        changes=reading.history(connection, run_id),
        delivery=reading.delivery_of(connection, run_id),
        run_again=reading.run_again(connection, run_id),
        texts=text_messages.of_run(connection, run_id),
    )


def body_of(delivery: DeliveryFacts, unseal: Unseal, hide: Hide) -> Any:
    """What the sender sent, without the members that carry secrets.

    `unseal` raises `Misconfigured` where the key is another one.
    """
    body = delivery.body
    if delivery.is_sealed:
        try:
            body = unseal(body)
        except Misconfigured:
            return _SEALED
    try:
        value = without_secrets(json.loads(body), _secret_places())
    except (ValueError, RecursionError):
        if delivery.is_sealed:
            return _NOT_TOLD
        value = body[:_LONGEST_BODY].decode("utf-8", "replace")
    return hide(value)


def _secret_places() -> tuple[str, ...]:
    return tuple(sorted({place for each in DIALECTS.values() for place in each.secret_places}))


def how_heard(facts: RunFacts, status: int) -> str:
    """In which form the caller heard it; only JSON and forms give the status of a reply as it is.

    The others put what a run replies into their own words, and most of them with 200 alone.
    """
    caller = facts.trigger.get("caller")
    dialect = caller.get("dialect") if isinstance(caller, dict) else None
    if dialect in {None, "json", "form"}:
        return str(status)
    own = f"in the form of {dialect}"
    return f"{status} {own}" if status == _AS_USUAL else own


def response_of(facts: RunFacts) -> dict[str, Any] | None:
    """What the caller was told: the stored answer, or the acceptance of one who did not wait."""
    if facts.response is not None:
        return dict(facts.response)
    if facts.delivery_id is None or facts.is_awaited:
        return None
    accepted = {"status": "accepted", "run_id": str(facts.line.id)}
    return {"status": 202, "body": accepted, "headers": {}, "failed": False}


def seen(steps: Sequence[StepFacts]) -> list[StepFacts]:
    """Without the hub's own notes, and without what could be undone of steps that failed."""
    done = {step.path for step in steps if step.status == "succeeded"}
    return [
        step
        for step in steps
        if step.kind not in _UNSEEN
        and (step.kind != "undo" or step.path.removesuffix("#undo") in done)
    ]


def state_of(step: StepFacts) -> str:
    """The status, and what it does not say: nothing left the hub, or another run had done it."""
    if step.is_simulated:
        return "simulated"
    if step.kind == "undo":
        return _OF_UNDOING.get(step.status, step.status)
    is_done_before = step.kind == "do" and step.status == "succeeded" and step.attempts == 0
    return "done before" if is_done_before else step.status


def shown_value(stored: Any) -> Any:
    """A stored value as people see it; what cannot be read is said to be so."""
    try:
        return plain(decode(stored))
    except (ValueError, TypeError):
        return stored


def doubts_of(line: RunLine) -> list[str]:
    """What may not be as the steps say."""
    doubts = []
    if line.mode == "test":
        doubts.append("effects went to test_destinations, whatever their inputs say")
    if line.is_maybe_done:
        doubts.append("an effect of this run may have happened without an answer")
    return doubts


def run_as_json(told: Told, *, body: Any, hide: Hide) -> dict[str, Any]:
    """The form of `hub runs show ID --json`; `body` is what the sender sent, as it may be told."""
    facts = told.facts
    hidden: dict[str, Any] = hide(
        {
            **line_as_json(facts.line),
            "started_at": facts.started_at,
            "scheduled_at": facts.scheduled_at,
            "due_at": facts.due_at,
            "deadline": facts.deadline,
            "worker": facts.worker,
            "run_again_as": list(told.run_again),
            "result": shown_value(facts.result),
            "steps": [_step_as_json(step) for step in told.steps],
            "history": [
                {"at": each.at, "status": each.status, "why": each.why} for each in told.changes
            ],
            "text_messages": [_text_as_json(each) for each in told.texts],
            "request": None if told.delivery is None else _request(told.delivery, body),
            "response": response_of(facts),
        }
    )
    return hidden


def _request(delivery: DeliveryFacts, body: Any) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "endpoint": delivery.endpoint,
        "method": delivery.method,
        "path": delivery.path,
        "query": delivery.query,
        "headers": delivery.headers,
        "body": body,
        "remote_ip": delivery.remote_ip,
        "received_at": delivery.received_at,
        "repeats": delivery.repeats,
        "last_repeat_at": delivery.last_repeat_at,
        "notes": delivery.notes,
    }


def line_as_json(line: RunLine) -> dict[str, Any]:
    """A run in the form of `hub runs --json`."""
    return {
        "id": line.id,
        "workflow": line.workflow,
        "version": line.version,
        "status": line.status,
        "created_at": line.created_at,
        "ended_at": line.ended_at,
        "mode": line.mode,
        "dedupe_key": line.dedupe_key,
        "error": line.error,
        "maybe_done": line.is_maybe_done,
        "retry_of": line.retry_of,
    }


def _step_as_json(step: StepFacts) -> dict[str, Any]:
    took = None if step.ended_at is None else step.ended_at - step.started_at
    return {
        "id": step.step_id or step.path,
        "path": step.path,
        "kind": step.kind,
        "action": step.action,
        "status": step.status,
        "attempts": step.attempts,
        "simulated": step.is_simulated,
        "input": shown_value(step.inputs),
        "result": shown_value(step.result),
        "error": step.error,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "duration_ms": None if took is None else round(took.total_seconds() * 1000, 1),
        "due_at": step.due_at,
    }


def _text_as_json(message: TextMessage) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "step": message.path,
        "number": message.number,
        "status": message.status,
        "error": message.error,
        "error_code": message.error_code,
        "sent_at": message.sent_at,
        "status_at": message.status_at,
    }
