"""Sends webhooks as real senders do: again with the same key until there is a 2xx."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, PriorityQueue
from time import monotonic
from typing import Any

import httpx

from hub.bootstrap.clock import SystemClock
from tests.processes.house import SIGNED
from tests.storm.pace import Pace
from tests.storm.plan import Webhook
from tests.storm.project import OPTED_OUT, SENT_TO

_SENDERS = 24
_PATIENCE = 5.0  # seconds for an answer; then it is sent again
_HANGS_UP_AFTER = 0.004
_AGAIN_AFTER = 0.4  # seconds after a refusal or a broken connection
_REPEATS_AFTER = 0.7
_EVENT_WAITS = 0.2
_OPTED_OUT = 30  # one receiver in so many wants no texts
_FIRST_DAY = timedelta(days=30)


@dataclass(frozen=True)
class Answered:
    """One answer that accepts."""

    status: int
    body: bytes


@dataclass
class Ledger:
    """What the senders know: answers that accept, by webhook, and everything else, counted.

    `times`: when each answer that accepts came.
    """

    accepted: dict[str, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    times: list[datetime] = field(default_factory=list)
    sent: int = 0


@dataclass(order=True)
class _Due:
    at: float
    number: int
    webhook: Webhook = field(compare=False)
    repeats: int = field(compare=False, default=0)
    tries: int = field(compare=False, default=0)


class Senders:
    """A few threads that send what is due."""

    def __init__(self, url: str, webhooks: Sequence[Webhook], leads: Sequence[str]) -> None:
        self._url, self._webhooks, self._leads = url, webhooks, leads
        self._first = SystemClock().now().replace(second=0, microsecond=0) + _FIRST_DAY
        self._due: PriorityQueue[_Due] = PriorityQueue()
        self._lock = threading.Lock()
        self._open = len(webhooks)
        self._ended = threading.Event()
        self._caller = httpx.Client(
            trust_env=False, timeout=_PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self.ledger = Ledger()

    def progress(self) -> tuple[int, int]:
        """How many webhooks are accepted, of how many."""
        return len(self.ledger.accepted), len(self._webhooks)

    def known_runs(self) -> list[str]:
        """The webhooks whose acceptance was told."""
        return list(self.ledger.accepted)

    def run(self, pace: Pace, seconds: float, *, most: float) -> None:
        """Send everything in so many seconds of traffic.

        Gives up when nothing new was accepted for `most` seconds.
        """
        threads = [threading.Thread(target=self._send_due) for _ in range(_SENDERS)]
        for thread in threads:
            thread.start()
        for each in self._webhooks:
            pace.wait_until(each.at * seconds)
            self._due.put(_Due(monotonic(), each.number, each, each.repeats))
        before = -1
        while before < len(self.ledger.times) and not self._ended.is_set():
            before = len(self.ledger.times)
            self._ended.wait(most)
        self._ended.set()
        for thread in threads:
            thread.join()
        self._caller.close()

    def _send_due(self) -> None:
        while not self._ended.is_set():
            try:
                due = self._due.get(timeout=0.1)
            except Empty:
                continue
            wait = due.at - monotonic()
            if wait > 0:  # something due before it may come meanwhile
                self._due.put(due)
                self._ended.wait(min(wait, 0.02))
                continue
            self._send(due)

    def _send(self, due: _Due) -> None:
        if due.webhook.partner and due.webhook.partner not in self.ledger.accepted:
            self._again(due, _EVENT_WAITS)  # an event counts from the start of the run on
            return
        accepted = self._ask(due)
        if accepted is None:
            self._again(due, _AGAIN_AFTER)
        elif due.repeats:
            due.repeats -= 1
            self._again(due, _REPEATS_AFTER)
        else:
            self._close()

    def _again(self, due: _Due, after: float) -> None:
        due.tries += 1
        due.at = monotonic() + after
        self._due.put(due)

    def _close(self) -> None:
        with self._lock:
            self._open -= 1
            if not self._open:
                self._ended.set()

    def _ask(self, due: _Due) -> Answered | None:
        webhook = due.webhook
        path, body = self._request(webhook)
        headers = {**SIGNED, "Idempotency-Key": webhook.id, "Content-Type": "application/json"}
        is_hurried = webhook.hangs_up and due.tries == 0
        timeout = httpx.Timeout(_PATIENCE, read=_HANGS_UP_AFTER) if is_hurried else _PATIENCE
        try:
            got = self._caller.post(
                f"{self._url}/webhook/{path}", content=body, headers=headers, timeout=timeout
            )
        except httpx.TransportError as problem:
            self._note("hung up" if is_hurried else type(problem).__name__)
            return None
        return self._judge(webhook, got)

    def _judge(self, webhook: Webhook, got: httpx.Response) -> Answered | None:
        if not got.is_success:
            self._note(str(got.status_code))
            if got.status_code // 100 != 5:
                self.ledger.refused[webhook.id] = f"{got.status_code} {got.text[:200]}"
            return None
        if webhook.kind == "books" and "error" in got.json()["results"][0]:
            self._note("tool error")
            return None
        answered = Answered(got.status_code, got.content)
        with self._lock:
            self.ledger.sent += 1
            self.ledger.accepted[webhook.id].append(answered)
            self.ledger.times.append(SystemClock().now())
        return answered

    def _note(self, what: str) -> None:
        with self._lock:
            self.ledger.sent += 1
            self.ledger.others[what] += 1

    def _request(self, webhook: Webhook) -> tuple[str, bytes]:
        lead = self._leads[webhook.number % len(self._leads)]
        if webhook.kind == "books":
            at = self._first + timedelta(minutes=webhook.number)
            return "vapi-appointment-booked", _tool_call(webhook.id, lead, at)
        body: dict[str, Any] = {"id": webhook.id, "lead": lead}
        if webhook.partner:
            body["partner"] = webhook.partner
        if webhook.kind == "texts":
            body["to"] = SENT_TO if webhook.number % _OPTED_OUT else OPTED_OUT
        return webhook.kind, json.dumps(body).encode()


def _tool_call(id_: str, lead: str, at: datetime) -> bytes:
    arguments: Mapping[str, str] = {"lead_id": lead, "appointment_time": at.isoformat()}
    function = {"name": "book_appointment", "arguments": arguments}
    call = {"id": id_, "type": "function", "function": function}
    return json.dumps({"message": {"type": "tool-calls", "toolCallList": [call]}}).encode()
