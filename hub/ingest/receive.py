"""The way in: find the endpoint → verify → unpack → validate → record (chapter 5, I1).

Everything before `record` is decided from the request alone; `record` is one transaction. The
doorbell and the waiting come after it, and are the web's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hub.engine.readiness import why_not_served
from hub.engine.settings import ProjectSettings
from hub.engine.start import Start
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import Rejected, Unavailable
from hub.ingest import rate_limits
from hub.ingest.answers import as_sentence
from hub.ingest.body import Body, read_json
from hub.ingest.cors import Cors, open_cors
from hub.ingest.dialects import FORM_TYPE, Beside, Call, Reply, Unpacked
from hub.ingest.endpoints import EndpointIndex, is_one_of
from hub.ingest.entrance import Entrance, open_entrance
from hub.ingest.form_body import read_form
from hub.ingest.notes import notes_of, reason
from hub.ingest.planning import Planned, Planner
from hub.ingest.receipt import NOT_SAVED, Outcome, Receipt, RecordRuns
from hub.ingest.request import InboundRequest, storable
from hub.ingest.route import Route
from hub.ingest.secret_places import carries_secret
from hub.ingest.signatures import AUTH_TYPES, AuthType, Verified, verify
from hub.storage.new_runs import NewDelivery, NewRun, Recorded

RETRY_AFTER = timedelta(seconds=5)
_LARGE = 65_536  # bytes: values of smaller bodies may stay in memory until the answer
_CLOSED_FOR = timedelta(minutes=1)  # until somebody has mended the file


class Reception:
    """Takes requests in for all enabled endpoints of a project."""

    def __init__(
        self,
        *,
        workflows: Mapping[str, Workflow],
        settings: ProjectSettings,
        secrets: Callable[[str], Sequence[str]],
        record: RecordRuns,
        admit: rate_limits.Admit,
        seal: Callable[[bytes], bytes],
        write: Callable[[NewRun], NewRun] = lambda run: run,
        start: Callable[[Workflow, Mapping[str, Any]], Start],
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        unserved: Mapping[str, tuple[str, ...]] | None = None,
        closed: Collection[str] = (),
        known: Reception | None = None,
        auth_types: Mapping[str, AuthType] = AUTH_TYPES,
        config: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """`secrets` gives the live values of a secret by its name; `seal` encrypts bytes.

        `write` makes of a run what is kept of it until it is stored. `admit` counts requests, over
        all processes. `unserved`: workflows that nothing may start, each with the actions that are
        missing. `closed` are paths whose workflow has errors; a workflow whose preset or dialect
        is gone is closed too. What a `known` reception has ready for the same workflow is taken
        over. `auth_types`: the hub's own and those that packages bring. `config` has the origins
        that `cors` names there.
        """
        self._secrets, self._record, self._seal, self._admit = secrets, record, seal, admit
        self._start, self._now, self._new_id, self._write = start, now, new_id, write
        self._unserved = dict(unserved or {})
        self._auth_types = auth_types
        self._settings = settings
        self._entrances: dict[str, Entrance] = {}
        self._closed = {*closed}
        for name, workflow in workflows.items():
            if isinstance(workflow.trigger, Endpoint) and workflow.is_enabled:
                self._open(name, workflow, workflow.trigger, known)
        opened = ((name, open_cors(each, config)) for name, each in self._entrances.items())
        self._cors = {name: each for name, each in opened if each is not None}
        self._index = EndpointIndex(
            {name: entrance.endpoint for name, entrance in self._entrances.items()}
        )

    def _open(
        self, name: str, workflow: Workflow, endpoint: Endpoint, known: Reception | None
    ) -> None:
        ready = None if known is None else known.ready(name, workflow, self._settings)
        try:
            self._entrances[name] = ready or open_entrance(workflow, endpoint, self._settings)
        except KeyError:  # an earlier version, whose preset `hub.yaml` does not have any more
            self._closed.add(endpoint.path)

    def ready(self, name: str, workflow: Workflow, settings: ProjectSettings) -> Entrance | None:
        """What stands ready for this very workflow, if it is the same under these settings."""
        entrance = self._entrances.get(name)
        is_same = entrance is not None and entrance.workflow is workflow
        return entrance if is_same and self._settings.auth == settings.auth else None

    def find(self, method: str, path: str) -> Route:
        """The endpoint of a request; raises `Rejected` 404, 405 or, for a closed one, 503."""
        try:
            match = self._index.find(method, path)
        except Rejected:
            if is_one_of(self._closed, path):
                title = "This endpoint is closed: the file of its workflow has errors."
                raise Rejected(503, title, retry_after=_CLOSED_FOR) from None
            raise
        name = match.workflow
        return Route(self._entrances[name], match.params, self._cors.get(name))

    def cors_at(self, path: str) -> Cors | None:
        """For the answer to a request that no endpoint takes: the pages of one at its path."""
        found = (self._cors.get(name) for name in self._index.at(path)) if self._cors else ()
        return next((each for each in found if each is not None), None)

    def prove(self, request: InboundRequest, auth: str) -> None:
        """That the sender is who the preset `auth` lets in; raises `Rejected` 401."""
        preset = self._settings.auth[auth]
        verify(
            preset,
            headers=request.headers,
            body=request.body,
            secrets=[each for name in preset.secrets for each in self._secrets(name)],
            now=self._now(),
            method=request.method,
            url=request.url,
            auth_types=self._auth_types,
        )

    def receive(
        self,
        request: InboundRequest,
        route: Route,
        *,
        expect: Callable[[UUID], object] = lambda _: None,
        storing: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> Receipt:
        """Verify, unpack, validate and record a request.

        `expect` hears of each run that will be waited for, before its row can be seen; `storing`
        is around the transaction and may end it by `Unavailable` when it takes too long. Raises
        `Rejected`, and `Unavailable` when nothing could be stored: no run is left behind (I5).
        """
        entrance = route.entrance
        if refusal := self._too_many(request, entrance, None):
            raise refusal
        if (greeted := entrance.dialect.greet(request.query)) is not None:
            return Receipt(entrance.dialect, greeted)
        verified, refusal = self._proved(request, entrance)
        planner, body = self._read(request, route, verified)
        unpacked = planner.unpacked
        if refusal is not None:
            return rate_limits.told(entrance.dialect, unpacked, refusal)
        planned = [_refused_if_asked(unpacked, planner.plan(call)) for call in unpacked.calls]
        for each in planned:
            if each.wait is not None and each.run is not None:
                expect(each.run.id)
        notes = notes_of(unpacked, planned)
        delivery = self._delivery(request, entrance, body, notes)
        unpacked = _without_payloads(unpacked, len(request.body))
        del planner, body  # all is written: the database takes memory for itself now (I14)
        try:
            with storing():
                recorded = self._store(delivery, planned)
        except Unavailable:
            if unpacked.when_refused != "tell":
                raise
            lost = Outcome(Reply(NOT_SAVED, is_failure=True), is_new=False)
            outcomes = (lost,) * len(planned)
            return Receipt(entrance.dialect, unpacked, outcomes, retry_after=RETRY_AFTER)
        outcomes = tuple(
            _outcome(entrance, unpacked, each, recorded.get(_place(each))) for each in planned
        )
        times = {place: at for each in planned for place, at in each.times.items()}
        return Receipt(entrance.dialect, unpacked, outcomes, times, reason=reason(notes))

    def _too_many(
        self, request: InboundRequest, entrance: Entrance, verified: Verified | None
    ) -> Rejected | None:
        """Count the request, before its sender has proved himself or after it."""
        limit = entrance.endpoint.rate_limit
        if limit is None or (verified is not None) == (limit.per == "ip"):
            return None
        who = ""
        if limit.per == "ip":
            who = rate_limits.address(request.remote_ip)
        elif limit.per == "caller":
            own = None if verified is None else verified.key_id
            who = own or self._proved_by(request, entrance)
        name, request_id = entrance.workflow.name, str(request.id)
        return rate_limits.refuse(self._admit, limit, name, who=who, request_id=request_id)

    def _proved(
        self, request: InboundRequest, entrance: Entrance
    ) -> tuple[Verified, Rejected | None]:
        """The proof of the sender, and the refusal that only a dialect of tools puts into words."""
        verified = self._verify(request, entrance, entrance.preset.secrets)
        refusal = self._too_many(request, entrance, verified)
        if refusal is not None and not entrance.dialect.is_tool:
            raise refusal
        return verified, refusal

    def _proved_by(self, request: InboundRequest, entrance: Entrance) -> str:
        """The secret, by its name, that proves the sender of a request that is proved."""
        *others, last = entrance.preset.secrets or ("",)
        for name in others:
            with suppress(Rejected):
                self._verify(request, entrance, [name])
                return name
        return last

    def _verify(
        self, request: InboundRequest, entrance: Entrance, names: Sequence[str]
    ) -> Verified:
        """Prove the sender by any of these secrets; raises `Rejected` 401."""
        return verify(
            entrance.preset,
            headers=request.headers,
            body=request.body,
            secrets=[each for name in names for each in self._secrets(name)],
            now=self._now(),
            method=request.method,
            url=request.url,
            auth_types=self._auth_types,
        )

    def _read(
        self, request: InboundRequest, route: Route, verified: Verified
    ) -> tuple[Planner, Body]:
        """Everything that is known before the first call is looked at."""
        entrance = route.entrance
        self._refuse_unserved(entrance)  # only who proved himself learns the reason
        body = _body(request, entrance)
        given = {name: (value,) for name, value in route.params.items()}
        params, wrong = entrance.params.read(given)
        query, more = entrance.query.read(request.readable_query())
        if wrong or more:
            title = "The address does not fit what the endpoint takes."
            raise Rejected(422, title, problems=[*wrong, *more])
        planner = Planner(
            request=request,
            entrance=entrance,
            verified=verified,
            unpacked=_unpack(request, entrance, body, verified),
            params=params,
            query=query,
            start=self._start,
            new_id=self._new_id,
            write=self._write,
        )
        return planner, body

    def _refuse_unserved(self, entrance: Entrance) -> None:
        """Raise 503 in every dialect: an answer of 2xx would say that it was taken."""
        workflow = entrance.workflow.name
        if workflow in self._unserved:
            reason = why_not_served(self._unserved[workflow])
            raise Rejected(503, f"This endpoint is not served yet: {reason}.")
        if entrance.needed_credentials:
            name = f"query.{entrance.needed_credentials[0]}"
            title = (
                f"This endpoint is closed: the file of its workflow '{workflow}' reads `{name}`,"
                " which may hold a secret and is not stored. Take it out and let `auth` check it,"
                " or, if it is no secret, give it another name."
            )
            raise Rejected(503, title, retry_after=_CLOSED_FOR)

    def _store(
        self, delivery: NewDelivery, planned: Sequence[Planned]
    ) -> dict[str | UUID, Recorded]:
        """Record each run once, also when one request names the same key twice."""
        runs: dict[str | UUID, NewRun] = {}
        for each in planned:
            if each.run is not None:
                runs.setdefault(each.run.dedupe_key or each.run.id, each.run)
        recorded = self._record(delivery, list(runs.values()))
        return dict(zip(runs, recorded, strict=True))

    def _delivery(
        self, request: InboundRequest, entrance: Entrance, body: Body, notes: dict[str, Any]
    ) -> NewDelivery:
        dialect = entrance.dialect
        is_sealed = dialect.is_always_sealed or carries_secret(body.value, dialect.secret_places)
        return NewDelivery(
            id=request.id,
            endpoint=entrance.workflow.name,
            method=request.method,
            path=storable(request.path),
            query=request.kept_query(),
            headers=request.kept_headers(entrance.secret_header),
            body=self._seal(request.body) if is_sealed else request.body,
            body_digest=request.body_digest(),
            is_sealed=is_sealed,
            remote_ip=request.remote_ip,
            received_at=request.received_at,
            notes=notes or None,
        )


def _body(request: InboundRequest, entrance: Entrance) -> Body:
    """The value of the body; raises `Rejected` 415 for what its dialect cannot read (S18)."""
    is_optional = not entrance.dialect.needs_body(entrance.endpoint.payload_schema)
    if not entrance.has_body or (is_optional and not request.body):
        return Body({})
    media_type, taken = request.media_type(), entrance.dialect.media_types
    if media_type not in taken:
        raise Rejected(415, f"Send the body as {' or '.join(taken)}.")
    if not request.is_utf8():
        raise Rejected(415, "Send the body in UTF-8: Content-Type names another charset.")
    return (
        read_form(request.body)
        if media_type == FORM_TYPE
        else read_json(request.body, max_body=entrance.endpoint.max_body)
    )


def _unpack(
    request: InboundRequest, entrance: Entrance, body: Body, verified: Verified
) -> Unpacked:
    if not entrance.has_body:
        return Unpacked(calls=(Call({}),), kind="flat")
    beside = Beside(
        tool=entrance.endpoint.tool,
        headers=request.headers,
        query=request.query,
        vouched=verified.vouched,
    )
    return entrance.dialect.unpack(body, beside)


def _without_payloads(unpacked: Unpacked, size: int) -> Unpacked:
    """What the answer is packed from; the values of a small body are not worth another copy."""
    if size <= _LARGE:
        return unpacked
    return replace(unpacked, calls=tuple(replace(each, payload=None) for each in unpacked.calls))


def _place(planned: Planned) -> str | UUID:
    """What two calls of one request have in common when they ask for the same run."""
    run = planned.run
    return "" if run is None else run.dedupe_key or run.id


def _refused_if_asked(unpacked: Unpacked, planned: Planned) -> Planned:
    if planned.refusal is not None and unpacked.when_refused == "refuse":
        raise planned.refusal
    return planned


def _outcome(
    entrance: Entrance, unpacked: Unpacked, planned: Planned, recorded: Recorded | None
) -> Outcome:
    """What is said of one call, now that its run is stored, or was before."""
    if planned.refusal is not None or recorded is None:
        return _told(planned.refusal or Rejected(422, "The call makes no run."))
    refusal = None if recorded.is_new else _refused_repeat(entrance, planned, recorded)
    if refusal is not None:
        if unpacked.when_refused == "refuse":
            raise refusal
        return _told(refusal)
    run_id = recorded.run_id
    dedupe = entrance.endpoint.dedupe
    is_accepted = not recorded.is_new and dedupe is not None and dedupe.on_duplicate == "accept"
    if planned.reply is None or is_accepted:
        accepted = Reply({"status": "accepted", "run_id": str(run_id)}, status=202)
        return Outcome(accepted, run_id, is_new=recorded.is_new)
    return Outcome(
        planned.reply, run_id, is_new=recorded.is_new, is_settled=False, wait=planned.wait
    )


def _refused_repeat(entrance: Entrance, planned: Planned, recorded: Recorded) -> Rejected | None:
    if planned.is_strict and not recorded.is_same_body:
        return Rejected(422, "This Idempotency-Key was used with another body.")
    dedupe = entrance.endpoint.dedupe
    if dedupe is not None and dedupe.on_duplicate == "reject":
        return Rejected(409, "This request was made before.")
    return None


def _told(refusal: Rejected) -> Outcome:
    sentence = as_sentence(refusal.title, refusal.problems)
    return Outcome(Reply(sentence, status=refusal.status, is_failure=True))
