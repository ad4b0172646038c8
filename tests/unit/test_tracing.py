"""Traces: off unless a collector is named, and clear about what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hub import tracing
from hub.errors import Misconfigured

NAMED = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def test_without_a_collector_nothing_is_traced_and_carried():
    tracing.start({}, role="web")

    with tracing.span("receive") as span:
        span.note("hub.workflow", "w")
        assert tracing.traceparent() is None
        assert tracing.carried({"payload": 1}) == {"payload": 1}


def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(Misconfigured, match=r"pip install 'webhook-hub\[otel\]'"):
        tracing.start(NAMED, role="web")


def test_a_protocol_that_nobody_here_speaks_is_refused():
    with pytest.raises(Misconfigured, match="http/protobuf"):
        tracing.start({**NAMED, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, role="web")


def test_whoever_switches_the_library_off_has_no_traces():
    tracing.start({**NAMED, "OTEL_SDK_DISABLED": "true"}, role="web")

    assert tracing.traceparent() is None


def test_nothing_of_it_is_loaded_when_it_is_off():
    question = (
        "import sys, hub.web.app, hub.worker.process, hub.worker.metrics_port;"
        "ours = ('opentelemetry', 'prometheus_client');"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )

    said = subprocess.run(
        [sys.executable, "-c", question], check=True, capture_output=True, text=True
    )

    assert said.stdout == "[]\n"


def test_a_collector_that_is_away_is_told_once_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
):
    class Collector:
        answers = iter(["lost", "lost", "sent", "sent", "lost"])

        def export(self, spans: object) -> str:
            assert spans == ()
            return next(self.answers)

    telling = tracing.ToldOnce(Collector(), "sent")
    with caplog.at_level("INFO", logger="hub.tracing"):
        given = [telling.export(()) for _ in range(5)]

    assert given == ["lost", "lost", "sent", "sent", "lost"]
    assert [line.split(":")[0] for line in caplog.messages] == [
        "spans are lost",
        "the collector takes spans again",
        "spans are lost",
    ]
