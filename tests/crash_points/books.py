"""The books, read from outside: plain SQL of its own, and what receivers took down.

Each look gives sentences; none is a clean book. Whatever death was played, these hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.crash_points import vendors
from tests.crash_points.stage import Stage
from tests.fakes.slack import WEBHOOK_CHANNEL

ENDED = ("succeeded", "failed", "cancelled", "undo_failed")
_ACCEPTED = 2
_ONCE = {  # at most
    "http.post",
    "slack.post",
    "slack.notify",
    "twilio.send_sms",
    "email.send",
    "vapi.start_call",
    "gmail.send",
}


@dataclass
class Sent:
    """A request, the first answer that came, and the answer of its repetition at the end."""

    flow: str
    body: bytes
    key: str
    answer: httpx.Response | None = None
    repeated: httpx.Response | None = None

    @property
    def is_accepted(self) -> bool:
        return self.answer is not None and self.answer.status_code // 100 == _ACCEPTED

    @property
    def told(self) -> str:
        """The answer, for whoever asks what went wrong."""
        if self.answer is None:
            return "no answer"
        return f"{self.answer.status_code} {self.answer.text}"


def faults(stage: Stage, sent: Sequence[Sent]) -> list[str]:
    """Everything that is wrong."""
    return [fault for look in _LOOKS for fault in look(stage, sent)]


def _accepted_are_stored(stage: Stage, sent: Sequence[Sent]) -> Iterator[str]:
    """I1: the delivery with these bytes, and its run."""
    for each in sent:
        found = stage.rows(_OF_BODY, body=each.body)
        if each.is_accepted and not found:
            yield f"I1: {each.flow} was accepted and is not stored"
        told = _run_id(each.answer)
        if each.is_accepted and told and told not in {str(row.id) for row in found}:
            yield f"I1: {each.flow}: the run {told} that was told is not stored"


def _one_key_is_one_run(stage: Stage, sent: Sequence[Sent]) -> Iterator[str]:
    """I7: after a failure the key is free; else the repetition gets the first answer."""
    for each in sent:
        found = stage.rows(_OF_BODY, body=each.body)
        failed = [row for row in found if row.status not in {"succeeded", "queued", "running"}]
        if len(found) - len(failed) > 1 or (len(found) > 1 and not failed):
            yield f"I7: {each.flow}: {len(found)} runs of one key"
        if each.repeated is None or each.answer is None or failed:
            continue
        first, again = each.answer, each.repeated
        if each.is_accepted and (first.status_code, first.content) != (
            again.status_code,
            again.content,
        ):
            yield f"I7: {each.flow}: first {first.text}, then {again.text}"


def _everything_ended(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E2."""
    for row in stage.rows("SELECT id, workflow, status FROM runs WHERE ended_at IS NULL"):
        yield f"E2: {row.workflow} {row.id} is {row.status}"


def _history_is_whole(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E1, E3, E4: each owner has a larger token, nobody writes with an older one."""
    rows = stage.rows(
        "SELECT runs.id, workflow, runs.status AS now, h.status, h.token FROM runs"
        " JOIN run_history AS h ON h.run_id = runs.id ORDER BY runs.id, h.id"
    )
    of_run: dict[Any, list[Any]] = {}
    for row in rows:
        of_run.setdefault(row.id, []).append(row)
    for changes in of_run.values():
        told = [(row.status, row.token) for row in changes]
        first, last = changes[0], changes[-1]
        ends = [row for row in changes if row.status in ENDED]
        tokens = [row.token for row in changes]
        owners = [row.token for row in changes if row.status == "running"]
        is_whole = (
            (first.status, first.token) == ("queued", 0)
            and last.status == last.now
            and len(ends) == (1 if last.now in ENDED else 0)
            and tokens == sorted(tokens)
            and owners == list(range(1, len(owners) + 1))
        )
        if not is_whole:
            yield f"E1: the history of {first.workflow} is {told}, it is {last.now}"


def _local_effects(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E6: an effect of our own for each result, and the other way round."""
    written = Counter(row.key for row in stage.rows("SELECT key FROM crash_ledger"))
    done = {
        row.key
        for row in stage.rows(
            "SELECT key FROM steps WHERE action = 'ledger.write' AND status = 'succeeded'"
            " AND attempts > 0"
        )
    }
    for key in written.keys() | done:
        if written[key] != (key in done):
            yield f"E6: {key} was done {written[key]} times, its step says {key in done}"


def _outward_effects(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E7: each attempt sends the same key and the same inputs, and no more than once."""
    for row in stage.rows(_OUTWARD):
        sent = list(_deliveries(stage, row))
        if len(sent) > row.attempts:
            yield f"E7: {row.key} was sent {len(sent)} times in {row.attempts} attempts"
        if len(set(sent)) > 1:
            yield f"E7: {row.key} was sent with other inputs"
        if row.status == "succeeded" and not sent:
            yield f"E7: {row.key} succeeded and never came"


def _effects_of_one_time(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E8: never a second one, and none of which nobody says that it may have been."""
    for row in stage.rows(_OUTWARD):
        if row.action not in _ONCE:
            continue
        sent = list(_deliveries(stage, row))
        if len(sent) > 1:
            yield f"E8: {row.key} came {len(sent)} times"
        if sent and row.status != "succeeded" and not row.is_maybe_done:
            yield f"E8: {row.key} came, its step is {row.status} and nobody says so"
        if (row.error or {}).get("code") == "outcome_unknown" and not row.is_maybe_done:
            yield f"E8: {row.key} is unknown and nobody says so"


def _unknown_senders(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """E7: whatever came has its step."""
    keys = {row.key for row in stage.rows("SELECT key FROM steps WHERE kind = 'do'")}
    for request in stage.receivers.http.requests:
        key = request.headers.get("idempotency-key")
        if key is not None and key not in keys:
            yield f"E7: {key} was sent, and no step is stored"
    runs = {str(row.id) for row in stage.rows("SELECT id FROM runs")}
    said = [*stage.receivers.slack.texts, *(each.text for each in stage.receivers.twilio.messages)]
    for text in said:
        if text not in runs:
            yield f"E8: a message of the run {text} came, which is not stored"


def _deliveries(stage: Stage, step: Any) -> Iterable[bytes]:
    """What of this step reached the other side."""
    at, run = stage.receivers, str(step.run_id)
    if step.action.startswith("http."):
        return [each.body for each in at.http.requests if _is_of(each, step)]
    if step.action in {"slack.post", "slack.notify"}:
        is_hook = step.action == "slack.notify"
        posted = [each for each in at.slack.messages if each.text == run]
        return [b"" for each in posted if (each.channel == WEBHOOK_CHANNEL) == is_hook]
    if step.action in vendors.ACTIONS:
        return at.vendors.came(step.action, run)
    if step.action == "twilio.send_sms":
        return [each.text.encode() for each in at.twilio.messages if each.text == run]
    server = at.tls_mail if step.step_id == "tls_mail" else at.mail
    return [b"" for each in server.messages if each.message["Subject"] == run]


def _is_of(request: Any, step: Any) -> bool:
    return bool(request.headers.get("idempotency-key") == step.key)


def _nothing_is_held(stage: Stage, _: Sequence[Sent]) -> Iterator[str]:
    """No turn, no wait, no key of a step and no lease outlives its run."""
    for what, question in _HELD.items():
        for row in stage.rows(question):
            yield f"{what}: {tuple(row)}"


_LOOKS: Sequence[Callable[[Stage, Sequence[Sent]], Iterable[str]]] = (
    _accepted_are_stored,
    _one_key_is_one_run,
    _everything_ended,
    _history_is_whole,
    _local_effects,
    _outward_effects,
    _effects_of_one_time,
    _unknown_senders,
    _nothing_is_held,
)

_OF_BODY = """
    SELECT runs.id, runs.status FROM deliveries JOIN runs ON runs.delivery_id = deliveries.id
     WHERE deliveries.body = %(body)s
"""
# Reads carry no key, and what another run did under `once_per` was no attempt.
_OUTWARD = """
    SELECT s.run_id, s.key, s.action, s.step_id, s.status, s.attempts, s.error, runs.is_maybe_done
      FROM steps AS s JOIN runs ON runs.id = s.run_id
     WHERE s.kind = 'do' AND s.attempts > 0
       AND s.action IN ('http.put', 'http.delete', 'http.post', 'slack.post', 'twilio.send_sms',
                        'email.send', 'slack.notify', 'vapi.start_call', 'gmail.send',
                        'airtable.upsert', 'hubspot.upsert_contact', 'supabase.upsert',
                        'webhooks.send')
"""
_HELD = {
    "E16: a turn is held by a run that is over": (
        "SELECT turns.run_id, path FROM turns JOIN runs ON runs.id = turns.run_id"
        " WHERE ended_at IS NOT NULL"
    ),
    "E2: a run that is over listens": (
        "SELECT event_waits.run_id, name FROM event_waits JOIN runs ON runs.id = event_waits.run_id"
        " WHERE ended_at IS NOT NULL"
    ),
    "E8: a key of once_per is half taken": (
        "SELECT workflow, step_id, path FROM once_keys WHERE status = 'started'"
    ),
    "D1: a number has two holders": (
        "SELECT phone_id FROM phone_assignments WHERE ended_at IS NULL"
        " GROUP BY phone_id HAVING count(*) > 1"
    ),
    "E12: a time was fired twice": (
        "SELECT workflow, scheduled_at FROM runs WHERE scheduled_at IS NOT NULL"
        " AND retry_of IS NULL GROUP BY 1, 2 HAVING count(*) > 1"
    ),
}


def _run_id(answer: httpx.Response | None) -> str:
    if answer is None or answer.status_code // 100 != _ACCEPTED:
        return ""
    said = answer.json()
    return str(said.get("run_id") or said.get("run") or "")
