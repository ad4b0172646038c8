"""HubSpot: `hubspot.upsert_contact`, by the batch upsert of contacts with one e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, HttpAnswer, excerpt
from hub.errors import Permanent, Transient
from hub.signature import Email

__all__ = ["HubspotClient", "upsert_contact"]

_BASE_URL = "https://api.hubapi.com"
_SOME_FAILED = 207

HUBSPOT = ConnectionType(
    name="hubspot",
    title="HubSpot account",
    actions=("hubspot.upsert_contact",),
    credentials=(
        Field("token", "private app's access token (pat-…) with crm.objects.contacts.write"),
    ),
    base_url=Field("base_url", "default https://api.hubapi.com", required=False),
)


class HubspotClient:
    """One account; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def upsert(
        self, email: str, properties: Mapping[str, str], *, timeout: timedelta
    ) -> tuple[str, bool]:
        """The contact's id and whether it is new; raises `StepFailed`."""
        contact = {
            "id": email,
            "idProperty": "email",
            "properties": {**properties, "email": email},
        }
        answer = self._send(
            "POST", "crm/v3/objects/contacts/batch/upsert", {"inputs": [contact]}, timeout
        )
        return _upserted(answer)

    def check(self) -> str:
        """Which account the token is for; raises `StepFailed`."""
        answer = self._send("GET", "account-info/v3/details", None, CHECK_TIME)
        said = told_by("HubSpot", answer.json, "portalId")
        kind = excerpt(str(said.get("accountType", "")))
        return f"the token is taken by the account {excerpt(str(said.get('portalId')))} ({kind})"

    def _send(self, method: str, path: str, json: Any, timeout: timedelta) -> HttpAnswer:
        settings = configured(self._settings, HUBSPOT)
        return self._http.request(
            method,
            f"{(settings.base_url or _BASE_URL).rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {settings.credentials['token']}"},
            json=json,
            timeout=timeout,
        )


CONNECTOR = Connector(HUBSPOT, HubspotClient, HubspotClient)


def _upserted(answer: HttpAnswer) -> tuple[str, bool]:
    """Id and newness; a 207 holds refusals, though it is a 2xx."""
    said = answer.json if isinstance(answer.json, dict) else {}
    errors, results = said.get("errors"), said.get("results")
    if answer.status == _SOME_FAILED or errors:
        first = errors[0] if isinstance(errors, list) and errors else {}
        told = excerpt(str(first.get("message", ""))) if isinstance(first, dict) else ""
        raise Permanent("invalid_input", f"HubSpot refused the contact: {told}", status=207)
    contact = results[0] if isinstance(results, list) and results else None
    if not isinstance(contact, dict) or not contact.get("id"):
        raise Transient(
            "unavailable", "HubSpot gave an answer that is not its own", maybe_done=True
        )
    return str(contact["id"]), contact.get("new") is True


@dataclass(frozen=True)
class Contact:
    """HubSpot's id of the contact, and whether it is new."""

    id: str
    is_new: bool


@action(
    "hubspot.upsert_contact",
    effect="idempotent",
    example={"id": "151", "is_new": True},
    errors=("not_configured",),
    outward=True,
)
def upsert_contact(
    hubspot: HubspotClient,
    attempt: Attempt,
    *,
    email: Email,
    properties: dict[str, str] | None = None,
) -> Contact:
    """Change the contact with this e-mail address, or make it."""
    given = properties or {}
    if given.get("email", email) != email:
        raise Permanent("invalid_input", "properties.email is another address than email")
    return Contact(*hubspot.upsert(email, given, timeout=attempt.timeout))
