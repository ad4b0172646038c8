"""The services outside: they take their time, and sometimes do not say what they did."""

from __future__ import annotations

import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import CUT, Behaviour, FakeService, Received
from tests.fakes.slack import FakeSlack
from tests.fakes.twilio import FakeTwilio
from tests.storm.project import ACCOUNT_SID, AUTH_TOKEN, OPTED_OUT, SLACK_TOKEN

_TAKES = 0.03  # seconds: long enough for a fault to fall into it
_SILENT = 25  # one in so many texts is sent, and the answer never comes


class _Slowly(FakeService):
    """Answers after a while; nobody waits for another meanwhile."""

    def received(self, request: Received) -> Behaviour:
        behaviour = super().received(request)
        threading.Event().wait(_TAKES)
        return behaviour


class SlowReceiver(_Slowly, FakeReceiver):
    """Somebody's service that honours keys."""


class SlowSlack(_Slowly, FakeSlack):
    """Slack."""


class SlowTwilio(_Slowly, FakeTwilio):
    """Twilio: some answers get lost after the message went out."""

    def received(self, request: Received) -> Behaviour:
        behaviour = super().received(request)
        if request.method == "GET":  # somebody looks whether his message went out
            return behaviour
        text = request.form["Body"]
        return CUT if zlib.crc32(text.encode()) % _SILENT == 0 else behaviour


@dataclass(frozen=True)
class Outside:
    """The three services of a storm, and what they saw."""

    receiver: FakeReceiver
    slack: FakeSlack
    twilio: FakeTwilio

    def texts(self) -> Counter[str]:
        """Webhook → text messages that went out for it."""
        return Counter(message.text for message in self.twilio.messages)

    def chats(self) -> Counter[str]:
        """Chat message → how often it was posted."""
        return Counter(self.slack.texts)

    def puts(self) -> dict[str, set[tuple[str, bytes]]]:
        """Key → the different things (path, body) that were put under it."""
        found = defaultdict(set)
        for request in list(self.receiver.requests):
            found[request.headers.get("idempotency-key", "")].add((request.path, request.body))
        return dict(found)


@contextmanager
def services() -> Iterator[Outside]:
    """All three, listening."""
    with (
        SlowReceiver() as receiver,
        SlowSlack(token=SLACK_TOKEN) as slack,
        SlowTwilio(ACCOUNT_SID, AUTH_TOKEN) as twilio,
    ):
        twilio.opted_out.add(OPTED_OUT)
        yield Outside(receiver, slack, twilio)
