"""One run for a person or a program: request, steps, answer. Secrets never show (S6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from hub.bootstrap.retelling import (
    Told,
    body_of,
    doubts_of,
    how_heard,
    read_run,
    response_of,
    run_as_json,
    seen,
    shown_value,
    state_of,
)
from hub.bootstrap.secrets import Seal, Secrets
from hub.cli.console import duration, instant, one_line, say, table
from hub.cli.environment import Environment
from hub.errors import Misconfigured
from hub.ingest.notes import reason
from hub.storage.reading import DeliveryFacts, NotedDelivery, RunFacts, StepFacts
from hub.storage.text_messages import TextMessage
from hub.values import plain

_SHORTEST = timedelta(milliseconds=1)  # shorter is not worth a number
_EVENTS = ("do", "call", "wait", "emit", "for_each", "parallel", "reply", "fail", "cancel", "abort")
_WITH_VALUES = frozenset({"do", "call", "wait", "emit", "for_each"})


class Teller:
    """Tells runs without telling secrets."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._secrets = _known_secrets(environment)

    def why(self, delivery: NotedDelivery) -> str:
        """Why a request made no run, or not all of them, in one line."""
        return one_line(self._secrets.hide(reason(delivery.notes) or ""), widest=300)

    def read(self, connection: Connection, run_id: UUID) -> Told:
        """Everything about a run; raises `NotPossible` when there is none."""
        return read_run(connection, run_id)

    def as_json(self, told: Told) -> dict[str, Any]:
        """The form of `hub runs show ID --json`."""
        body = None if told.delivery is None else self._body(told.delivery)
        return run_as_json(told, body=body, hide=self._secrets.hide)

    def say(self, told: Told, *, values: bool = True) -> None:
        """For a person; `values`: with decisions, and with inputs and results of the steps."""
        facts, line = told.facts, told.facts.line
        say(f"{line.workflow}  {line.id}", bold=True)
        for label, text in self._head(told):
            say(f"  {label:<9}{text}")
        steps = [step for step in seen(told.steps) if values or step.kind in _EVENTS]
        if steps:
            say()
            cells = [_cells(step, line.created_at) for step in steps]
            table(("after", "step", "what", "status", "took", "tries"), cells, indent="  ")
        if told.texts:
            say()
            cells = [_text_cells(each, line.created_at) for each in told.texts]
            table(("after", "text to", "became", "step", "message"), cells, indent="  ")
        if values:
            self._say_values(told.steps)
        self._say_end(facts)

    def _say_end(self, facts: RunFacts) -> None:
        """What the caller heard from the run, else what the run returned.

        Who did not wait heard of the acceptance alone, each kind of caller in words of its own.
        """
        answer = facts.response
        if answer is None and response_of(facts) is not None:
            say("\n  accepted at once: the caller did not wait for the run")
        if answer is not None:
            said = one_line(self._secrets.hide(answer["body"]), widest=160)
            say(f"\n  answered {how_heard(facts, answer['status'])}  {said}")
            if (late := answer.get("fallback_after")) is not None:
                say(f"  this was `otherwise`: the run had not replied after {late:g} s")
        elif facts.result is not None:
            said = one_line(self._secrets.hide(shown_value(facts.result)), widest=160)
            say(f"\n  returned {said}")

    def _head(self, told: Told) -> list[tuple[str, str]]:
        facts, line = told.facts, told.facts.line
        took = "" if line.ended_at is None else f" in {duration(line.ended_at - line.created_at)}"
        lines = [("status", f"{line.status}{took}  (mode {line.mode})")]
        if line.error:
            said = self._secrets.hide(line.error)
            lines.append(
                ("error", f"{said['code']} at {said['step'] or 'the run'}: {said['message']}")
            )
        lines += [("careful", said) for said in doubts_of(line)]
        lines.append(("accepted", f"{instant(line.created_at)}  version {line.version[:12]}"))
        if facts.scheduled_at:
            lines.append(("planned", instant(facts.scheduled_at)))
        if line.dedupe_key:
            lines.append(("key", one_line(line.dedupe_key)))
        if line.retry_of:
            lines.append(("repeats", str(line.retry_of)))
        lines += [("repeated", str(run_id)) for run_id in told.run_again]
        if line.ended_at is None and facts.due_at is not None:
            lines.append(("goes on", f"{instant(facts.due_at)}  ({_why(told)})"))
        if told.delivery is not None:
            lines += self._request_lines(told.delivery)
        return lines

    def _request_lines(self, delivery: DeliveryFacts) -> list[tuple[str, str]]:
        sender = f" from {delivery.remote_ip}" if delivery.remote_ip else ""
        lines = [("request", f"{delivery.method} {delivery.path}{sender}")]
        if delivery.repeats:
            times = "once" if delivery.repeats == 1 else f"{delivery.repeats} times"
            lines.append(("", f"and again, {times}, at {instant(delivery.last_repeat_at)}"))
        lines.append(("", one_line(self._body(delivery), widest=160)))
        if delivery.notes:
            lines.append(("notes", one_line(self._secrets.hide(delivery.notes), widest=160)))
        return lines

    def _say_values(self, steps: Sequence[StepFacts]) -> None:
        for step in steps:
            said = [
                ("in", shown_value(step.inputs)),
                ("out", shown_value(step.result)),
                ("error", step.error),
            ]
            shown = [(name, value) for name, value in said if value not in (None, {}, [])]
            if step.kind not in _WITH_VALUES and not step.error:
                continue
            if step.kind == "undo":
                shown = [("error", step.error)]
            if shown:
                say()
                say(f"  {step.path}", dim=True)
            for name, value in shown:
                say(f"    {name:<6}{one_line(self._secrets.hide(plain(value)), widest=160)}")

    def _body(self, delivery: DeliveryFacts) -> Any:
        key = self._environment.settings.encryption_key
        return body_of(delivery, lambda sealed: Seal(key).open(sealed), self._secrets.hide)


def _text_cells(message: TextMessage, began_at: datetime) -> tuple[str, ...]:
    """What became of a message; `accepted` is all that its sending itself says."""
    why = f" ({message.error}, {message.error_code})" if message.error else ""
    return (
        duration(max(message.sent_at - began_at, timedelta())),
        message.number,
        f"{message.status or 'accepted'}{why}",
        message.path,
        message.sid,
    )


def _cells(step: StepFacts, began_at: datetime) -> tuple[str, ...]:
    took = None if step.ended_at is None else step.ended_at - step.started_at
    return (
        duration(max(step.started_at - began_at, timedelta())),
        step.path,
        step.action or step.kind if step.kind == "do" else step.kind,
        state_of(step),
        duration(took) if took and took > _SHORTEST else "",
        str(step.attempts) if step.attempts > 1 else "",
    )


def _why(told: Told) -> str:
    return told.changes[-1].why or told.facts.line.status if told.changes else ""


def _known_secrets(environment: Environment) -> Secrets:
    try:
        return environment.secrets
    except Misconfigured:
        return Secrets((), {})
