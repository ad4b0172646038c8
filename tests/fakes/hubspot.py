"""HubSpot's CRM, as far as contacts are upserted in a batch; from its public reference."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.services import Answer, FakeService, Received

_UPSERT = "/crm/v3/objects/contacts/batch/upsert"
_INPUT = {"id", "idProperty", "properties", "objectWriteTraceId"}


class FakeHubspot(FakeService):
    """One account; `contacts` by their e-mail address, in lower case as HubSpot keeps it."""

    def __init__(self, token: str = "pat-na1-test-0123456789") -> None:
        super().__init__()
        self.token = token
        self.properties = {"email", "firstname", "lastname", "phone", "lifecyclestage"}
        self.contacts: dict[str, dict[str, Any]] = {}

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        if (request.method, request.path) == ("GET", "/account-info/v3/details"):
            return Answer.of({"portalId": 123456, "accountType": "STANDARD", "timeZone": "UTC"})
        if (request.method, request.path) != ("POST", _UPSERT):
            return _error(404, "OBJECT_NOT_FOUND", "No resource there.")
        return self._batch(request)

    def _batch(self, request: Received) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _error(415, "VALIDATION_ERROR", "Unsupported media type")
        inputs = request.json.get("inputs")
        if request.json.keys() != {"inputs"} or not isinstance(inputs, list) or not inputs:
            return _error(400, "VALIDATION_ERROR", "Invalid input JSON")
        if len(inputs) > 100:
            return _error(400, "VALIDATION_ERROR", "The maximum batch size is 100")
        wrong = next(filter(None, map(self._wrong, inputs)), "")
        if wrong:
            return _error(400, "VALIDATION_ERROR", wrong)
        results = [self._upsert(each) for each in inputs]
        return Answer.of({"status": "COMPLETE", "results": results})

    def _wrong(self, contact: dict[str, Any]) -> str:
        if contact.keys() - _INPUT or contact.get("idProperty") != "email":
            return "Invalid input JSON: a property of the input is not known"
        properties = contact.get("properties", {})
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", str(contact.get("id"))):
            return f"Email address {contact.get('id')} is invalid"
        for name, value in properties.items():
            if name not in self.properties:
                return f'Property values were not valid: "{name}" does not exist'
            if not isinstance(value, str):
                return f"Invalid input JSON: {name} is not a string"
        return ""

    def _upsert(self, contact: dict[str, Any]) -> dict[str, Any]:
        email = contact["id"].lower()
        is_new = email not in self.contacts
        known = self.contacts.setdefault(email, {"id": str(151 + len(self.contacts))})
        known.setdefault("properties", {}).update({**contact["properties"], "email": email})
        times = {"createdAt": "2025-10-20T12:00:00Z", "updatedAt": "2025-10-20T12:00:00Z"}
        return {**known, **times, "new": is_new, "archived": False}


def _error(status: int, category: str, message: str) -> Answer:
    said = {"status": "error", "message": message, "category": category}
    return Answer.of({**said, "correlationId": "a2d3acb6-f78c-476e-9811-860509ae9e20"}, status)
