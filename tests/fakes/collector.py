"""Somebody's OpenTelemetry collector: OTLP over HTTP, with the protocol's own messages."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.services import Answer, FakeService, Received


class FakeCollector(FakeService):
    """`spans` are those that came in; a request that is no export gets 400, as from a real one."""

    def answer(self, request: Received) -> Answer:
        is_export = (request.method, request.path) == ("POST", "/v1/traces")
        is_protobuf = request.headers.get("content-type") == "application/x-protobuf"
        if not (is_export and is_protobuf):
            return Answer(400)
        _read(request)
        return Answer(200, b"", {"Content-Type": "application/x-protobuf"})

    @property
    def spans(self) -> list[Span]:
        return [span for request in list(self.requests) for span in _read(request)]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    @property
    def bytes(self) -> bytes:
        """Everything that was sent, to search it."""
        return b"".join(request.body for request in self.requests)


def attributes(span: Span) -> dict[str, str]:
    """The attributes as texts."""
    return {
        each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes
    }


def _read(request: Received) -> list[Span]:
    export = ExportTraceServiceRequest.FromString(request.body)
    return [
        span
        for resource in export.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
