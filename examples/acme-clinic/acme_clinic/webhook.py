"""Dialect `acme.visit`: `{id, event, visit: {…}}`; only `visit.requested` makes a run."""

from __future__ import annotations

from hub.ingest.body import Body
from hub.ingest.dialects import NOTHING, Beside, Call, Dialect, Unpacked
from hub.ingest.secret_places import without_secrets

_SECRET_PLACES = ("portal_token",)  # opens the patient's page at the clinic


class Visit(Dialect):
    """Webhooks of the clinic."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002 - as all
        """One run for each visit that is requested; the clinic's id of the event is its key."""
        said = body.value if isinstance(body.value, dict) else {}
        event_id, event, visit = said.get("id"), said.get("event"), said.get("visit")
        if event != "visit.requested":
            return Unpacked(ignored="no visit is requested", when_refused="record")
        if not isinstance(event_id, str) or not event_id or not isinstance(visit, dict):
            return Unpacked(ignored="no event of the clinic", when_refused="record")
        payload = without_secrets(visit, _SECRET_PLACES)
        return Unpacked(calls=(Call(payload, key=event_id),), when_refused="record", kind=event)


VISIT = Visit(
    name="acme.visit",
    default_auth="acme_signature",
    names_messages=True,
    secret_places=_SECRET_PLACES,
)
