"""The clinic's own API: connections of type `acme`, and the action `acme.confirm_visit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.action import Attempt, action
from hub.connectors.connections import (
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.http import Http, failure_of
from hub.errors import Permanent
from hub.signature import Phone

ACME = ConnectionType(
    name="acme",
    title="Clinic Acme",
    actions=("acme.confirm_visit",),
    credentials=(Field("api_key", "the key from the clinic's settings"),),
    base_url=Field("base_url", "where its API lies, such as https://api.acme-clinic.example"),
)


@dataclass(frozen=True)
class Contact:
    """Whom the clinic tells of it."""

    phone: Phone
    name: str | None = None


@dataclass(frozen=True)
class Confirmed:
    """The clinic's number of the confirmation."""

    confirmation: str


class AcmeClient:
    """One clinic; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def confirm(self, attempt: Attempt, visit_id: str, contacts: list[Contact]) -> str:
        """Confirm and give back the clinic's number; raises `StepFailed`."""
        settings = configured(self._settings, ACME)
        key = settings.credentials["api_key"]
        told: list[dict[str, Any]] = [
            {"phone": each.phone, **({"name": each.name} if each.name else {})} for each in contacts
        ]
        answer = self._http.exchange(
            "POST",
            f"{(settings.base_url or '').rstrip('/')}/visits/confirm",
            headers={"X-Acme-Key": key, "Idempotency-Key": attempt.key},
            json={"visit": visit_id, "tell": told},
            timeout=attempt.timeout,
        )
        if answer.status == 410:  # noqa: PLR2004 - how the clinic says that it is called off
            raise Permanent("visit_gone", "the visit was called off", status=answer.status)
        failure = failure_of(answer, what="Acme", hidden=[key])
        if failure is not None:
            raise failure
        return str(answer.json["confirmation"])


CONNECTOR = Connector(ACME, AcmeClient, AcmeClient)


@action(
    "acme.confirm_visit",
    effect="keyed",
    example={"confirmation": "C-1"},
    errors=("visit_gone", "not_configured", "address_not_allowed"),
    outward=True,
    destination_inputs={"contacts.phone": "phone"},
)
def confirm_visit(
    acme: AcmeClient, attempt: Attempt, *, visit_id: str, contacts: list[Contact]
) -> Confirmed:
    """Confirm a visit; the clinic tells the contacts by text message."""
    return Confirmed(acme.confirm(attempt, visit_id, contacts))
