"""Airtable's Web API: records are listed by a formula and upserted, from its public reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tests.fakes.services import Answer, FakeService, Received

# `{Field}='text'`, `{Field}=1`, `{Field}=TRUE()`: as much of the language as this fake knows.
_CONDITION = re.compile(
    r"\{([^{}]+)\}=(?:'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(TRUE|FALSE)\(\))(?:, |\Z)", re.DOTALL
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_OPTIONS = {"fields", "filterByFormula", "maxRecords", "pageSize", "sort", "view", "offset"}


class FakeAirtable(FakeService):
    """One base with the fields of each of its tables; one token with the scopes of records."""

    def __init__(self, token: str = "pat-test-0123456789", base: str = "app1") -> None:
        super().__init__()
        self.token = token
        self.base = base
        self.fields: dict[str, dict[str, type]] = {
            "Leads": {"Email": str, "Name": str, "Score": int, "Won": bool}
        }
        self.records: dict[str, list[dict[str, Any]]] = {"Leads": []}

    @property
    def base_url(self) -> str:
        return f"{self.url}/v0"

    def add(self, table: str, **fields: Any) -> str:
        record = {"id": f"rec{sum(map(len, self.records.values())):014d}", "fields": fields}
        self.records[table].append({**record, "createdTime": "2025-10-20T12:00:00.000Z"})
        return str(record["id"])

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "AUTHENTICATION_REQUIRED", "Authentication required")
        if (request.method, request.path) == ("GET", "/v0/meta/whoami"):
            scopes = ["data.records:read", "data.records:write"]
            return Answer.of({"id": "usr1", "scopes": scopes})
        _, _, base, table, *rest = [*map(unquote, request.path.split("/")), "", ""]
        if base != self.base or table not in self.fields:
            return _error(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "Invalid permissions")
        return self._of_table(request, table, rest[0])

    def _of_table(self, request: Received, table: str, part: str) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _error(422, "INVALID_REQUEST_MISSING_FIELDS", "Could not find what you sent")
        if (request.method, part) == ("POST", "listRecords"):
            return self._list(table, request.json)
        if (request.method, part) == ("PATCH", ""):
            return self._upsert(table, request.json)
        return _error(404, "NOT_FOUND", "Not found")

    def _list(self, table: str, asked: dict[str, Any]) -> Answer:
        most = asked.get("maxRecords", 100)
        if asked.keys() - _OPTIONS or type(most) is not int or most < 1:
            return _error(422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation")
        try:
            wanted = _conditions(asked.get("filterByFormula", "AND()"), self.fields[table])
        except ValueError:
            return _error(422, "INVALID_FILTER_BY_FORMULA", "The formula is invalid")
        found = [each for each in self.records[table] if _has(each["fields"], wanted)]
        return Answer.of({"records": found[:most]})

    def _upsert(self, table: str, asked: dict[str, Any]) -> Answer:
        merge_on = asked.get("performUpsert", {}).get("fieldsToMergeOn", [])
        records = asked.get("records", [])
        if asked.keys() - {"performUpsert", "records", "typecast"} or not 1 <= len(merge_on) <= 3:
            return _error(422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation")
        if not 1 <= len(records) <= 10:
            return _error(422, "INVALID_RECORDS", "You may send at most 10 records")
        made: list[str] = []
        changed: list[str] = []
        answered = []
        for each in records:
            problem = self._problem(table, each["fields"])
            if problem is not None:
                return problem
            keys = {name: each["fields"][name] for name in merge_on}
            matching = [known for known in self.records[table] if _has(known["fields"], keys)]
            if len(matching) > 1:
                return _error(422, "INVALID_VALUE_FOR_COLUMN", "more than one record matches")
            record_id = matching[0]["id"] if matching else self.add(table)
            (made, changed)[bool(matching)].append(record_id)
            stored = next(one for one in self.records[table] if one["id"] == record_id)
            stored["fields"].update(each["fields"])
            answered.append(stored)
        return Answer.of({"records": answered, "createdRecords": made, "updatedRecords": changed})

    def _problem(self, table: str, fields: Mapping[str, Any]) -> Answer | None:
        for name, value in fields.items():
            if name not in self.fields[table]:
                return _error(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')
            if type(value) is not self.fields[table][name]:
                return _error(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept it')
        return None


def _conditions(formula: str, known: Mapping[str, type]) -> dict[str, Any]:
    """Raises ValueError for what is no formula, or names a field that is not there."""
    inner = re.fullmatch(r"AND\((.*)\)", formula, re.DOTALL)
    if inner is None:
        raise ValueError("no AND")
    text, wanted = inner[1], {}
    while text:
        found = _CONDITION.match(text)
        if found is None or found[1] not in known:
            raise ValueError("no condition")
        wanted[found[1]] = _literal(found)
        text = text[found.end() :]
    return wanted


def _literal(found: re.Match[str]) -> Any:
    if found[2] is not None:
        return re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), found[2])
    return float(found[3]) if found[3] else found[4] == "TRUE"


def _has(fields: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(fields.get(name) == value for name, value in wanted.items())


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer.of({"error": {"type": kind, "message": message}}, status)
