"""Machines in: every path that is not ours belongs to a workflow, or to nobody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from functools import partial
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

from hub.bootstrap import Hub
from hub.engine.workflow import Respond, Within
from hub.errors import Rejected
from hub.ingest.answers import pack
from hub.ingest.cors import NO_PAGE, Cors, without_cors
from hub.ingest.dialects import Packed
from hub.ingest.receipt import Receipt
from hub.ingest.receive import Reception
from hub.ingest.route import Route
from hub.ingest.waiting import Patience, answered_by, replies
from hub.metrics import catalogue as metrics
from hub.storage.answers import Expectation
from hub.web.inbound import inbound_request
from hub.web.load import QueueGuard
from hub.web.visits import Visit

WITHIN = "hub.within"  # in the environment: how the server ends what takes too many seconds
TO_LIVE = "hub.to_live"  # the same, how many seconds the process has left for its answers
STORE_WITHIN = 1.4  # seconds: with the rest of the request the answer leaves within 2 s (I11)
_SHORTEST = 0.05
_WANTED_METHOD = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_LONGEST_REASON = 300

InTime = Callable[[float], AbstractContextManager[object]]


class EndpointDesk:
    """Serves requests for endpoints, whichever way they came through the application."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._guard = QueueGuard(hub)

    def receive(self, environ: dict[str, Any], visit: Visit) -> Packed:
        """Take a request in, and its answer; raises what the error handlers know."""
        hub, guard = self._hub, self._guard
        reception = hub.reception  # all of the request is served by what is in force now
        if (said_first := _preflight(reception, environ, visit)) is not None:
            return said_first
        route = _route(reception, environ, visit)
        name = route.entrance.workflow.name
        request = inbound_request(
            environ,
            id_=visit.id,
            path=visit.path,
            arrived_at=visit.arrived_at,
            max_body=route.max_body,
            public_url=hub.settings.public_url,
            trusted_proxies=hub.settings.trusted_proxies,
            now=hub.clock.now,
        )
        within: InTime = environ.get(WITHIN, nullcontext)
        in_time = _in_time(within, route.entrance.endpoint.respond)
        guard.check(in_time)
        with ExitStack() as waiting:
            signals: dict[UUID, Expectation] = {}

            def expect(run_id: UUID) -> Expectation:
                signals[run_id] = waiting.enter_context(hub.answers.expect(run_id))
                return signals[run_id]

            storing = partial(in_time, STORE_WITHIN)
            receipt = reception.receive(request, route, expect=expect, storing=storing)
            for run_id in receipt.new_runs:
                hub.ringer.ring(run_id)
            guard.look(in_time)
            _count(receipt, name)
            said = replies(
                receipt,
                engine=hub.database,
                signals=signals,
                expect=expect,
                patience=Patience(
                    lambda: monotonic() - request.arrived_at,
                    within,
                    environ.get(TO_LIVE, lambda: inf),
                ),
                told=hub.told.tell,
                answered=lambda by_run: _count_answer(name, request.arrived_at, by_run=by_run),
            )
        runs = [str(outcome.run_id) for outcome in receipt.outcomes if outcome.run_id]
        visit.facts["runs"] = " ".join(runs[:20])
        if receipt.reason is not None:
            visit.facts["reason"] = receipt.reason[:_LONGEST_REASON]
        packed = pack(receipt, said)
        return packed if route.cors is None else without_cors(packed)


def _route(reception: Reception, environ: dict[str, Any], visit: Visit) -> Route:
    """The endpoint, and what its pages may read: of a refusal too, whoever raises it."""
    cors: Cors | None = None
    try:
        route = reception.find(environ["REQUEST_METHOD"], visit.path)
        cors, visit.facts = route.cors, {"workflow": route.entrance.workflow.name}
    except Rejected:
        cors = reception.cors_at(visit.path)
        raise
    finally:
        if cors is not None:
            visit.headers = cors.answered(environ.get("HTTP_ORIGIN"))
    return route


def _preflight(reception: Reception, environ: dict[str, Any], visit: Visit) -> Packed | None:
    """What a browser hears that asks before a page's script may call; no request of a caller."""
    if environ["REQUEST_METHOD"] != "OPTIONS":
        return None
    origin, method = environ.get("HTTP_ORIGIN"), environ.get(_WANTED_METHOD)
    if origin is None or method is None:
        return None
    with suppress(Rejected):
        route = reception.find(method, visit.path)
        if route.cors is not None:
            visit.facts = {"workflow": route.entrance.workflow.name}
            if origin not in route.cors.origins:
                visit.facts["reason"] = NO_PAGE
            return route.cors.preflight(origin)
    return None


def _in_time(within: InTime, respond: Respond) -> InTime:
    """The same, but what it is for ends before the answer of a caller who waits is due (I13).

    Counted from here, where the request is whole: whoever sends slowly is not hurried.
    """
    if not isinstance(respond, Within):
        return within
    due = monotonic() + answered_by(respond.deadline)
    return lambda seconds: within(min(seconds, max(due - monotonic(), _SHORTEST)))


def _count(receipt: Receipt, endpoint: str) -> None:
    """The runs of a request that is stored, and the calls that were known already."""
    metrics.RUNS_ACCEPTED.add(endpoint, "request", by=len(receipt.new_runs))
    known = sum(not each.is_new and each.run_id is not None for each in receipt.outcomes)
    metrics.REPLAYS.add(endpoint, by=known)


def _count_answer(endpoint: str, arrived_at: float, *, by_run: bool) -> None:
    metrics.ANSWERS.add(endpoint, "run" if by_run else "otherwise")
    metrics.ANSWER_SECONDS.observe(monotonic() - arrived_at, endpoint)
