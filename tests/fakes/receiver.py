"""Somebody's own HTTP service: takes anything, and honours `Idempotency-Key`."""

from __future__ import annotations

import ssl

from tests.fakes.services import Answer, Behaviour, FakeService, Received


class FakeReceiver(FakeService):
    """`requests` are all that came in, `effects` those that did something (one for each key)."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.effects: list[Received] = []
        self._seen: set[str] = set()

    def received(self, request: Received) -> Behaviour:
        """Do it, once for each key and unless it is refused, however the answer then fares."""
        behaviour = super().received(request)
        if isinstance(behaviour, Answer) and behaviour.status // 100 == 4:
            return behaviour
        key = request.headers.get("idempotency-key")
        with self._lock:
            if key is None or key not in self._seen:
                self.effects.append(request)
            if key is not None:
                self._seen.add(key)
        return behaviour

    def answer(self, request: Received) -> Answer:
        return Answer.of({"ok": True, "path": request.path})
