"""Spans for OpenTelemetry (the extra `otel`): off, and nothing loaded, unless a collector is named.

A span tells which endpoint, workflow, step and action, how long and with what outcome; that of an
outgoing request also its host, without user, port, path and query. What else payloads hold,
callers' addresses, texts of errors and secrets never are attributes (S6, P9). A caller's
`traceparent` is taken as parent; the run's row carries it on to the worker, and outgoing requests
to others.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

from hub.errors import Misconfigured, StepFailed

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"
CARRIED = "traceparent"  # under this name in the run's row
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TELLING_EACH_TIME = ("opentelemetry", "urllib3")  # of every batch, while the collector is away
_FLUSH_WITHIN = 3.0  # seconds, of those that a process has to end (E14)

Kind = Literal["INTERNAL", "SERVER", "CLIENT", "CONSUMER"]
Attribute = str | int


class Span:
    """What one piece of work tells of itself; without a collector it tells nobody."""

    def __init__(self, told: Any = None) -> None:
        self._told = told

    def note(self, name: str, value: Attribute) -> None:
        """One more attribute: a name from a file, an id, a number; never data."""
        if self._told is not None:
            self._told.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """What it is called, now that more is known."""
        if self._told is not None:
            self._told.update_name(name)

    def fail(self, code: str) -> None:
        """It did not succeed; `code` is one of the fixed words for that."""
        if self._told is not None:
            trace = import_module("opentelemetry.trace")
            self._told.set_status(trace.Status(trace.StatusCode.ERROR))
            self._told.set_attribute("error.type", code)


class ToldOnce:
    """Sends spans; that they are lost is said once, and once that they are not any more."""

    def __init__(self, exporter: Any, success: Any) -> None:
        self._exporter = exporter
        self._success = success
        self._is_losing = False

    def export(self, spans: Any) -> Any:
        """What became of them, as the library says it."""
        result = self._exporter.export(spans)
        is_losing = result is not self._success
        if is_losing and not self._is_losing:
            log.warning("spans are lost: the collector does not take them")
        elif self._is_losing and not is_losing:
            log.info("the collector takes spans again")
        self._is_losing = is_losing
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Whether all is sent."""
        return bool(self._exporter.force_flush(timeout_millis))


class _Tracing:
    """The tracer of this process, if it has one."""

    provider: Any = None
    tracer: Any = None


_OFF = Span()


def start(environment: Mapping[str, str], *, role: str) -> None:
    """Send spans from now on, if the environment names a collector; after a fork, once.

    Raises `Misconfigured` when the packages are missing, or for a protocol nobody here speaks.
    """
    named = next((name for name in ENDPOINTS if environment.get(name)), None)
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if named is None or is_off:
        return
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), _SPOKEN)
    if protocol != _SPOKEN:
        raise Misconfigured(f"Set OTEL_EXPORTER_OTLP_PROTOCOL to {_SPOKEN}, or leave it out")
    try:
        sdk, export, resources, otlp = map(
            import_module,
            (
                "opentelemetry.sdk.trace",
                "opentelemetry.sdk.trace.export",
                "opentelemetry.sdk.resources",
                "opentelemetry.exporter.otlp.proto.http.trace_exporter",
            ),
        )
    except ImportError:
        raise Misconfigured(
            f"{named} is set, but what sends traces is not installed:"
            " pip install 'webhook-hub[otel]', or leave the variable out"
        ) from None
    service = environment.get("OTEL_SERVICE_NAME") or "webhook-hub"
    resource = resources.Resource.create({"service.name": service, "hub.role": role})
    provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = ToldOnce(otlp.OTLPSpanExporter(), export.SpanExportResult.SUCCESS)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    for name in _TELLING_EACH_TIME:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("webhook-hub")
    log.info("spans are sent to where %s says", named)


def is_on() -> bool:
    """Whether anybody hears of spans."""
    return _Tracing.tracer is not None


def stop() -> None:
    """Send what is left, for a few seconds at most."""
    provider, _Tracing.provider, _Tracing.tracer = _Tracing.provider, None, None
    if provider is not None:
        sending = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        sending.start()
        sending.join(_FLUSH_WITHIN)


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, Attribute] | None = None,
    *,
    kind: Kind = "INTERNAL",
    parent: str | None = None,
) -> Iterator[Span]:
    """The work under `with` as a span; `parent` is a `traceparent`, else what is under way here."""
    if _Tracing.tracer is None:
        yield _OFF
        return
    trace = import_module("opentelemetry.trace")
    with _Tracing.tracer.start_as_current_span(
        name,
        context=_context_of(parent),
        kind=trace.SpanKind[kind],
        attributes=dict(attributes or {}),
        record_exception=False,  # what an error says may hold data
        set_status_on_exception=False,
    ) as told:
        begun = Span(told)
        try:
            yield begun
        except StepFailed as failed:
            begun.fail(failed.code)
            raise
        except Exception as problem:
            begun.fail(type(problem).__name__)
            raise


def note(name: str, value: Attribute) -> None:
    """One more attribute of the span that is under way here."""
    if _Tracing.tracer is not None:
        Span(import_module("opentelemetry.trace").get_current_span()).note(name, value)


def _context_of(parent: str | None) -> Any:
    """The library's context of a `traceparent`; None, which is the present one, without it."""
    if parent is None or _TRACEPARENT.fullmatch(parent) is None:
        return None
    propagator = import_module("opentelemetry.trace.propagation.tracecontext")
    return propagator.TraceContextTextMapPropagator().extract({CARRIED: parent})


def traceparent() -> str | None:
    """The span that is under way here, as others are told of it; None where there is none."""
    if _Tracing.tracer is None:
        return None
    carrier: dict[str, str] = {}
    propagator = import_module("opentelemetry.trace.propagation.tracecontext")
    propagator.TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(CARRIED)


def carried(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """What made a run, with the span in which it was made."""
    parent = traceparent()
    return trigger if parent is None else {**trigger, CARRIED: parent}
